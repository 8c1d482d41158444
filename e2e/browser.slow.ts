import type { SectionView } from '@clearlane/protocol'
import { expect, test } from 'vitest'
import { getJson } from '../tools/collect.ts'
import { openBrowser } from './testing-browser.ts'
import { startTestEstate } from './testing-estate.ts'

/** In the page: tells every change of a section's state, so that none is missed between two looks. */
const WATCH_STATES = `
  const known = new Map()
  new MutationObserver(() => {
    for (const item of document.querySelectorAll('[data-testid^="section-"]')) {
      const section = item.getAttribute('data-testid')
      const state = item.getAttribute('data-state')
      if (known.get(section) !== state) onState(section, state)
      known.set(section, state)
    }
  }).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ['data-state'] })
`

test('a simulated car stops: its section turns pre-alarm, then blocked, an episode appears; it leaves: it clears', async () => {
  await using estate = await startTestEstate({ speed: 10, forMs: 300_000, arrivalsPerHour: 300 })
  const browser = await openBrowser()
  const page = await browser.newPage({ viewport: { width: 390, height: 844 }, locale: 'zh-CN' })
  const seen: string[] = []
  await page.exposeFunction('onState', (section: string, state: string) => seen.push(`${section} ${state}`))
  await page.addInitScript({ content: WATCH_STATES })
  await page.goto(estate.api)
  const { items } = (await getJson(`${estate.api}/api/v1/sections`)) as { items: SectionView[] }
  await expect
    .poll(() => page.locator('[data-testid^="section-"]').count(), { timeout: 20_000 })
    .toBe(items.length)

  const storyOf = (section: string): string =>
    seen.flatMap((one) => (one.startsWith(`section-${section} `) ? [one.split(' ')[1]] : [])).join(' ')
  const followed = (): string | undefined =>
    items.find(({ section }) => storyOf(section).includes('clear pre-alarm blocked clear'))?.section
  await expect.poll(followed, { timeout: 180_000 }).toBeDefined()

  await page.getByText('事件', { exact: true }).click()
  await page.locator(`[data-status="cleared"][data-section="${followed()}"]`).first().click()
  await page.getByTestId('episode-detail').getByText('µT').first().waitFor()
  await browser.close()
})

test('the page tells when the server is gone, shows nothing as current, and recovers by itself', async () => {
  await using estate = await startTestEstate({ speed: 10, forMs: 300_000 })
  const browser = await openBrowser()
  const page = await browser.newPage({ viewport: { width: 390, height: 844 }, locale: 'en-GB' })
  await page.goto(estate.api)
  await page.locator('[data-testid^="section-"]').first().waitFor()
  const pid = estate.child.platform.pid()
  if (pid === undefined) throw new Error('the platform is not running')
  process.kill(pid, 'SIGKILL')
  await page.locator('[data-link="server"]').waitFor()
  expect(await page.getByTestId('page').getAttribute('data-connected')).toBe('false')
  await page.locator('[data-link="server"]').waitFor({ state: 'detached', timeout: 30_000 })

  await page.getByTestId('language').click()
  await page.getByText('现况').waitFor()
  await browser.close()
})
