import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { openHistorySource } from '@clearlane/platform/history/history-source.ts'
import { LayoutSchema, ReadingSchema } from '@clearlane/protocol'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { getJson } from '../tools/collect.ts'
import type { TestEstate } from './testing-estate.ts'
import { explain, startTestEstate } from './testing-estate.ts'

const KEEPALIVE_S = 5
const HELD_MS = 60_000
/** The API gives a held history 5 s; beyond this a person would think that the platform is gone. */
const ANSWER_WITHIN_MS = 10_000
const ASK_EVERY_MS = 500
const PATHS = ['/status', '/sections', '/gateways', '/episodes?limit=10', '/readings?slot=n3-a1&limit=100']
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Asks the API for everything, again and again; returns what was answered other than 200, and what came too late. */
const askThroughout = async ({ api }: TestEstate, forMs: number): Promise<string[]> => {
  const faults: string[] = []
  const endMs = performance.now() + forMs
  while (performance.now() < endMs) {
    await Promise.all(
      PATHS.map(async (path) => {
        const signal = AbortSignal.timeout(ANSWER_WITHIN_MS)
        const response = await fetch(`${api}/api/v1${path}`, { signal }).catch((cause: unknown) => cause)
        if (!(response instanceof Response)) faults.push(`${path}: ${String(response)}`)
        else if (!response.ok) faults.push(`${path}: ${response.status} ${await response.text()}`)
        else await response.arrayBuffer()
      }),
    )
    await pause(ASK_EVERY_MS)
  }
  return faults
}

const historyOf = async (estate: TestEstate) =>
  (await estate.status()).projections.find(({ name }) => name === 'history')!
const acknowledgedRow = async (estate: TestEstate): Promise<number> =>
  (await estate.gateways())[0]?.health?.readings.acknowledgedRow ?? 0
/** Lines that say that a session with the broker was lost. */
const lostSessions = ({ dataDir }: TestEstate): string[] =>
  ['gateway', 'platform'].flatMap((name) =>
    readFileSync(join(dataDir, 'log', `${name}.log`), 'utf8')
      .split('\n')
      .filter((line) => /uplink down|broker lost/.test(line)),
  )

const PageSchema = z.object({ items: z.array(ReadingSchema), next: z.string().optional() })
/** Readings that the history gives, over all slots. */
const countHistory = async ({ api }: TestEstate): Promise<number> => {
  const { slots } = LayoutSchema.parse(await getJson(`${api}/api/v1/layout`))
  let count = 0
  for (const { id } of slots) {
    for (let cursor: string | undefined = ''; cursor !== undefined;) {
      const query = `slot=${id}&limit=10000${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`
      const page = PageSchema.parse(await getJson(`${api}/api/v1/readings?${query}`))
      count += page.items.length
      cursor = page.next
    }
  }
  return count
}

/** The same beside the thread that writes it, which is always in a commit when commits are that slow. */
const countInFile = ({ dataDir }: TestEstate): number => {
  const source = openHistorySource(join(dataDir, 'platform', 'history.sqlite'))
  const span = { measurement: 'reading', fields: ['xNt'], fromUs: 0, toUs: Number.MAX_SAFE_INTEGER }
  let count = 0
  for (const tags of source.series('reading'))
    count += [...source.points({ ...span, tags, descending: false })].length
  source.close()
  return count
}

test('a history held for 60 s costs no session, no acknowledgement, no answer and no reading', async () => {
  await using estate = await startTestEstate({
    speed: 10,
    forMs: 100_000,
    keepaliveS: KEEPALIVE_S,
    arrivalsPerHour: 900,
  })
  await expect.poll(async () => acknowledgedRow(estate)).toBeGreaterThan(0)
  const before = { broker: (await estate.status()).broker, row: await acknowledgedRow(estate) }

  const lock = new DatabaseSync(join(estate.dataDir, 'platform', 'history.sqlite'), { timeout: 5_000 })
  lock.exec('BEGIN EXCLUSIVE')
  const heldAt = (await historyOf(estate)).position
  expect(await askThroughout(estate, HELD_MS)).toEqual([])
  const held = await historyOf(estate)
  expect(held.position).toBe(heldAt)
  expect(held.lag).toBeGreaterThan(0)
  expect(await acknowledgedRow(estate)).toBeGreaterThan(before.row)
  lock.exec('ROLLBACK')
  lock.close()

  const verdict = await estate.verdict()
  expect(verdict.green, explain(verdict, estate.dataDir)).toBe(true)
  await expect.poll(async () => (await historyOf(estate)).lag).toBe(0)
  expect(await countHistory(estate)).toBe(verdict.readingsStored)
  expect((await estate.status()).broker).toEqual(before.broker)
  expect(lostSessions(estate)).toEqual([])
})

test('a history whose every commit takes longer than the keep-alive costs no session and no reading', async () => {
  const COMMIT_MS = 12_000
  await using estate = await startTestEstate({
    speed: 10,
    forMs: 60_000,
    keepaliveS: KEEPALIVE_S,
    arrivalsPerHour: 900,
    platformHistorySyncDelayMs: COMMIT_MS,
  })
  const { broker } = await estate.status()
  const faults = await askThroughout(estate, 40_000)
  expect(faults.filter((fault) => !/^\/readings.*"history-away"/.test(fault))).toEqual([])
  expect(await acknowledgedRow(estate)).toBeGreaterThan(0)
  const verdict = await estate.verdict()
  expect(verdict.green, explain(verdict, estate.dataDir)).toBe(true)
  // The platform itself goes on writing a sample a minute into its log, so a slow history is never quite at its end.
  const { position } = (await estate.status()).log
  await expect
    .poll(async () => (await historyOf(estate)).position, { timeout: 120_000 })
    .toBeGreaterThanOrEqual(position)
  expect(countInFile(estate)).toBe(verdict.readingsStored)
  expect((await estate.status()).broker).toEqual(broker)
  expect(lostSessions(estate)).toEqual([])
})
