import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Reading } from '@clearlane/protocol'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { StoredEntry } from '../log/log.ts'
import { describeHistory } from './history-contract.ts'
import { openBlock } from './block.ts'
import { openEmbeddedHistory } from './embedded-history.ts'
import type { History } from './history.ts'
import { DEFAULT_RETENTION, openSqliteHistory } from './sqlite-history.ts'

describeHistory('SQLite', () => {
  const place = mkdtempSync(join(tmpdir(), 'history-'))
  return {
    open: () => openSqliteHistory({ file: join(place, 'history.sqlite') }),
    remove: () => rmSync(place, { recursive: true }),
  }
})

describeHistory('SQLite that puts everything away at once', () => {
  const place = mkdtempSync(join(tmpdir(), 'history-'))
  return {
    open: async () => openEager(join(place, 'history.sqlite')),
    remove: () => rmSync(place, { recursive: true }),
  }
})

/** In this thread, and after each slice nothing is left to be put away or closed. */
const openEager = (path: string): History => {
  const history = openEmbeddedHistory({
    file: path,
    retention: DEFAULT_RETENTION,
    syncDelayMs: 0,
    maxRecentRows: 0,
    onDamage: (message) => expect.unreachable(message),
  })
  return {
    name: 'history',
    cursor: history.cursor,
    apply: async (entries, cursor) => {
      history.apply(entries, cursor)
      while (history.upkeep.step());
    },
    readings: async (query) => history.readings(query),
    series: async (query) => history.series(query),
    dateBoot: async (boot, utcMs) => history.dateBoot(boot, utcMs),
    close: async () => history.close(),
  }
}

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'history-'))
  file = join(folder, 'history.sqlite')
})
afterEach(() => rmSync(folder, { recursive: true }))

const empty: StoredEntry = {
  position: 1,
  site: 's',
  gateway: 'gw',
  epoch: 'e1',
  channel: 'readings',
  first: 1,
  last: 1,
  receivedMs: 1,
  text: '[]',
}
const NONE = { slot: 'a1', fromMs: 0, toMs: 1, limit: 1 }

const toReading = (counter: number): Reading => ({
  device: '70b3d57ed001a001',
  session: 1,
  counter,
  trigger: 'period',
  eventMs: counter,
  receivedMs: counter,
  boot: 'b1',
  monotonicMs: counter,
  clock: 'device',
  backfill: false,
  link: 'tcp',
  slot: `a${counter % 100}`,
  section: 'a',
  xNt: 1,
  yNt: 2,
  zNt: 3,
})

test('a commit that takes long leaves the main thread free', async () => {
  const history = await openSqliteHistory({ file, syncDelayMs: 500 })
  let isApplied = false
  let turns = 0
  const turn = (): void => {
    turns++
    if (!isApplied) setImmediate(turn)
  }
  setImmediate(turn)
  await history.apply([empty], 1)
  isApplied = true
  expect(turns).toBeGreaterThan(100)
  await history.close()
})

test('a commit that does not end holds up neither the end of the history nor its next start', async () => {
  const held = await openSqliteHistory({ file, syncDelayMs: 3_600_000 })
  const [applied] = await Promise.all([Promise.allSettled([held.apply([empty], 1)]), held.close()])
  expect(applied[0].status).toBe('rejected')
  const history = await openSqliteHistory({ file })
  expect(history.cursor()).toBe(0)
  await history.apply([empty], 1)
  expect(history.cursor()).toBe(1)
  await history.close()
})

test('more than can be put away at once is held back, and those who ask are answered meanwhile', async () => {
  const history = await openSqliteHistory({ file })
  const [SLICES, ROWS] = [4, 25_000]
  const ask = async () =>
    (await history.readings({ slot: 'a1', fromMs: 0, toMs: SLICES * ROWS, limit: 10_000 })).items
  const MAX_RECENT = 2 * 32_768
  const countRecent = (): number => {
    const db = new DatabaseSync(file, { readOnly: true })
    const bodies = db.prepare('SELECT body FROM recent').all()
    db.close()
    return bodies.reduce((sum, { body }) => sum + openBlock(body as Uint8Array).rows, 0)
  }
  for (let slice = 0; slice < SLICES; slice++) {
    const rows = Array.from({ length: ROWS }, (_, row) => toReading(slice * ROWS + row))
    let isApplied = false
    const apply = async () => {
      await history.apply([{ ...empty, position: slice + 1, text: JSON.stringify(rows) }], slice + 1)
      isApplied = true
      expect(countRecent()).toBeLessThanOrEqual(MAX_RECENT)
    }
    const applied = apply()
    do expect((await ask()).length).toBeGreaterThanOrEqual((slice * ROWS) / 100)
    while (!isApplied)
    await applied
  }
  expect((await ask()).map(({ counter }) => counter)).toEqual(
    Array.from({ length: (SLICES * ROWS) / 100 }, (_, index) => index * 100 + 1),
  )
  await history.close()
})

test('a file that another process has locked is still read, and refuses a slice until it is free', async () => {
  await (await openSqliteHistory({ file })).close()
  const lock = new DatabaseSync(file)
  lock.exec('BEGIN EXCLUSIVE')
  const history = await openSqliteHistory({ file })
  await expect(history.apply([empty], 1)).rejects.toThrow('locked')
  await expect(history.dateBoot('b1', 1)).rejects.toThrow('locked')
  expect((await history.readings(NONE)).items).toEqual([])
  lock.exec('ROLLBACK')
  lock.close()
  await history.apply([empty], 1)
  expect(history.cursor()).toBe(1)
  await history.close()
})

test('a file of another version is made again from the log, and the dates of boots, which are not in it, stay', async () => {
  const older = new DatabaseSync(file)
  older.exec(`
    CREATE TABLE reading (slot TEXT PRIMARY KEY, text TEXT NOT NULL);
    CREATE TABLE boot (boot TEXT PRIMARY KEY, utcMs INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE cursor (id INTEGER PRIMARY KEY, position INTEGER NOT NULL);
    INSERT INTO reading VALUES ('a1', '{}');
    INSERT INTO boot VALUES ('b1', 1000);
    INSERT INTO cursor VALUES (1, 7);
    PRAGMA user_version = 1;
  `)
  older.close()
  const history = await openSqliteHistory({ file })
  expect(history.cursor()).toBe(0)
  const undated = {
    slot: 'a1',
    section: 'a',
    device: '70b3d57ed001a001',
    session: 1,
    counter: 1,
    trigger: 'period',
    receivedMs: 3,
    boot: 'b1',
    monotonicMs: 5,
    clock: 'unknown',
    backfill: false,
    link: 'tcp',
    xNt: 1,
    yNt: 2,
    zNt: 3,
  }
  await history.apply([{ ...empty, text: JSON.stringify([undated]) }], 1)
  expect((await history.readings({ ...NONE, toMs: 2_000 })).items).toEqual([{ ...undated, eventMs: 1_005 }])
  await history.close()
})

test('a file that cannot be opened is tried again by the next request', async () => {
  const missing = join(folder, 'disk', 'history.sqlite')
  const history = await openSqliteHistory({ file: missing })
  await expect(history.readings(NONE)).rejects.toThrow(missing)
  mkdirSync(join(folder, 'disk'))
  expect((await history.readings(NONE)).items).toEqual([])
  await history.close()
})
