import type { SectionView } from '@clearlane/protocol'
import { LayoutSchema } from '@clearlane/protocol'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { getJson } from '../tools/collect.ts'
import { DESK_EN, findAxeViolations, openBrowser, PHONE_ZH } from './testing-browser.ts'
import type { TestEstate } from './testing-estate.ts'
import { startTestEstate } from './testing-estate.ts'

let estate: TestEstate
let browser: Browser
beforeAll(async () => {
  estate = await startTestEstate({ speed: 10, forMs: 300_000, arrivalsPerHour: 300 })
  browser = await openBrowser()
})
afterAll(async () => {
  await browser.close()
  await estate[Symbol.asyncDispose]()
})

const sections = async (): Promise<SectionView[]> =>
  ((await getJson(`${estate.api}/api/v1/sections`)) as { items: SectionView[] }).items
const statesOf = async (page: Page): Promise<Record<string, string>> =>
  page.evaluate<Record<string, string>>(
    `Object.fromEntries([...document.querySelectorAll('[data-testid^="section-"]')].map((one) => [one.dataset.testid.slice(8), one.dataset.state]))`,
  )

const PROFILES = [
  { name: 'a phone in Chinese', profile: PHONE_ZH, title: '现况', coverage: '监测覆盖率' },
  { name: 'a desk in English', profile: DESK_EN, title: 'Now', coverage: 'Coverage' },
] as const

test.each(PROFILES)(
  'on $name the plan follows the system, nothing is cut off, and axe finds nothing',
  async ({ profile, title, coverage }) => {
    const page = await browser.newPage(profile)
    await page.goto(estate.api)
    await page.getByText(title, { exact: true }).waitFor()
    const all = await sections()
    await expect.poll(async () => Object.keys(await statesOf(page)).length).toBe(all.length)
    // Both change all the time; that they agree at one look shows that the plan follows.
    await expect
      .poll(async () => {
        const shown = await statesOf(page)
        return (await sections()).every(({ section, state }) => shown[section] === state)
      })
      .toBe(true)
    await expect.poll(async () => Object.values(await statesOf(page))).toContain('blocked')
    expect(await page.getByTestId('coverage').textContent()).toContain(coverage)
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true)
    expect(await findAxeViolations(page)).toEqual([])
    await page.close()
  },
)

test('a section is reached by keyboard, says its name, state and age, and opens its slots or its episode', async () => {
  const page = await browser.newPage(DESK_EN)
  await page.goto(estate.api)
  const clear = page.locator('[data-testid^="section-"][data-state="clear"]').first()
  await clear.waitFor()
  const section = await clear.getAttribute('data-testid')
  const mark = page.getByTestId(section ?? '')
  expect(await mark.locator('.for-screen-readers').textContent()).toMatch(
    /段, (Clear|Pre-alarm|Blocked), \d+ (s|min|h)/,
  )
  await page.locator('.section-mark').first().focus()
  await page.keyboard.press('Tab')
  expect(await page.evaluate('document.activeElement.className')).toContain('section-mark')
  await clear.focus()
  await page.keyboard.press('Enter')
  const opened = page.getByTestId('section-slots').or(page.getByTestId('episode-detail'))
  await opened.first().waitFor()
  await page.close()
})

test('a lane with a path lies on the plan once the layout says where', async () => {
  const page = await browser.newPage(DESK_EN)
  await page.goto(estate.api)
  await page.locator('.strip').first().waitFor()
  const strips = await page.locator('.strip').count()
  const layout = LayoutSchema.parse(await getJson(`${estate.api}/api/v1/layout`))
  const [first, ...others] = layout.lanes
  if (first === undefined) throw new Error('the demo has no lane')
  const path = [
    [10, 10],
    [60, 10],
    [60, 40],
  ]
  const next = { ...layout, plan: { widthM: 100, heightM: 50 }, lanes: [{ ...first, path }, ...others] }
  const put = await fetch(`${estate.api}/api/v1/layout?version=${layout.version}&by=test`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(next),
  })
  expect(put.status).toBe(200)
  await page.locator('.ground .section-mark').first().waitFor()
  expect(await page.locator('.strip').count()).toBe(strips - 1)
  expect(await findAxeViolations(page)).toEqual([])
  await page.close()
})

test('a gateway that is gone looks like nothing else, and nothing of it looks clear', async () => {
  const page = await browser.newPage(PHONE_ZH)
  await page.goto(estate.api)
  await page.locator('[data-state="clear"]').first().waitFor()
  await estate.child.gateway.stop()
  await page.locator('[data-link="gateway"]').waitFor({ timeout: 60_000 })
  await expect.poll(async () => new Set(Object.values(await statesOf(page)))).toEqual(new Set(['unobserved']))
  expect(await page.getByTestId('coverage').textContent()).toContain('0 %')
  expect(await page.locator('.section-mark .for-screen-readers').first().textContent()).toContain('网关离线')
  expect(await findAxeViolations(page)).toEqual([])
  await page.close()
})
