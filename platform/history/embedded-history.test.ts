import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Reading } from '@clearlane/protocol'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { StoredEntry } from '../log/log.ts'
import { openBlock } from './block.ts'
import { openEmbeddedHistory } from './embedded-history.ts'
import { BLOCK_STATES } from './history-file.ts'
import type { Retention } from './upkeep.ts'

const DAY_MS = 86_400_000
const MINUTE_MS = 60_000

let folder: string
let file: string
let history: ReturnType<typeof openEmbeddedHistory>
let damage: string[]
let position: number
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'history-'))
  file = join(folder, 'history.sqlite')
  damage = []
  position = 0
  open()
})
afterEach(() => {
  history.close()
  rmSync(folder, { recursive: true })
})

const open = (over: Partial<Retention> & { maxRecentRows?: number } = {}): void => {
  const { maxRecentRows, ...retention } = over
  history = openEmbeddedHistory({
    file,
    retention: { fullDays: 400, thinnedMinutes: 30, keepDays: 3_650, ...retention },
    syncDelayMs: 0,
    ...(maxRecentRows !== undefined && { maxRecentRows }),
    onDamage: (message) => damage.push(message),
  })
}
const reopen = (over: Parameters<typeof open>[0] = {}): void => {
  history.close()
  open(over)
}
const tend = (): void => {
  while (history.upkeep.step());
}
const reading = (eventMs: number, slot = 'a1'): Reading => ({
  device: '70b3d57ed001a001',
  session: 1,
  counter: Math.floor(eventMs / MINUTE_MS),
  trigger: 'period',
  eventMs,
  receivedMs: eventMs + 100,
  boot: 'b1',
  monotonicMs: eventMs,
  clock: 'device',
  backfill: false,
  link: 'tcp',
  slot,
  section: 'a',
  xNt: 33_000,
  yNt: -3_800,
  zNt: 36_200,
})
const entryOf = (
  channel: StoredEntry['channel'],
  rows: readonly object[],
  receivedMs: number,
): StoredEntry => ({
  position: ++position,
  site: 's',
  gateway: 'gw',
  epoch: 'e1',
  channel,
  first: 1,
  last: 1,
  receivedMs,
  text: JSON.stringify(rows),
})
const take = (rows: readonly Reading[], receivedMs: number): void =>
  history.apply([entryOf('readings', rows, receivedMs)], position)
const day = (number: number, everyMs = MINUTE_MS, slot = 'a1'): Reading[] =>
  Array.from({ length: DAY_MS / everyMs }, (_, index) => reading(number * DAY_MS + index * everyMs, slot))
const find = (slot = 'a1', fromMs = 0, toMs = 5_000 * DAY_MS) =>
  history.readings({ slot, fromMs, toMs, limit: 10_000 }).items

/** Another connection, to look at the file or to change it as a fault would. */
const inFile = <T>(work: (db: DatabaseSync) => T): T => {
  const db = new DatabaseSync(file)
  try {
    return work(db)
  } finally {
    db.close()
  }
}
const count = (table: string): number =>
  inFile((db) => Number(db.prepare(`SELECT count(*) AS count FROM ${table}`).get()?.['count']))
const spoil = (where: string): void =>
  inFile((db) =>
    db.exec(
      `UPDATE block SET body = CAST(substr(body, 1, 20) || x'ff' || substr(body, 22) AS BLOB) WHERE ${where}`,
    ),
  )

test('a day that is over stands in one block of less than 10 bytes a reading', () => {
  const rows = day(10)
  take(rows, 11 * DAY_MS)
  take([], 12 * DAY_MS)
  tend()
  expect([count('block'), count('recent')]).toEqual([1, 0])
  const bytes = inFile((db) => Number(db.prepare('SELECT length(body) AS bytes FROM block').get()?.['bytes']))
  expect(bytes / rows.length).toBeLessThan(10)
  expect(find()).toEqual(rows)
})

test('a day is not closed within the hour after it', () => {
  take([reading(10 * DAY_MS)], 11 * DAY_MS + 59 * MINUTE_MS)
  tend()
  const states = () =>
    inFile((db) =>
      db
        .prepare('SELECT state FROM block')
        .all()
        .map((row) => row['state']),
    )
  expect(states()).toEqual([BLOCK_STATES.part])
  take([], 11 * DAY_MS + 61 * MINUTE_MS)
  tend()
  expect(states()).toEqual([BLOCK_STATES.whole])
})

test('what was put away and not yet taken from where it was, because the process was killed, is there once', () => {
  const rows = day(10, 10 * MINUTE_MS)
  take(rows.slice(0, 100), 10 * DAY_MS)
  take(rows.slice(50), 11 * DAY_MS)
  const slices = inFile((db) => db.prepare('SELECT * FROM recent').all())
  take([], 12 * DAY_MS)
  tend()
  inFile((db) => {
    const add = db.prepare('INSERT INTO recent (id, measurement, body) VALUES (?, ?, ?)')
    for (const { id, measurement, body } of slices) add.run(id!, measurement!, body!)
  })
  reopen()
  expect(find()).toEqual(rows)
  tend()
  expect(find()).toEqual(rows)
  expect([count('block'), count('recent')]).toEqual([1, 0])
})

test('a step that fails changes nothing, and what it would have done is done later', () => {
  const rows = day(10)
  take(rows, 11 * DAY_MS)
  take([], 12 * DAY_MS)
  const lock = new DatabaseSync(file)
  lock.exec('BEGIN IMMEDIATE')
  expect(() => history.upkeep.step()).toThrow('locked')
  expect(find()).toEqual(rows)
  lock.exec('ROLLBACK')
  lock.close()
  tend()
  expect([count('block'), count('recent')]).toEqual([1, 0])
  expect(find()).toEqual(rows)
})

