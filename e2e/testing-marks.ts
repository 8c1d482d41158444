import type { Browser, BrowserContextOptions, Page } from 'playwright-core'

/** What stands for the sections on the plan. */
export const MARKS = '[data-testid^="section-"]'
export const statesOf = (page: Page): Promise<string[]> =>
  page.evaluate<string[]>(`[...document.querySelectorAll('${MARKS}')].map((one) => one.dataset.state)`)

/** In the page: every change of what a section's mark says, in words, so that none is missed between two looks. */
const WATCH_WORDS = `
  const known = new Map()
  new MutationObserver(() => {
    for (const mark of document.querySelectorAll('${MARKS}')) {
      const { testid, state } = mark.dataset
      const words = mark.querySelector('.for-screen-readers')?.textContent ?? ''
      if (known.get(testid) !== state) onState(testid, state, words)
      known.set(testid, state)
    }
  }).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ['data-state'] })
`

export type Seen = { readonly section: string; readonly state: string; readonly words: string }
/** A page with the plan, and what its marks have said since it was opened. */
export const watchMarks = async (
  browser: Browser,
  profile: BrowserContextOptions,
  address: string,
): Promise<{ page: Page; seen: Seen[] }> => {
  const page = await (await browser.newContext(profile)).newPage()
  const seen: Seen[] = []
  await page.exposeFunction('onState', (section: string, state: string, words: string) =>
    seen.push({ section, state, words }),
  )
  await page.addInitScript({ content: WATCH_WORDS })
  await page.goto(address)
  await page.locator(MARKS).first().waitFor()
  return { page, seen }
}
