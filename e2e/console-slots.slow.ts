import type { DeviceView, Layout, SlotSeries } from '@clearlane/protocol'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { toUid } from '@clearlane/grafana/language.ts'
import { getJson } from '../tools/collect.ts'
import { findAxeViolations, PROFILES, openBrowser } from './testing-browser.ts'
import type { TestEstate } from './testing-estate.ts'
import { startTestEstate } from './testing-estate.ts'

const WITHIN = { timeout: 60_000, interval: 200 }
const GRAFANA = 'http://127.0.0.1:3000/grafana'
let estate: TestEstate
let browser: Browser

beforeAll(async () => {
  estate = await startTestEstate({ speed: 10, forMs: 600_000, heartbeatMs: 10_000, grafanaUrl: GRAFANA })
  browser = await openBrowser()
})
afterAll(async () => {
  await browser.close()
  await estate[Symbol.asyncDispose]()
})

const layout = async (): Promise<Layout> => (await getJson(`${estate.api}/api/v1/layout`)) as Layout
const deviceIn = async (slot: string): Promise<string | undefined> =>
  (await layout()).slots.find(({ id }) => id === slot)?.device
const series = async (slot: string): Promise<SlotSeries> => {
  const { nowMs } = await estate.status()
  const query = `from=${nowMs - 7 * 86_400_000}&to=${nowMs}`
  return (await getJson(`${estate.api}/api/v1/slots/${slot}/series?${query}`)) as SlotSeries
}
/** The first reading that the history has of a slot. */
const firstReading = async (slot: string): Promise<unknown> => {
  const query = `slot=${slot}&from=0&to=${Number.MAX_SAFE_INTEGER}&limit=1`
  const page = (await getJson(`${estate.api}/api/v1/readings?${query}`)) as { items: unknown[] }
  return page.items[0]
}
const openPage = async (profile: keyof typeof PROFILES, path: string): Promise<Page> => {
  const page = await browser.newPage(PROFILES[profile])
  await page.goto(`${estate.api}${path}`)
  return page
}
const chartReadings = async (page: Page): Promise<number> =>
  Number((await page.getByTestId('chart').getAttribute('data-readings')) ?? 0)

describe.each(['phone', 'desk'] as const)('on a %s', (profile) => {
  const words =
    profile === 'phone'
      ? { hour: '1小时', zoomIn: '放大', heard: '最后上报', other: 'Last heard' }
      : { hour: '1 hour', zoomIn: 'Zoom in', heard: 'Last heard', other: '最后上报' }

  test('a slot shows its field, says how old it is, and asks anew for the span that is seen', async () => {
    await expect.poll(async () => (await series('n3-a1')).readings, WITHIN).toBeGreaterThan(5)
    const page = await openPage(profile, '/slots/n3-a1')
    await page.getByTestId('slot-heard').getByText(words.heard).waitFor()
    await expect.poll(() => page.locator('.chart canvas').count()).toBe(3)
    await page.getByRole('button', { name: words.hour }).click()
    await expect.poll(() => chartReadings(page)).toBeGreaterThan(0)
    expect(await findAxeViolations(page)).toEqual([])

    const asked: string[] = []
    page.on('request', (request) => {
      if (request.url().includes('/series')) asked.push(request.url())
    })
    const spanOf = (url: string): number => {
      const params = new URL(url).searchParams
      return Number(params.get('to')) - Number(params.get('from'))
    }
    await page.getByRole('button', { name: words.zoomIn }).click()
    await expect.poll(() => asked.some((url) => spanOf(url) === 3_600_000)).toBe(true)
    await page.locator('.chart-plots').focus()
    await page.keyboard.press('-')
    await page.keyboard.press('ArrowLeft')
    await expect.poll(() => asked.some((url) => spanOf(url) === 5_760_000)).toBe(true)

    await page.getByTestId('language').click()
    await page.getByTestId('slot-heard').getByText(words.other).waitFor()
    expect(await findAxeViolations(page)).toEqual([])
    await page.close()
  })

  test('a slot leads to its page in Grafana, in the period that is shown and in the language chosen', async () => {
    const page = await openPage(profile, '/slots/n3-a1')
    await page.getByRole('button', { name: words.hour }).click()
    const link = page.getByTestId('slot-grafana')
    const address = async (): Promise<URL> => new URL((await link.getAttribute('href')) ?? '')
    await expect
      .poll(async () => {
        const { searchParams } = await address()
        return Number(searchParams.get('to')) - Number(searchParams.get('from'))
      })
      .toBe(3_600_000)
    const { origin, pathname, searchParams } = await address()
    expect(`${origin}${pathname}`).toBe(`${GRAFANA}/d/${toUid('slot', profile === 'phone' ? 'zh' : 'en')}`)
    expect(searchParams.get('var-slot')).toBe('n3-a1')
    expect(searchParams.get('var-console')).toBe(estate.api)
    await page.close()
  })

  test('the devices stand with their signal, and one has a page of its own', async () => {
    const heard = async (): Promise<DeviceView | undefined> =>
      ((await getJson(`${estate.api}/api/v1/devices`)) as { items: DeviceView[] }).items.find(
        ({ rssiDbm }) => rssiDbm !== undefined,
      )
    await expect.poll(heard, WITHIN).toBeDefined()
    const { device, rssiDbm } = (await heard())!
    const page = await openPage(profile, '/devices')
    const row = page.getByTestId(`device-${device}`)
    await row.getByText(`dBm`).waitFor()
    expect(await findAxeViolations(page)).toEqual([])
    await row.click()
    await page.waitForURL(new RegExp(`/devices/${device}$`))
    await page
      .getByTestId('device')
      .getByText(/-\d+(\.\d+)? dBm/)
      .waitFor()
    expect(rssiDbm).toBeLessThan(0)
    expect(await findAxeViolations(page)).toEqual([])
    await page.close()
  })
})

