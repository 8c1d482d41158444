import type { EpisodeView } from '@clearlane/protocol'
import type { Browser, BrowserContextOptions } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { getJson } from '../tools/collect.ts'
import { addressesOf } from './testing-addresses.ts'
import { DESK_EN, findAxeViolations, noteProblems, openBrowser, PHONE_ZH } from './testing-browser.ts'
import type { TestEstate } from './testing-estate.ts'
import { startTestEstate } from './testing-estate.ts'

let estate: TestEstate
let browser: Browser
beforeAll(async () => {
  estate = await startTestEstate({ speed: 10, forMs: 600_000 })
  browser = await openBrowser()
})
afterAll(async () => {
  await browser?.close()
  await estate?.[Symbol.asyncDispose]()
})

const LOOKS: readonly (BrowserContextOptions & { readonly name: string })[] = [
  { name: 'a phone, Chinese, by day', ...PHONE_ZH, colorScheme: 'light' },
  { name: 'a phone, Chinese, by night', ...PHONE_ZH, colorScheme: 'dark' },
  { name: 'a desk, English, by day', ...DESK_EN, colorScheme: 'light' },
  { name: 'a desk, English, by night', ...DESK_EN, colorScheme: 'dark' },
]
const ENOUGH_CHARACTERS = 20
const MAX_SCRIPT_BYTES = 300_000
/** So many requests a browser has under way to one server at once; the feed is one of them. */
const MAX_PIECES = 5
const countEnded = async (): Promise<number> =>
  ((await getJson(`${estate.api}/api/v1/episodes?open=false`)) as { items: EpisodeView[] }).items.length

test.each(LOOKS)(
  'on $name the whole of every page is clean for axe, fits its width, and has nothing to complain of',
  async ({ name: _name, ...look }) => {
    await expect.poll(countEnded).toBeGreaterThan(0)
    const context = await browser.newContext(look)
    const page = await context.newPage()
    const problems = noteProblems(page)
    const found: Record<string, readonly string[]> = {}
    const addresses = await addressesOf(estate.api)
    for (const [screen, address] of Object.entries(addresses)) {
      await page.goto(`${estate.api}${address}`)
      await page.locator('[data-testid="page"][data-connected="true"]').waitFor()
      await expect
        .poll(() => page.evaluate<number>("document.querySelector('main').innerText.length"))
        .toBeGreaterThan(ENOUGH_CHARACTERS)
      const isWide = await page.evaluate<boolean>('document.documentElement.scrollWidth > innerWidth')
      found[screen] = [...(await findAxeViolations(page)), ...(isWide ? ['wider than the screen'] : [])]
    }
    await context.close()
    expect(found).toEqual(Object.fromEntries(Object.keys(addresses).map((screen) => [screen, []])))
    expect(problems).toEqual([])
  },
)

test('the first view takes at most 300 kB of script, in no more pieces than go at once', async () => {
  const context = await browser.newContext({ ...PHONE_ZH, serviceWorkers: 'block' })
  const page = await context.newPage()
  const ahead: string[] = []
  // What is fetched ahead for the next tap waits until the first view has been looked at.
  page.on('request', (request) => {
    if (/-screen-[^/]*\.js$/.test(request.url())) ahead.push(request.url())
  })
  await page.goto(estate.api)
  await page.locator('[data-testid^="section-"][data-state]').first().waitFor()
  const pieces = await page.evaluate<{ name: string; encodedBodySize: number }[]>(
    "performance.getEntriesByType('resource').filter(({ name }) => /\\.(js|css)$/.test(name)).map(({ name, encodedBodySize }) => ({ name, encodedBodySize }))",
  )
  await context.close()
  const needed = pieces.filter(({ name }) => !ahead.includes(name))
  expect(needed.length).toBeGreaterThan(1)
  expect(needed.length).toBeLessThanOrEqual(MAX_PIECES)
  const bytes = needed.reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0)
  expect(bytes).toBeGreaterThan(50_000)
  expect(bytes).toBeLessThanOrEqual(MAX_SCRIPT_BYTES)
})
