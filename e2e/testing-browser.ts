import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import { chromium } from 'playwright-core'
import { keepComplaints } from './testing-complaints.ts'
import { findFreePorts } from '../tools/estate.ts'
import { ROOT } from './testing-estate.ts'

/** A real browser, as the console's users have it. */
export const openBrowser = async (args: readonly string[] = []): Promise<Browser> => {
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      ...args,
    ],
  })
  browser.on('context', keepComplaints)
  return browser
}

/**
 * Tabs of one window, of which only the one in front is visible, as on anybody's phone: the pages of `openBrowser` are
 * each told that they are in front.
 */
export const openTabs = async (): Promise<BrowserContext & AsyncDisposable> => {
  const [port] = await findFreePorts(1)
  const browser = await openBrowser([`--remote-debugging-port=${port}`])
  const seen = await chromium.connectOverCDP(`http://127.0.0.1:${port}`, { noDefaults: true })
  const [window] = seen.contexts()
  if (window === undefined) throw new Error('the browser has no window')
  keepComplaints(window)
  return Object.assign(window, {
    [Symbol.asyncDispose]: async () => {
      await seen.close()
      await browser.close()
    },
  })
}

/** The people who look: a guard's phone and a manager's desk. */
export const PHONE_ZH = {
  viewport: { width: 390, height: 844 },
  locale: 'zh-CN',
} as const satisfies BrowserContextOptions
export const DESK_EN = {
  viewport: { width: 1280, height: 900 },
  locale: 'en-GB',
} as const satisfies BrowserContextOptions
export const PROFILES = { phone: { ...PHONE_ZH, hasTouch: true }, desk: DESK_EN } as const

/** What a page complains of from now on: errors of its scripts, and whatever its policy refuses. */
export const noteProblems = (page: Page): readonly string[] => {
  const problems: string[] = []
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) problems.push(`${page.url()}: ${message.text()}`)
  })
  page.on('pageerror', (error) => problems.push(`${page.url()}: ${error.message}`))
  return problems
}

const AXE = readFileSync(join(ROOT, 'node_modules/axe-core/axe.min.js'), 'utf8')

/** What axe finds wrong on the whole of a page, a line each. */
export const findAxeViolations = async (page: Page): Promise<string[]> => {
  // The page's own policy refuses scripts that are not of its files; the tool's protocol does not ask it.
  await page.evaluate(AXE)
  return page.evaluate<string[]>(
    `axe.run().then(({ violations }) => violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => id + ': ' + html + ' ' + failureSummary)))`,
  )
}