test('two fingers zoom and one moves the chart', async () => {
  const page = await openPage('phone', '/slots/n3-a1')
  await expect.poll(() => page.locator('.chart canvas').count()).toBe(3)
  const asked: number[] = []
  page.on('request', (request) => {
    const url = new URL(request.url())
    if (!url.pathname.endsWith('/series')) return
    asked.push(Number(url.searchParams.get('to')) - Number(url.searchParams.get('from')))
  })
  const box = (await page.locator('.chart-plots').boundingBox())!
  const [y, middle] = [box.y + 100, box.x + box.width / 2]
  const session = await page.context().newCDPSession(page)
  const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', xs: readonly number[]): Promise<unknown> =>
    session.send('Input.dispatchTouchEvent', { type, touchPoints: xs.map((x, id) => ({ x, y, id })) })
  await touch('touchStart', [middle - 30, middle + 30])
  await touch('touchMove', [middle - 60, middle + 60])
  await touch('touchMove', [middle - 90, middle + 90])
  await touch('touchEnd', [])
  // Three times as far apart: a third of the day, asked for with half of it on either side.
  await expect.poll(() => asked.some((ms) => Math.abs(ms / 86_400_000 - 2 / 3) < 0.05)).toBe(true)
  await page.close()
})

test('a link opens a slot at its moment', async () => {
  await expect.poll(async () => (await series('n3-a1')).readings, WITHIN).toBeGreaterThan(5)
  const atMs = (await series('n3-a1')).atMs.at(-1)!
  const asked: string[] = []
  const page = await browser.newPage(PROFILES.phone)
  page.on('request', (request) => {
    if (request.url().includes('/series')) asked.push(request.url())
  })
  await page.goto(`${estate.api}/slots/n3-a1?at=${atMs}`)
  await expect.poll(() => chartReadings(page)).toBeGreaterThan(0)
  const params = new URL(asked[0]!).searchParams
  expect((Number(params.get('from')) + Number(params.get('to'))) / 2).toBe(atMs)
  await page.close()
})

test('a device taken out in two taps is put back by an undo; put into another slot, the slot keeps its history', async () => {
  const [slot, other] = ['w-a1', 'w-a2'] as const
  await expect.poll(async () => (await series(other)).readings, WITHIN).toBeGreaterThan(5)
  const [first, second] = [(await deviceIn(slot))!, (await deviceIn(other))!]
  const page = await openPage('desk', `/devices/${first}`)
  const outcome = page.getByTestId('outcome')
  const takeOut = async (): Promise<void> => {
    await page.getByRole('button', { name: 'Take out of the slot' }).click()
    await page.getByRole('button', { name: 'Yes, take it out' }).click()
    await expect.poll(() => deviceIn(slot), WITHIN).toBeUndefined()
  }
  await takeOut()
  await outcome.getByRole('button', { name: 'Undo' }).click()
  await expect.poll(() => deviceIn(slot), WITHIN).toBe(first)
  await outcome.getByText('Undone').waitFor()

  await takeOut()
  await page.getByTestId('device-nowhere').waitFor()
  const before = { ...(await series(other)), first: await firstReading(other) }
  expect(before.first).toBeDefined()
  // The sensor of the other slot is broken: the one that was taken out takes its place.
  await page.goto(`${estate.api}/devices`)
  const unknown = page.locator('[data-testid^="unknown-"]', { hasText: first })
  await unknown.getByRole('button', { name: 'Put into a slot' }).click(WITHIN)
  await page.getByText('A swap keeps the history').waitFor()
  expect(await findAxeViolations(page)).toEqual([])
  await page.getByTestId(`choose-${other}`).click()
  await outcome.getByText('Swapped, the history is kept').waitFor()
  expect(await deviceIn(other)).toBe(first)

  await outcome.getByRole('button', { name: 'Undo' }).click()
  await expect.poll(() => deviceIn(other), WITHIN).toBe(second)
  await outcome.getByText('Undone').waitFor()
  await unknown.getByRole('button', { name: 'Put into a slot' }).click(WITHIN)
  await page.getByTestId(`choose-${other}`).click()
  await expect.poll(() => deviceIn(other), WITHIN).toBe(first)
  await expect.poll(async () => (await series(other)).readings, WITHIN).toBeGreaterThan(before.readings)
  expect(await firstReading(other)).toEqual(before.first)
  await page.goto(`${estate.api}/slots/${other}`)
  await page.getByText(`Sensor ${first}`).waitFor()
  await expect.poll(() => chartReadings(page), WITHIN).toBeGreaterThanOrEqual(before.readings)
  await page.close()
})
