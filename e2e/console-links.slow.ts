import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Layout, SectionView } from '@clearlane/protocol'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { getJson } from '../tools/collect.ts'
import { createCuttableLink } from '../tools/cuttable-link.ts'
import { findFreePorts } from '../tools/estate.ts'
import { DESK_EN, findAxeViolations, openBrowser, PHONE_ZH } from './testing-browser.ts'
import type { TestEstate } from './testing-estate.ts'
import { startTestEstate } from './testing-estate.ts'
import { statesOf, watchMarks } from './testing-marks.ts'
import { createShade } from './testing-shade.ts'

const WITHIN = { timeout: 90_000, interval: 100 }
const shade = createShade()
const [linePort, uplinkPort] = (await findFreePorts(2)) as [number, number]
const line = createCuttableLink(linePort, shade.sieve)
const uplink = createCuttableLink(uplinkPort)
let estate: TestEstate
let browser: Browser
let sensorsPort: number

beforeAll(async () => {
  // One vehicle an hour: what is not clear is not so because of a vehicle.
  estate = await startTestEstate({
    speed: 10,
    forMs: 600_000,
    arrivalsPerHour: 1,
    ports: { gatewayLink: linePort, gatewayBroker: uplinkPort },
  })
  const config = readFileSync(join(estate.dataDir, 'config/firmware-sim.json'), 'utf8')
  sensorsPort = z.object({ link: z.object({ port: z.int() }) }).parse(JSON.parse(config)).link.port
  await Promise.all([line.open(sensorsPort), uplink.open(estate.brokerPort)])
  browser = await openBrowser()
})
afterAll(async () => {
  await browser?.close()
  await estate?.[Symbol.asyncDispose]()
  line.cut()
  uplink.cut()
})

const sections = async (): Promise<SectionView[]> =>
  ((await getJson(`${estate.api}/api/v1/sections`)) as { items: SectionView[] }).items
/** Two slots beside each other in a section that is clear. */
const findClear = async (): Promise<SectionView> => {
  const clear = async () =>
    (await sections()).find(({ state, slots }) => state === 'clear' && slots.length > 1)
  await expect.poll(clear, WITHIN).toBeDefined()
  return (await clear())!
}
const deviceIn = async (slot: string): Promise<string> =>
  ((await getJson(`${estate.api}/api/v1/layout`)) as Layout).slots.find(({ id }) => id === slot)!.device!
const markOf = (page: Page, { section }: SectionView) => page.getByTestId(`section-${section}`)
const stateOf = (page: Page, view: SectionView) => markOf(page, view).getAttribute('data-state')

test.each([
  {
    name: 'on a phone, in Chinese',
    profile: PHONE_ZH,
    says: /未监测, .*(秒|分).*, 地磁没有上报/,
    slot: /不知道.*最后上报/s,
    presence: '未知',
    trouble: '离线',
  },
  {
    name: 'on a desk, in English',
    profile: DESK_EN,
    says: /Unobserved, .*(s|min).*, sensor not heard/,
    slot: /not known.*last heard/s,
    presence: 'Unknown',
    trouble: 'offline',
  },
])(
  'one sensor that falls silent: its section alone is unobserved, never clear, and says why; heard again, it is clear: $name',
  async ({ profile, says, slot: slotSays, presence, trouble }) => {
    const view = await findClear()
    const [silent, other] = view.slots as [SectionView['slots'][number], SectionView['slots'][number]]
    const device = await deviceIn(silent.slot)
    const { page, seen } = await watchMarks(browser, profile, estate.api)
    await expect.poll(() => stateOf(page, view)).toBe('clear')
    shade.put(device)
    try {
      await expect.poll(() => stateOf(page, view), WITHIN).toBe('unobserved')
      expect((await statesOf(page)).filter((state) => state === 'unobserved')).toHaveLength(1)
      expect(await page.locator('[data-link]').count()).toBe(0)
      const mark = markOf(page, view)
      expect(await mark.locator('.for-screen-readers').textContent()).toMatch(says)
      expect(await mark.locator('.mark-shape').textContent()).toBe('?')
      expect(await findAxeViolations(page)).toEqual([])

      await mark.click()
      const dialog = page.getByTestId('section-slots')
      const row = (slot: string) => dialog.locator(`a[href="/slots/${slot}"]`)
      await expect.poll(() => row(silent.slot).textContent()).toMatch(slotSays)
      expect(await row(other.slot).textContent()).not.toMatch(slotSays)
      expect(await findAxeViolations(page)).toEqual([])
      // The page of the slot in another tab, so that this one goes on watching.
      const slotPage = await page.context().newPage()
      await slotPage.goto(`${estate.api}/slots/${silent.slot}`)
      await slotPage.locator('.slot-now').getByText(`? ${presence}`).waitFor()
      await slotPage.goto(`${estate.api}/devices`)
      await slotPage.getByTestId(`device-${device}`).getByText(trouble).waitFor()
      await slotPage.close()
    } finally {
      shade.take(device)
    }
    await expect.poll(() => stateOf(page, view), WITHIN).toBe('clear')
    const own = seen.filter(({ section }) => section === `section-${view.section}`)
    expect(own.map(({ state }) => state)).toEqual(['clear', 'unobserved', 'clear'])
    await page.context().close()
  },
)