test('a damaged block says of what and when it is, and hides nothing else', () => {
  take([...day(10), ...day(11), ...day(10, MINUTE_MS, 'a2')], 12 * DAY_MS)
  take([], 13 * DAY_MS)
  tend()
  spoil('series = 1 AND day = 10')
  const message =
    'the block of reading of site s, section a, slot a1 on 1970-01-11 is damaged: its checksum is wrong'
  expect(() => find('a1')).toThrow(message)
  expect(find('a1', 11 * DAY_MS)).toEqual(day(11))
  expect(find('a2')).toEqual(day(10, MINUTE_MS, 'a2'))
  // What comes late for that day is kept beside it.
  take([reading(10 * DAY_MS + 1)], 14 * DAY_MS)
  take([], 15 * DAY_MS)
  tend()
  expect(damage).toEqual([message])
  expect(count('block WHERE day = 10 AND series = 1')).toBe(2)
  expect(find('a1', 11 * DAY_MS)).toEqual(day(11))
})

test('a damaged slice is told of and passed over', () => {
  take([reading(10 * DAY_MS)], 10 * DAY_MS)
  take([reading(10 * DAY_MS + MINUTE_MS)], 10 * DAY_MS)
  inFile((db) => db.exec('UPDATE recent SET body = zeroblob(50) WHERE id = 1'))
  reopen()
  expect(damage).toEqual(['slice 1 is damaged: its checksum is wrong'])
  expect(find()).toEqual([reading(10 * DAY_MS + MINUTE_MS)])
})

test('of older days one reading a slot in so many minutes is kept, as it was, and of much older ones none', () => {
  reopen({ fullDays: 5, thinnedMinutes: 60, keepDays: 20 })
  take([...day(10), ...day(20)], 21 * DAY_MS)
  for (let now = 21; now <= 26; now++) take([], now * DAY_MS)
  tend()
  expect(find('a1', 0, 20 * DAY_MS)).toEqual(day(10, 60 * MINUTE_MS))
  expect(find('a1', 20 * DAY_MS)).toEqual(day(20, 60 * MINUTE_MS))
  // A late reading of a thinned day is thinned with it.
  take([reading(20 * DAY_MS + 90 * MINUTE_MS), reading(20 * DAY_MS + 120 * MINUTE_MS)], 27 * DAY_MS)
  tend()
  take([], 28 * DAY_MS)
  tend()
  expect(find('a1', 20 * DAY_MS)).toEqual(day(20, 60 * MINUTE_MS))
  take([], 35 * DAY_MS)
  tend()
  expect(find('a1', 0, 20 * DAY_MS)).toEqual([])
  expect(find('a1')).toHaveLength(24)
  take([], 60 * DAY_MS)
  tend()
  expect([find('a1'), count('block')]).toEqual([[], 0])
})

test('changes of presence are never thinned', () => {
  reopen({ fullDays: 5, thinnedMinutes: 60, keepDays: 20 })
  const changes = Array.from({ length: 10 }, (_, index) => ({
    kind: 'presence',
    slot: 'a1',
    section: 'a',
    presence: index % 2 === 0 ? 'occupied' : 'vacant',
    revision: index + 1,
    sinceMs: 10 * DAY_MS + index * 1_000,
    decidedMs: 10 * DAY_MS,
    evidence: { slot: 'a1', reason: 'field' },
  }))
  history.apply([entryOf('events', changes, 17 * DAY_MS)], position)
  tend()
  const stored = inFile((db) => db.prepare('SELECT state, body FROM block').all())
  const rows = stored.map(({ state, body }) => [state, openBlock(body as Uint8Array).rows])
  expect(rows).toEqual([[BLOCK_STATES.final, changes.length]])
})

test('nobody waits long: a hundred slots of a closing day are put away in many steps', () => {
  const slots = Array.from({ length: 100 }, (_, index) => `s${index}`)
  take(
    slots.flatMap((slot) => day(10, 10 * MINUTE_MS, slot)),
    11 * DAY_MS,
  )
  take([], 12 * DAY_MS)
  let steps = 0
  while (history.upkeep.step()) steps++
  expect(steps).toBeGreaterThan(slots.length)
  expect(find('s7')).toEqual(day(10, 10 * MINUTE_MS, 's7'))
})

test('an open day of many small parts is gathered, and a damaged part holds nothing up', () => {
  reopen({ maxRecentRows: 0 })
  const rows = day(10, 30 * MINUTE_MS)
  for (const [index, row] of rows.entries()) {
    take([row], row.receivedMs)
    if (index === 40) {
      expect(find()).toEqual(rows.slice(0, 41))
      spoil('id = (SELECT max(id) FROM block)')
    }
    tend()
  }
  const states = inFile((db) => db.prepare('SELECT state FROM block ORDER BY state').all())
  const { gathered, damaged } = BLOCK_STATES
  expect(states.map(({ state }) => state)).toEqual([gathered, gathered, gathered, damaged])
  expect(damage).toHaveLength(1)
  expect(() => find()).toThrow('on 1970-01-11 is damaged')
})

test('is behind while more has come than is to be put away at once, and no longer when that is done', () => {
  reopen({ maxRecentRows: 100 })
  take(day(10), 10 * DAY_MS)
  expect(history.upkeep.isBehind()).toBe(true)
  tend()
  expect(history.upkeep.isBehind()).toBe(false)
  expect(find()).toEqual(day(10))
})

test('pages of the file are small', () => {
  expect(inFile((db) => db.prepare('PRAGMA page_size').get())).toEqual({ page_size: 1_024 })
  expect(statSync(file).size % 1_024).toBe(0)
})
