import type { EpisodeView } from '@clearlane/protocol'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { getJson } from '../tools/collect.ts'
import { findAxeViolations, PROFILES, openBrowser } from './testing-browser.ts'
import type { TestEstate } from './testing-estate.ts'
import { startTestEstate } from './testing-estate.ts'

const WITHIN = { timeout: 60_000, interval: 100 }
let estate: TestEstate
let browser: Browser

beforeAll(async () => {
  estate = await startTestEstate({ speed: 10, forMs: 600_000, arrivalsPerHour: 400 })
  browser = await openBrowser()
})
afterAll(async () => {
  await browser.close()
  await estate[Symbol.asyncDispose]()
})

const episodesOf = async (query: string): Promise<EpisodeView[]> =>
  ((await getJson(`${estate.api}/api/v1/episodes?${query}`)) as { items: EpisodeView[] }).items
const openPage = async (profile: keyof typeof PROFILES, path: string): Promise<Page> => {
  const page = await browser.newPage(PROFILES[profile])
  await page.goto(`${estate.api}${path}`)
  return page
}
const ROWS = '.episode-rows [data-testid^="episode-"]'

describe.each(['phone', 'desk'] as const)('on a %s', (profile) => {
  test('a stay that has ended tells its story with the evidence of each event, the field around it and beside it', async () => {
    const ended = async (): Promise<EpisodeView | undefined> =>
      (await episodesOf('state=alarmed&limit=50')).find((view) => view.episode.end === 'cleared')
    await expect.poll(ended, WITHIN).toBeDefined()
    const { id } = (await ended())!.episode
    const page = await openPage(profile, `/episodes/${id}`)
    const story = page.getByTestId('story')
    await story.waitFor()
    const words = profile === 'phone' ? ['发现', '告警', '已清空'] : ['Detected', 'Alarm', 'Cleared']
    for (const [index, transition] of ['detected', 'confirmed', 'cleared'].entries())
      await story.locator(`[data-transition="${transition}"]`).getByText(words[index]!).first().waitFor()
    const evidence = await story.locator('.evidence').allInnerTexts()
    expect(evidence.length).toBeGreaterThanOrEqual(2)
    for (const text of evidence) expect(text).toMatch(/[≥<] (阈值|threshold) \d+\.\d µT/)
    // The other slot of its section, and those of the sections beside it.
    await expect.poll(() => page.locator('[data-testid^="neighbour-"] canvas').count()).toBeGreaterThan(1)
    await expect.poll(() => page.getByTestId('chart').first().getAttribute('data-readings')).toMatch(/^[1-9]/)
    await page.getByTestId('chart-words').first().locator('summary').click()
    await page.getByTestId('chart-words').first().locator('table').waitFor()
    expect(await findAxeViolations(page)).toEqual([])

    await page.getByTestId('language').click()
    await story
      .getByText(profile === 'phone' ? 'Detected' : '发现')
      .first()
      .waitFor()
    expect(await findAxeViolations(page)).toEqual([])
    await page.close()
  })

  test('the list is narrowed by the address, which the back button takes back', async () => {
    await expect
      .poll(async () => (await episodesOf('state=ended&limit=50')).length, WITHIN)
      .toBeGreaterThan(1)
    const page = await openPage(profile, '/episodes')
    await page.locator(ROWS).first().waitFor()
    expect(await findAxeViolations(page)).toEqual([])
    await page.getByLabel(profile === 'phone' ? '类型' : 'Kind').selectOption('ended')
    await page.waitForURL(/\?state=ended$/)
    const statuses = (): Promise<(string | null)[]> =>
      page.locator(ROWS).evaluateAll((rows) => rows.map((row) => row.getAttribute('data-status')))
    await expect
      .poll(async () => (await statuses()).every((status) => /^(cleared|passed|voided)$/.test(status ?? '')))
      .toBe(true)

    const lane = (await episodesOf('state=ended&limit=1'))[0]!.episode.lane
    await page.getByLabel(profile === 'phone' ? '通道' : 'Lane').selectOption(lane)
    await page.waitForURL(new RegExp(`lane=${lane}&state=ended$`))
    const copy = await openPage(profile, new URL(page.url()).pathname + new URL(page.url()).search)
    await copy.locator(ROWS).first().waitFor()
    const sections = await copy
      .locator(ROWS)
      .evaluateAll((rows) => rows.map((row) => row.getAttribute('data-section')))
    expect(sections.every((section) => section?.startsWith(`${lane}-`))).toBe(true)
    await page.goBack()
    await page.waitForURL(/\/episodes\?state=ended$/)
    await copy.close()
    await page.close()
  })
})

