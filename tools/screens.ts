import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Browser } from 'playwright-core'
import { addressesOf } from '../e2e/testing-addresses.ts'
import { openBrowser } from '../e2e/testing-browser.ts'
import { buildConsole } from './console-build.ts'
import { startEstate } from './estate.ts'
import { toRunTime } from './run-time.ts'

/** `npm run screens`: a picture of every screen, on a phone and on a desk, in both languages, into `docs/screens/`. */
const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
const OUT = join(ROOT, 'docs', 'screens')
const SPEED = 10
const FOR_MS = 600_000
/** Long enough for stays of every kind to have been. */
const LIVED_MS = 60_000
const SETTLED_MS = 1_500

const PROFILES = [
  { profile: 'phone', viewport: { width: 390, height: 844 }, isMobile: true },
  { profile: 'desk', viewport: { width: 1_440, height: 900 }, isMobile: false },
] as const
const LANGUAGES = [
  { language: 'zh', locale: 'zh-CN' },
  { language: 'en', locale: 'en-GB' },
] as const

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

const takePictures = async (browser: Browser, api: string): Promise<number> => {
  const addresses = await addressesOf(api)
  let taken = 0
  for (const { profile, ...shape } of PROFILES) {
    for (const { language, locale } of LANGUAGES) {
      const context = await browser.newContext({ ...shape, locale })
      const page = await context.newPage()
      for (const [screen, address] of Object.entries(addresses)) {
        await page.goto(`${api}${address}`)
        await page.locator('[data-testid="page"][data-connected="true"]').waitFor()
        await pause(SETTLED_MS)
        await page.screenshot({ path: join(OUT, `${screen}-${profile}-${language}.png`) })
        taken++
      }
      await context.close()
    }
  }
  return taken
}

const fault = await buildConsole(ROOT, (text) => process.stderr.write(`${text}\n`))
if (fault !== undefined) throw new Error(fault)
mkdirSync(OUT, { recursive: true })
const dataDir = mkdtempSync(join(tmpdir(), 'clearlane-screens-'))
const estate = await startEstate({
  root: ROOT,
  dataDir,
  time: toRunTime({ wallMs: Date.now(), speed: SPEED, forMs: FOR_MS, reachedMs: undefined }),
  httpPort: 0,
  seed: 1,
  siteFile: join(ROOT, 'firmware-sim/sites/demo.json'),
  rulesFile: join(ROOT, 'firmware-sim/sites/demo-rules.json'),
  consoleDir: join(ROOT, 'console/dist'),
  onRestart: (name, why) => process.stderr.write(`${name}: ${why}\n`),
})
process.stderr.write(`The estate lives for ${LIVED_MS / 1_000} s …\n`)
await pause(LIVED_MS)
const browser = await openBrowser()
const taken = await takePictures(browser, estate.api)
await browser.close()
await estate.stop()
rmSync(dataDir, { recursive: true })
process.stdout.write(`${taken} pictures in docs/screens\n`)
process.exit()
