import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { chromium } from 'playwright-core'
import { ROOT } from './testing-estate.ts'

/** A phone in Chinese and a desk in English, as the console is looked at. */
export const PROFILES = {
  phone: { viewport: { width: 390, height: 844 }, locale: 'zh-CN', hasTouch: true },
  desk: { viewport: { width: 1280, height: 900 }, locale: 'en-GB' },
} as const satisfies Readonly<Record<string, BrowserContextOptions>>

export const startBrowser = (): Promise<Browser> =>
  chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })

const AXE = readFileSync(join(ROOT, 'node_modules/axe-core/axe.min.js'), 'utf8')

/** What axe finds wrong on the page, or in a part of it: a line each, with the element. */
export const findBarriers = async (page: Page, part = 'html'): Promise<string[]> => {
  await page.evaluate(AXE)
  const found: unknown = await page.evaluate(
    `axe.run(${JSON.stringify(part)}).then(({ violations }) => violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => id + ': ' + html + ' ' + failureSummary)))`,
  )
  return Array.isArray(found) ? found.map(String) : ['axe said nothing']
}
