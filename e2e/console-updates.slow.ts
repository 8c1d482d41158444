import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Layout, PresenceEvent } from '@clearlane/protocol'
import { health, startTestPlatform } from '@clearlane/platform/testing-platform.ts'
import { expect, test } from 'vitest'
import { buildConsole } from '../tools/console-build.ts'
import { DESK_EN, openBrowser } from './testing-browser.ts'
import { ROOT } from './testing-estate.ts'

const SECTIONS = 50
const UPDATES_PER_SECOND = 10
/** An hour of domain time at 60 times its pace. */
const SECONDS = 60
const HEALTH_EVERY_MS = 5_000
const MAX_GROWTH_BYTES = 4 * 1024 ** 2

const names = Array.from({ length: SECTIONS }, (_, index) => `s${index}`)
const layout: Layout = {
  v: 1,
  site: 's',
  name: 'Fifty',
  version: 1,
  timeZone: 'Asia/Shanghai',
  lanes: [{ id: 'north', name: 'North', kind: 'fire-lane', lengthM: SECTIONS * 8 }],
  sections: names.map((id, index) => ({
    id,
    name: id,
    lane: 'north',
    fromM: index * 8,
    toM: index * 8 + 8,
    gateway: 'gw',
  })),
  slots: names.map((id, index) => ({
    id: `${id}-1`,
    section: id,
    offsetM: index * 8 + 4,
    device: `70b3d57ed002${index.toString(16).padStart(4, '0')}`,
  })),
}

/** In the page: how often the feed was opened, how many changes of sections it brought, and the newest of each. */
const WATCH_FEED = `
  window.feed = { opened: 0, changes: 0, newest: {} }
  const Native = window.EventSource
  window.EventSource = class extends Native {
    constructor(...given) {
      super(...given)
      window.feed.opened++
      this.addEventListener('message', ({ data }) => {
        const { kind, section } = JSON.parse(data)
        if (kind !== 'section') return
        window.feed.changes++
        window.feed.newest[section.section] = section.slots[0].sinceMs
      })
    }
  }
`
type Feed = {
  readonly opened: number
  readonly changes: number
  readonly newest: Readonly<Record<string, number>>
}

test('fifty sections that each change ten times a second: the feed does not break, the newest of each is drawn, memory stays flat', async () => {
  const fault = await buildConsole(ROOT, () => undefined)
  if (fault !== undefined) throw new Error(fault)
  const folder = mkdtempSync(join(tmpdir(), 'updates-'))
  const layoutFile = join(folder, 'layout.json')
  writeFileSync(layoutFile, JSON.stringify(layout))
  const platform = await startTestPlatform({ layoutFile, consoleDir: join(ROOT, 'console/dist') })
  const browser = await openBrowser()
  const page = await browser.newPage(DESK_EN)
  const client = await page.context().newCDPSession(page)
  const usedBytes = async (): Promise<number> => {
    await client.send('HeapProfiler.collectGarbage')
    return (await client.send('Runtime.getHeapUsage')).usedSize
  }
  await page.addInitScript(WATCH_FEED)
  await page.goto(platform.api)
  await page
    .locator('[data-testid^="section-"]')
    .nth(SECTIONS - 1)
    .waitFor()
  const sayHealth = (): void => {
    void platform.gateway.publishAsync('cl/v1/s/gw/health', health({}), { qos: 1, retain: true })
  }
  sayHealth()
  const beating = setInterval(sayHealth, HEALTH_EVERY_MS)

  const startMs = Date.now()
  const toRow = (index: number, round: number): PresenceEvent => ({
    kind: 'presence',
    slot: `s${index}-1`,
    section: `s${index}`,
    presence: round % 2 === 0 ? 'unknown' : 'vacant',
    revision: round,
    sinceMs: startMs + round,
    decidedMs: startMs + round,
    evidence: { slot: `s${index}-1`, reason: 'a trial' },
  })
  const rounds = SECONDS * UPDATES_PER_SECOND
  let early = 0
  for (let round = 1; round <= rounds; round++) {
    const rows = names.map((_, index) => toRow(index, round))
    await platform.sendEvents(rows, (round - 1) * SECTIONS + 1)
    if (round === rounds / 10) early = await usedBytes()
    await pause(Math.max(0, startMs + (round * 1_000) / UPDATES_PER_SECOND - Date.now()))
  }
  const expected = Object.fromEntries(names.map((name) => [name, startMs + rounds]))
  const feed = (): Promise<Feed> => page.evaluate<Feed>('window.feed')
  await expect.poll(async () => (await feed()).newest, { timeout: 30_000 }).toEqual(expected)
  const { opened, changes } = await feed()
  const states = await page.evaluate<string[]>(
    `[...document.querySelectorAll('[data-testid^="section-"]')].map((one) => one.dataset.state)`,
  )
  const grown = (await usedBytes()) - early
  clearInterval(beating)
  await browser.close()
  await platform.close()
  rmSync(folder, { recursive: true })
  process.stderr.write(`${changes} changes drawn of ${rounds * SECTIONS} sent; ${grown} bytes more\n`)
  expect(opened).toBe(1)
  expect(new Set(states)).toEqual(new Set([rounds % 2 === 0 ? 'unobserved' : 'clear']))
  expect(grown).toBeLessThan(MAX_GROWTH_BYTES)
})
