import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Episode, GatewayEvent, Layout, Reading } from '@clearlane/protocol'
import { RuleSetSchema } from '@clearlane/protocol'
import { afterEach } from 'vitest'
import type { Clock } from './clock/clock.ts'
import type { Decide } from './decide-port.ts'
import { createDecide } from './decide.ts'
import type { Dedupe } from './dedupe.ts'
import { createDedupe } from './dedupe.ts'
import type { EventsLog } from './log/events.ts'
import { openEventsLog } from './log/events.ts'
import { parseRows } from './log/outbox.ts'
import type { ReadingsLog } from './log/readings.ts'
import { openReadingsLog } from './log/readings.ts'

/** A small site and the gateway's inner parts over real logs, for tests that are about what is told in the end. */
export const START_MS = Date.UTC(2026, 5, 1, 4)
export const DEVICES = ['70b3d57ed001a001', '70b3d57ed001a002'] as const
export const EMPTY = { xNt: 33_000, yNt: -3_800, zNt: 36_200 }
const calibration = { ...EMPTY, temperatureC: 20, atMs: 1 }
export const layout: Layout = {
  v: 1,
  site: 's',
  name: 'Test',
  version: 1,
  timeZone: 'Asia/Shanghai',
  lanes: [{ id: 'north', name: 'North', kind: 'fire-lane', lengthM: 16 }],
  sections: [
    { id: 'a', name: 'A', lane: 'north', fromM: 0, toM: 8, gateway: 'gw' },
    { id: 'b', name: 'B', lane: 'north', fromM: 8, toM: 16, gateway: 'gw' },
  ],
  slots: [
    { id: 'a1', section: 'a', offsetM: 2, device: DEVICES[0], calibration },
    { id: 'b1', section: 'b', offsetM: 10, device: DEVICES[1], calibration },
  ],
}
export const rules = RuleSetSchema.parse({
  v: 1,
  site: 's',
  version: 1,
  allowanceMs: 300_000,
  rules: { dwellDayMs: 60_000, dwellNightMs: 60_000, holdOffMs: 5_000, silenceAfterMs: 120_000 },
})

/** The decider over its real logs, as a start of the gateway opens them; time is the test's. */
export type House = {
  readonly folder: string
  readonly events: EventsLog
  readonly readings: ReadingsLog
  readonly decide: Decide
  readonly dedupe: Dedupe
  readonly clock: Clock
  /** Domain time moves on, never back. */
  passTo(nextMs: number): void
  /** The clock, not known until now, turns out to be this much ahead. */
  learnClock(shiftMs: number): void
  hear(reading: Reading): Promise<void>
  close(): Promise<void>
}
const houses: House[] = []
const folders: string[] = []
afterEach(async () => {
  for (const house of houses.splice(0)) await house.close()
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})
const fail = (failure: Error): never => {
  throw failure
}
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)))

export const open = async (
  folder: string,
  { nowMs = START_MS, readingsSyncDelayMs = 0, isClockKnown = true } = {},
): Promise<House> => {
  const events = await openEventsLog({ file: join(folder, 'events.sqlite'), onFailure: fail })
  const readings = await openReadingsLog({
    file: join(folder, 'readings.sqlite'),
    commitEveryMs: 600_000,
    syncDelayMs: readingsSyncDelayMs,
    onFailure: fail,
  })
  const dedupe = createDedupe()
  const enter = (one: Reading, row: number): void =>
    dedupe.enter(one.device, one.session, one.counter, row, one.eventMs)
  for await (const { first, rows } of readings.scan(1))
    for (const [index, one] of rows.entries()) enter(one, first + index)
  let now = nowMs
  let isKnown = isClockKnown
  const knownListeners: ((shiftMs: number) => void)[] = []
  const clock: Clock = {
    boot: 'b',
    nowMs: () => now,
    monotonicMs: () => now - START_MS,
    isKnown: () => isKnown,
    onKnown: (listener) => knownListeners.push(listener),
    createAlarm: () => ({ set: () => undefined, clear: () => undefined }),
  }
  const decide = await createDecide({
    gateway: 'gw',
    events,
    readings: {
      ...readings,
      append: (one) => {
        const row = readings.append(one)
        enter(one, row)
        return row
      },
    },
    clock,
    holeSinceMs: dedupe.holeSinceMs,
    layout,
    rules,
    onFailure: fail,
  })
  readings.onCommit(({ first, count }) => decide.readingsCommitted(first + count - 1))
  const house: House = {
    folder,
    events,
    readings,
    decide,
    dedupe,
    clock,
    passTo: (nextMs) => {
      now = Math.max(now, nextMs)
    },
    learnClock: (shiftMs) => {
      isKnown = true
      now += shiftMs
      for (const listener of knownListeners) listener(shiftMs)
    },
    hear: async (one) => {
      house.passTo(one.receivedMs)
      if (dedupe.isNew(one.device, one.session, one.counter) !== 'new') return
      const row = readings.append(one)
      enter(one, row)
      decide.reading(one, row)
      await turn()
    },
    close: async () => {
      await decide.close()
      await readings.close()
      await events.close()
    },
  }
  houses.push(house)
  return house
}
export const createFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'decide-'))
  folders.push(folder)
  return folder
}
/** Everything that was told in the end, ids and revisions aside. */
export const told = async ({ events }: House): Promise<string[]> => {
  const last = new Map<string, Episode>()
  for (let after = 0; ;) {
    const { first, ...rest } = await events.read(after, 100)
    const rows = parseRows<GatewayEvent>({ first, ...rest })
    if (rows.length === 0) break
    for (const row of rows) {
      if (row.kind !== 'episode') continue
      if (row.episode.revision > (last.get(row.episode.id)?.revision ?? 0))
        last.set(row.episode.id, row.episode)
    }
    after = first + rows.length - 1
  }
  return [...last.values()]
    .filter((episode) => episode.end !== 'voided')
    .map(({ id: _id, revision: _revision, ...episode }) => JSON.stringify(episode))
    .sort()
}
export const settle = async (house: House): Promise<void> => {
  await turn()
  house.decide.flush()
  await house.readings.flush()
  await house.events.append({ events: [], told: [], presences: [], readings: [], readingsCommittedRow: 0 })
}
