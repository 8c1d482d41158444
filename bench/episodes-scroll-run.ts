import type { Layout, Status } from '@clearlane/protocol'
import { openBrowser } from '../e2e/testing-browser.ts'
import { fillEpisodes } from '../e2e/testing-episodes.ts'
import { startTestEstate } from '../e2e/testing-estate.ts'
import { getJson } from '../tools/collect.ts'

const count = Number(process.argv[2])
/** A quick thumb moves some 100 px a frame; this is twenty times that, so that pages are asked for all the time. */
const STEP_PX = 2_000
const SLOW_FRAME_MS = 50

/** In the page: how long frames take while nothing moves, which is the machine's own unevenness. */
const STAND = `new Promise((resolve) => {
  const frames = []
  let last = performance.now()
  const step = (now) => {
    frames.push(now - last)
    last = now
    if (frames.length === 300) return resolve(frames)
    requestAnimationFrame(step)
  }
  requestAnimationFrame(step)
})`

/** In the page: scrolls on frame by frame until the list is at its end, and writes down how long each frame took. */
const SCROLL = `new Promise((resolve) => {
  const frames = []
  let last = performance.now()
  const step = (now) => {
    frames.push(now - last)
    last = now
    const isEnd = innerHeight + scrollY >= document.documentElement.scrollHeight - 2
    const rows = document.querySelector('.episode-rows li:last-child')
    if (isEnd && rows?.getAttribute('aria-setsize') !== '-1')
      return resolve({ frames, rows: Number(rows?.getAttribute('aria-setsize')) })
    scrollBy({ top: ${STEP_PX}, behavior: 'instant' })
    requestAnimationFrame(step)
  }
  requestAnimationFrame(step)
})`

/** Fills a platform with as many episodes, scrolls through all of them in a browser, and prints how even it was. */
const measure = async (): Promise<void> => {
  await using estate = await startTestEstate({ speed: 1, forMs: 600_000 })
  const layout = (await getJson(`${estate.api}/api/v1/layout`)) as Layout
  const { nowMs } = (await getJson(`${estate.api}/api/v1/status`)) as Status
  const api = await estate.changePlatformFiles((platformDir) =>
    fillEpisodes(platformDir, layout, count, nowMs),
  )
  const browser = await openBrowser()
  const page = await browser.newPage({ viewport: { width: 390, height: 844 }, locale: 'zh-CN' })
  await page.goto(`${api}/episodes`)
  await page.locator('.episode-rows li').first().waitFor()
  const still = (await page.evaluate(STAND)) as number[]
  const { frames, rows } = (await page.evaluate(SCROLL)) as { frames: number[]; rows: number }
  await browser.close()
  process.stdout.write(
    JSON.stringify({ rows, slowPercent: toSlowPercent(frames), stillPercent: toSlowPercent(still) }),
  )
}

const toSlowPercent = (frames: readonly number[]): number =>
  (100 * frames.filter((ms) => ms > SLOW_FRAME_MS).length) / frames.length

await measure()
