import type { Layout, Status } from '@clearlane/protocol'
import { expect, test } from 'vitest'
import { getJson } from '../tools/collect.ts'
import { openBrowser, PHONE_ZH } from './testing-browser.ts'
import { fillEpisodes } from './testing-episodes.ts'
import { startTestEstate } from './testing-estate.ts'

const EPISODES = 20_000

/** In the page: scrolls on, frame by frame, until the last of all rows is there. */
const SCROLL_TO_END = `new Promise((resolve) => {
  const step = () => {
    scrollTo({ top: document.documentElement.scrollHeight, behavior: 'instant' })
    const last = document.querySelector('.episode-rows li:last-child')
    if (last?.getAttribute('aria-posinset') === last?.getAttribute('aria-setsize')) resolve()
    else requestAnimationFrame(step)
  }
  step()
})`

test('whoever comes back from far down a list of 20,000 episodes finds the row in its place and in focus', async () => {
  await using estate = await startTestEstate({ speed: 1, forMs: 600_000 })
  const layout = (await getJson(`${estate.api}/api/v1/layout`)) as Layout
  const { nowMs } = (await getJson(`${estate.api}/api/v1/status`)) as Status
  const api = await estate.changePlatformFiles((platformDir) =>
    fillEpisodes(platformDir, layout, EPISODES, nowMs),
  )
  const browser = await openBrowser()
  try {
    const page = await browser.newPage(PHONE_ZH)
    await page.goto(`${api}/episodes`)
    await page.locator('.episode-rows li').first().waitFor()
    await page.evaluate(SCROLL_TO_END)
    await page.evaluate('scrollBy({ top: -5_000, behavior: "instant" })')
    const rowInSight = "document.elementFromPoint(100, 400)?.closest('[data-episode]')?.dataset.episode"
    await expect.poll(() => page.evaluate(rowInSight)).toBeDefined()
    const row = page.locator(`[data-episode="${await page.evaluate<string>(rowInSight)}"]`)
    const place = Number(await row.locator('..').getAttribute('aria-posinset'))
    expect(place).toBeGreaterThan(EPISODES - 100)
    const topOf = async (): Promise<number> => (await row.boundingBox())?.y ?? -1
    const before = await topOf()

    await row.click()
    await page.getByTestId('episode-detail').waitFor()
    await page.goBack()
    await row.waitFor()
    await expect.poll(async () => Math.abs((await topOf()) - before)).toBeLessThan(3)
    expect(await row.locator('..').getAttribute('aria-posinset')).toBe(String(place))
    await expect.poll(() => row.evaluate((element) => element.matches(':focus'))).toBe(true)
  } finally {
    await browser.close()
  }
})