test.each([
  {
    name: 'on a phone, in Chinese',
    profile: PHONE_ZH,
    says: '网关离线',
    slotSays: '不知道',
    presence: '未知',
  },
  {
    name: 'on a desk, in English',
    profile: DESK_EN,
    says: 'gateway offline',
    slotSays: 'not known',
    presence: 'Unknown',
  },
])(
  'the link between gateway and centre is cut: nothing behind it looks clear or empty, until it is back: $name',
  async ({ profile, says, slotSays, presence }) => {
    const view = await findClear()
    const { page } = await watchMarks(browser, profile, estate.api)
    await expect.poll(() => stateOf(page, view)).toBe('clear')
    uplink.cut()
    try {
      await page.locator('[data-link="gateway"]').waitFor(WITHIN)
      await expect.poll(async () => new Set(await statesOf(page))).toEqual(new Set(['unobserved']))
      const mark = markOf(page, view)
      expect(await mark.locator('.for-screen-readers').textContent()).toContain(says)
      await mark.click()
      const rows = await page.getByTestId('section-slots').locator('.slot').allTextContents()
      expect(rows.every((row) => row.includes(slotSays))).toBe(true)
      await page.goto(`${estate.api}/slots/${view.slots[0]!.slot}`)
      await page.locator('.slot-now').getByText(`? ${presence}`).waitFor()
      await page.goto(estate.api)
    } finally {
      await uplink.open(estate.brokerPort)
    }
    await page.locator('[data-link="gateway"]').waitFor({ state: 'detached', timeout: WITHIN.timeout })
    await expect.poll(() => stateOf(page, view), WITHIN).toBe('clear')
    await page.context().close()
  },
)

test('the line between gateway and sensors is cut: the gateway says so, the sections are unobserved, until it is back', async () => {
  const view = await findClear()
  const { page } = await watchMarks(browser, PHONE_ZH, estate.api)
  const gateways = await page.context().newPage()
  await gateways.goto(`${estate.api}/gateways`)
  const lineIs = (state: string) =>
    gateways.locator(`[data-testid="link-tcp"][data-state="${state}"]`).waitFor(WITHIN)
  await lineIs('up')
  line.cut()
  try {
    await lineIs('down')
    await expect.poll(async () => new Set(await statesOf(page)), WITHIN).toEqual(new Set(['unobserved']))
    expect(await page.locator('[data-link]').count()).toBe(0)
    expect(await markOf(page, view).locator('.for-screen-readers').textContent()).toContain('地磁没有上报')
  } finally {
    await line.open(sensorsPort)
  }
  await lineIs('up')
  await expect.poll(() => stateOf(page, view), WITHIN).toBe('clear')
  await page.context().close()
})
