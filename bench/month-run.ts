import type { Layout, Status } from '@clearlane/protocol'
import type { Browser, Page } from 'playwright-core'
import { openBrowser, PHONE_ZH } from '../e2e/testing-browser.ts'
import { fillEpisodes } from '../e2e/testing-episodes.ts'
import { startTestEstate } from '../e2e/testing-estate.ts'
import { fillHistory } from '../e2e/testing-history.ts'
import { getJson } from '../tools/collect.ts'
import { percentile } from './figure.ts'

/**
 * The console before a platform that remembers a month: `node month-run.ts REPEATS COARSE_MS`. One slot has a reading
 * each 30 s, the others one each COARSE_MS. Prints how long a month and a day of that slot take from the tap to the
 * screen, and the first view on a phone, throttled and not; JSON, ms.
 */
const [repeats, coarseMs] = process.argv.slice(2, 4).map(Number) as [number, number]
const DAYS = 30
const FINE_MS = 30_000
const EPISODES = 5_000
const SLOWER_CPU = 4
/** A phone on a poor 3G: kilobits a second down and up, and the way there and back. */
const NETWORK = { downKbit: 1_600, upKbit: 750, roundTripMs: 150 }

/** In the page: from the tap until the chart of so many readings or more has been painted. */
const tapAndWait = (name: string, atLeast: number, below: number) => `new Promise((resolve) => {
  const button = [...document.querySelectorAll('.slot-lengths button')].find((one) => one.textContent === '${name}')
  const startedMs = performance.now()
  button.click()
  const look = () => {
    const { loading, readings } = document.querySelector('[data-testid=chart]').dataset
    const isThere = loading === 'false' && Number(readings) >= ${atLeast} && Number(readings) < ${below}
    if (!isThere) return requestAnimationFrame(look)
    // A frame later what was drawn is on the screen.
    requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now() - startedMs)))
  }
  requestAnimationFrame(look)
})`

/** In every page from its first moment: when the sections stand on the screen with a state that was heard. */
const WATCH = `window.firstView = new Promise((resolve) => {
  const look = () => {
    const sections = document.querySelectorAll('[data-testid^="section-"][data-state]')
    if (sections.length === 0) return requestAnimationFrame(look)
    requestAnimationFrame(() => resolve(performance.now()))
  }
  requestAnimationFrame(look)
})`
const FIRST_VIEW = 'window.firstView'

const measureChart = async (page: Page, url: string) => {
  await page.goto(url)
  await page.locator('[data-testid=chart][data-loading=false]').waitFor()
  const aDay = (86_400_000 / FINE_MS) * 1.5
  const [months, days]: [number[], number[]] = [[], []]
  for (let count = 0; count < repeats; count++) {
    months.push(await page.evaluate<number>(tapAndWait('一个月', aDay, Number.MAX_SAFE_INTEGER)))
    days.push(await page.evaluate<number>(tapAndWait('一天', 1, aDay)))
  }
  return { monthMs: percentile(months, 0.95), dayMs: percentile(days, 0.95) }
}

/** Each time as somebody who was never here: nothing is kept from the time before. */
const measureFirstView = async (browser: Browser, url: string, isThrottled: boolean): Promise<number> => {
  const times: number[] = []
  for (let count = 0; count < repeats; count++) {
    const context = await browser.newContext({ ...PHONE_ZH, serviceWorkers: 'block' })
    const page = await context.newPage()
    if (isThrottled) {
      const client = await context.newCDPSession(page)
      await client.send('Network.enable')
      await client.send('Network.emulateNetworkConditions', {
        offline: false,
        latency: NETWORK.roundTripMs,
        downloadThroughput: (NETWORK.downKbit * 1_000) / 8,
        uploadThroughput: (NETWORK.upKbit * 1_000) / 8,
      })
      await client.send('Emulation.setCPUThrottlingRate', { rate: SLOWER_CPU })
    }
    await page.addInitScript(WATCH)
    await page.goto(url)
    times.push(await page.evaluate<number>(FIRST_VIEW))
    await context.close()
  }
  return percentile(times, 0.95)
}

const measure = async (): Promise<void> => {
  await using estate = await startTestEstate({ speed: 1, forMs: 600_000 })
  const layout = (await getJson(`${estate.api}/api/v1/layout`)) as Layout
  const { nowMs } = (await getJson(`${estate.api}/api/v1/status`)) as Status
  const slot = layout.slots.find(({ device }) => device !== undefined)!.id
  let rows = 0
  const api = await estate.changePlatformFiles((platformDir) => {
    const everyMs = (one: string): number => (one === slot ? FINE_MS : coarseMs)
    rows = fillHistory(platformDir, layout, { days: DAYS, untilMs: nowMs, everyMs })
    fillEpisodes(platformDir, layout, EPISODES, nowMs)
  })
  const browser = await openBrowser()
  const page = await browser.newPage(PHONE_ZH)
  const chart = await measureChart(page, `${api}/slots/${slot}`)
  await page.close()
  const firstViewMs = await measureFirstView(browser, `${api}/`, true)
  const unthrottledMs = await measureFirstView(browser, `${api}/`, false)
  await browser.close()
  process.stdout.write(JSON.stringify({ rows, ...chart, firstViewMs, unthrottledMs }))
}

await measure()
