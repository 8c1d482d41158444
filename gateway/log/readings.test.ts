import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Reading } from '@clearlane/protocol'
import { createRandom } from '@clearlane/firmware-sim/world/random.ts'
import { afterEach, describe, expect, test } from 'vitest'
import { parseRows } from './outbox.ts'
import type { ReadingsLog } from './readings.ts'
import { openReadingsLog } from './readings.ts'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})
const createFile = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'readings-'))
  folders.push(folder)
  return join(folder, 'readings.sqlite')
}
const open = (file: string): Promise<ReadingsLog> =>
  openReadingsLog({
    file,
    commitEveryMs: 600_000,
    onFailure: (failure) => {
      throw failure
    },
  })

const SLOTS = 100
const FRAME_BYTES = 54
const random = createRandom('readings')
const noise = (): number => Math.round(100 * random())
/** The n-th reading of an estate of a hundred; its frame is as hard to compress as bytes can be. */
const reading = (n: number): Reading & { readonly raw: string } => {
  const slot = n % SLOTS
  const atMs = Date.UTC(2026, 5, 1) + n * 10
  return {
    device: `70b3d57e${slot.toString(16).padStart(8, '0')}`,
    session: 1,
    counter: Math.floor(n / SLOTS),
    trigger: 'period',
    eventMs: atMs,
    receivedMs: atMs + noise(),
    boot: '3f9a2c1d',
    monotonicMs: n * 10 + noise(),
    clock: 'device',
    backfill: false,
    link: '西门',
    slot: `p${slot}`,
    section: `s${Math.floor(slot / 2)}`,
    xNt: 33_000 + noise(),
    yNt: -3_800 + noise(),
    zNt: 36_200 + noise(),
    temperatureC: 20 + noise() / 100,
    batteryMv: 3_600,
    health: 1,
    raw: Buffer.from(Array.from({ length: FRAME_BYTES }, () => 256 * random())).toString('base64'),
  }
}
const appendBatch = async (log: ReadingsLog, readings: readonly Reading[]): Promise<void> => {
  for (const one of readings) log.append(one)
  await log.flush()
}
const readAll = async (log: ReadingsLog, from = 1): Promise<(readonly [number, Reading])[]> => {
  const rows: (readonly [number, Reading])[] = []
  for await (const batch of log.scan(from)) {
    for (const [index, row] of batch.rows.entries()) rows.push([batch.first + index, row])
  }
  return rows
}
const numbered = (readings: readonly Reading[]) => readings.map((one, index) => [index + 1, one] as const)

test('batches of any size stand in the log as they were appended, also after it is opened again', async () => {
  const file = createFile()
  const readings = Array.from({ length: 1_311 }, (_, n) => reading(n))
  const before = await open(file)
  for (const [from, to] of [
    [0, 1],
    [1, 11],
    [11, 111],
    [111, 1_311],
  ])
    await appendBatch(before, readings.slice(from, to))
  await before.close()

  const log = await open(file)
  expect(log.committedRow()).toBe(readings.length)
  expect(await readAll(log)).toEqual(numbered(readings))
  expect(parseRows(await log.read(5, 3))).toEqual(readings.slice(5, 8))
  expect(parseRows(await log.read(11, 500))).toEqual(readings.slice(11, 111))
  await log.close()
})

test('a row in the middle of a batch is parked and counted, and the others stay', async () => {
  const log = await open(createFile())
  const readings = Array.from({ length: 20 }, (_, n) => reading(n))
  await appendBatch(log, readings)
  await log.park(8, 9, 'ends sessions')
  expect(log.stats().parkedRows).toBe(2)
  expect(await readAll(log)).toEqual(numbered(readings).filter(([row]) => row !== 8 && row !== 9))
  await log.close()
})

test('a day at a hundred readings a second, a batch each second, fits into the size that the log may have', async () => {
  const seconds = 40
  const log = await open(createFile())
  for (let second = 0; second < seconds; second++) {
    await appendBatch(
      log,
      Array.from({ length: SLOTS }, (_, slot) => reading(second * SLOTS + slot)),
    )
  }
  const dayBytes = (log.stats().bytes / seconds) * 86_400
  expect(dayBytes).toBeLessThan(2 * 1024 ** 3)
  await log.close()
})

describe('what is kept', () => {
  const DAY_MS = 86_400_000
  const KNOWN_AFTER_MS = Date.UTC(2025, 0, 1)
  /** Batches of one reading, written at these times; the centre has the first `acknowledged` of them. Then one more. */
  const keep = async (
    writtenMs: readonly number[],
    acknowledged: number,
    over: { maxBytes?: number } = {},
  ) => {
    const file = createFile()
    const before = await open(file)
    for (const n of writtenMs.keys()) await appendBatch(before, [reading(n)])
    before.acknowledge(acknowledged)
    await before.close()
    const db = new DatabaseSync(file)
    for (const [index, atMs] of writtenMs.entries())
      db.prepare('UPDATE batch SET writtenMs = ? WHERE first = ?').run(atMs, index + 1)
    db.close()
    const log = await openReadingsLog({
      file,
      commitEveryMs: 600_000,
      retentionMs: 7 * DAY_MS,
      knownAfterMs: KNOWN_AFTER_MS,
      onFailure: (failure) => {
        throw failure
      },
      ...over,
    })
    await appendBatch(log, [reading(writtenMs.length)])
    const rows = (await readAll(log)).map(([row]) => row)
    const { droppedRows } = log.stats()
    await log.close()
    return { rows, droppedRows }
  }
  const daysAgo = (days: number): number => Date.now() - days * DAY_MS

  test('for a week; what goes then although the centre lacks it is counted', async () => {
    const written = [daysAgo(9), daysAgo(8), daysAgo(7.5), daysAgo(6), daysAgo(1)]
    expect(await keep(written, 2)).toEqual({ rows: [4, 5, 6], droppedRows: 1 })
  })

  test('although the clock stood at 1970 when it was written', async () => {
    expect(await keep([5_000, 6_000, daysAgo(1)], 0)).toEqual({ rows: [1, 2, 3, 4], droppedRows: 0 })
    expect(await keep([5_000, 6_000, daysAgo(8), daysAgo(1)], 4)).toEqual({ rows: [4, 5], droppedRows: 0 })
  })

  test('up to the size that the log may have: then the oldest go, counted where the centre lacks them', async () => {
    const { rows, droppedRows } = await keep(
      Array.from({ length: 80 }, () => daysAgo(1)),
      10,
      {
        maxBytes: 25 * 1_024,
      },
    )
    expect(rows.at(-1)).toBe(81)
    expect(rows[0]).toBeGreaterThan(11)
    expect(droppedRows).toBe(rows[0]! - 11)
  })
})

test('a file that a later version has written is left alone', async () => {
  const file = createFile()
  await (await open(file)).close()
  const db = new DatabaseSync(file)
  db.exec('PRAGMA user_version = 2')
  db.close()
  await expect(open(file)).rejects.toThrow('is of version 2, this gateway knows 1')
})