test('whoever reads further down is not moved when episodes come above', async () => {
  await expect
    .poll(async () => (await episodesOf('state=ended&limit=100')).length, WITHIN)
    .toBeGreaterThan(40)
  const page = await openPage('phone', '/episodes?state=ended')
  await page.locator(ROWS).nth(8).waitFor()
  await page.evaluate('window.scrollTo(0, 2400)')
  await expect.poll(() => page.locator('.episode-rows > li[aria-posinset="20"]').count()).toBe(1)
  // Of the middle of the page, where somebody reads.
  const id = await page.evaluate(
    `document.elementFromPoint(100, 400).closest('[data-testid]').getAttribute('data-testid')`,
  )
  const row = page.getByTestId(String(id))
  const look = async (): Promise<{ place: string | null; top: number }> => ({
    place: await row.locator('..').getAttribute('aria-posinset'),
    top: (await row.boundingBox())?.y ?? -1,
  })
  const before = await look()
  await expect.poll(async () => (await look()).place, WITHIN).not.toBe(before.place)
  await expect.poll(async () => Math.abs((await look()).top - before.top)).toBeLessThan(2)
  await page.close()
})

test('whoever comes back from an episode finds the list as it was, its row in its place and in focus', async () => {
  await expect
    .poll(async () => (await episodesOf('state=ended&limit=100')).length, WITHIN)
    .toBeGreaterThan(40)
  const page = await openPage('phone', '/episodes?state=ended')
  await page.locator(ROWS).nth(8).waitFor()
  await page.evaluate('window.scrollTo(0, 2400)')
  await expect.poll(() => page.locator('.episode-rows > li[aria-posinset="20"]').count()).toBe(1)
  const id = await page.evaluate<string>(
    `document.elementFromPoint(100, 400).closest('[data-testid]').getAttribute('data-testid')`,
  )
  const row = page.getByTestId(id)
  const topOf = async (): Promise<number> => (await row.boundingBox())?.y ?? -1
  const before = await topOf()
  for (const goBack of [
    () => page.goBack(),
    () => page.getByText('全部事件', { exact: false }).first().click(),
  ]) {
    await row.click()
    await page.getByTestId('episode-detail').waitFor()
    await expect.poll(() => page.evaluate('scrollY')).toBe(0)
    await goBack()
    await page.waitForURL(/\/episodes\?state=ended$/)
    await row.waitFor()
    await expect.poll(async () => Math.abs((await topOf()) - before)).toBeLessThan(3)
    await expect
      .poll(() => page.evaluate<string>("document.activeElement.getAttribute('data-testid')"))
      .toBe(id)
  }
  await page.close()
})

test('an episode is ended by hand with name and reason, asked twice, and its page says who and why', async () => {
  const open = async (): Promise<EpisodeView | undefined> =>
    (await episodesOf('state=blocked&limit=50')).toSorted(
      (a, b) => (b.episode.detectedMs ?? 0) - (a.episode.detectedMs ?? 0),
    )[0]
  await expect.poll(open, WITHIN).toBeDefined()
  // The world is held, so that the car does not leave while somebody writes.
  const simulator = estate.child['firmware-sim'].pid()
  if (simulator === undefined) throw new Error('the simulator is not running')
  process.kill(simulator, 'SIGSTOP')
  try {
    const page = await openPage('desk', `/episodes/${(await open())!.episode.id}`)
    await page.getByRole('button', { name: 'End by hand…' }).click()
    await page.getByLabel('Your name').fill('<b>Li</b>')
    await page.getByLabel('Reason', { exact: true }).fill('a delivery, agreed')
    expect(await findAxeViolations(page)).toEqual([])
    await page.getByRole('button', { name: 'Next' }).click()
    await page.getByText('This cannot be taken back').waitFor()
    await page.getByRole('button', { name: 'Yes, end it now' }).click()
    await page.locator('[data-testid="episode-state"][data-status="ended-by-hand"]').waitFor()
    await page.getByTestId('story').getByText('by <b>Li</b> · reason: a delivery, agreed').waitFor()
    await page.close()
  } finally {
    process.kill(simulator, 'SIGCONT')
  }
})

test('a link is copied where the browser shares nothing, and the page says so', async () => {
  const [view] = await episodesOf('limit=1')
  const context = await browser.newContext({
    ...PROFILES.phone,
    permissions: ['clipboard-read', 'clipboard-write'],
  })
  const page = await context.newPage()
  await page.goto(`${estate.api}/episodes/${view!.episode.id}`)
  await page.getByRole('button', { name: '分享链接' }).click()
  await page.getByText('链接已复制').waitFor()
  expect(await page.evaluate('navigator.clipboard.readText()')).toBe(page.url())
  await context.close()
})
