import type { Episode, EpisodeEvent, GatewayEvent, PresenceEvent, Reading } from '@clearlane/protocol'
import type { Told } from '@clearlane/rules'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, expect, test } from 'vitest'
import type { EventsEntry, EventsLog } from './events.ts'
import { openEventsLog } from './events.ts'
import { parseRows } from './outbox.ts'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})
const createFile = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'events-'))
  folders.push(folder)
  return join(folder, 'events.sqlite')
}
const open = (file: string): Promise<EventsLog> =>
  openEventsLog({
    file,
    onFailure: (failure) => {
      throw failure
    },
  })

const episode = (id: string, revision = 1): Episode => ({
  id,
  revision,
  lane: 'north',
  sections: ['a'],
  suspect: 'unknown',
  detectedMs: 1_000,
  confirmed: false,
  unobserved: false,
  rulesVersion: 1,
  layoutVersion: 1,
})
const event = (id: string, revision = 1): EpisodeEvent => ({
  kind: 'episode',
  transition: 'detected',
  atMs: 1_000,
  decidedMs: 1_001,
  episode: episode(id, revision),
  evidence: [],
})
const told = (id: string): Told => ({
  lane: 'north',
  section: 'a',
  episode: episode(id),
  namedMs: 1_000,
  fromMs: 1_000,
  toMs: Infinity,
})
const presence: PresenceEvent = {
  kind: 'presence',
  slot: 'a1',
  section: 'a',
  presence: 'occupied',
  revision: 1,
  decidedMs: 1_001,
  evidence: { slot: 'a1', reason: 'the field left the empty band' },
}
const reading = (counter: number) => ({ device: '00000000000000a1', session: 1, counter }) as Reading
const entry = (events: readonly GatewayEvent[], over: Partial<EventsEntry> = {}): EventsEntry => ({
  events,
  told: [],
  presences: [],
  readings: [],
  readingsCommittedRow: 0,
  ...over,
})

const readEpisodes = async (log: EventsLog, after: number) => {
  const rows = await log.read(after, 10)
  const ids = parseRows<EpisodeEvent>(rows).map((one) => one.episode.id)
  expect(rows.count).toBe(ids.length)
  return { first: rows.first, ids }
}

test('numbers events from 1, announces each commit, and reads them back after a restart', async () => {
  const file = createFile()
  const log = await open(file)
  const commits: [number, number][] = []
  log.onCommit(({ first, count }) => void commits.push([first, count]))
  await Promise.all([log.append(entry([event('x'), event('y')])), log.append(entry([event('z')]))])
  expect(commits).toEqual([
    [1, 2],
    [3, 1],
  ])
  const { epoch } = log
  await log.close()

  const again = await open(file)
  expect(again.epoch).toBe(epoch)
  expect(again.committedRow()).toBe(3)
  expect(await readEpisodes(again, 1)).toEqual({ first: 2, ids: ['y', 'z'] })
  await again.close()
})

test('keeps what was told, presences and uncommitted readings with the event that they made', async () => {
  const file = createFile()
  const log = await open(file)
  await log.append(
    entry([event('x')], {
      told: [told('x')],
      presences: [presence],
      readings: [{ row: 7, json: JSON.stringify(reading(3)) }],
    }),
  )
  await log.close()
  const again = await open(file)
  expect(again.recovered()).toMatchObject({
    told: [{ episode: { id: 'x' }, toMs: Number.POSITIVE_INFINITY }],
    presences: [{ slot: 'a1' }],
    readings: [{ row: 7, reading: { counter: 3 } }],
  })
  await again.append(entry([event('y')], { readingsCommittedRow: 7 }))
  await again.close()
  const last = await open(file)
  expect(last.recovered().readings).toEqual([])
  await last.close()
})

test('forgets what was told of a settled episode only together with the snapshot that settled it', async () => {
  const file = createFile()
  const log = await open(file)
  await log.append(entry([event('x'), event('y')], { told: [told('x'), told('y')] }))
  await log.saveSnapshot(Uint8Array.of(1, 2, 3), ['x'])
  await log.close()
  const again = await open(file)
  expect(again.recovered()).toMatchObject({
    told: [{ episode: { id: 'y' } }],
    snapshot: Uint8Array.of(1, 2, 3),
  })
  await again.close()
})

test('steps over a parked row, keeps it, and never gives its number to another event', async () => {
  const file = createFile()
  const log = await open(file)
  await log.append(entry([event('x'), event('y'), event('z')]))
  await log.park(2, 3, 'the broker closed the connection on it three times')
  expect(await readEpisodes(log, 0)).toEqual({ first: 1, ids: ['x'] })
  expect(await readEpisodes(log, 1)).toEqual({ first: 2, ids: [] })
  expect(log.stats().parkedRows).toBe(2)
  await log.close()
  const again = await open(file)
  expect(again.committedRow()).toBe(3)
  await again.append(entry([event('w')]))
  expect(await readEpisodes(again, 1)).toEqual({ first: 4, ids: ['w'] })
  await again.close()
})

test('remembers what the centre acknowledged', async () => {
  const file = createFile()
  const log = await open(file)
  await log.append(entry([event('x'), event('y')]))
  log.acknowledge(99)
  expect(log.acknowledgedRow()).toBe(0)
  log.acknowledge(1)
  await log.close()
  const again = await open(file)
  expect(again.acknowledgedRow()).toBe(1)
  await again.close()
})

test('waits for a disk that refuses, says so, and loses nothing', async () => {
  const file = createFile()
  const failures: Error[] = []
  const { promise: failed, resolve } = Promise.withResolvers<void>()
  const log = await openEventsLog({
    file,
    onFailure: (failure) => {
      failures.push(failure)
      resolve()
    },
  })
  const blocker = new DatabaseSync(file)
  blocker.exec('BEGIN IMMEDIATE')
  const appended = log.append(entry([event('x')]))
  await failed
  expect(failures[0]!.message).toContain('database is locked')
  expect(log.committedRow()).toBe(0)
  blocker.exec('ROLLBACK')
  blocker.close()
  await appended
  expect(log.committedRow()).toBe(1)
  await log.close()
})
