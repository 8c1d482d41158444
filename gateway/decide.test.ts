import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Episode, GatewayEvent, Layout, Reading } from '@clearlane/protocol'
import { RuleSetSchema } from '@clearlane/protocol'
import { afterEach, describe, expect, test } from 'vitest'
import type { Clock } from './clock/clock.ts'
import type { Decide } from './decide-port.ts'
import { createDecide } from './decide.ts'
import { createDedupe } from './dedupe.ts'
import type { EventsLog } from './log/events.ts'
import { openEventsLog } from './log/events.ts'
import type { ReadingsLog } from './log/readings.ts'
import { parseRows } from './log/outbox.ts'
import { openReadingsLog } from './log/readings.ts'

const START_MS = Date.UTC(2026, 5, 1, 4)
const DEVICES = ['70b3d57ed001a001', '70b3d57ed001a002'] as const
const EMPTY = { xNt: 33_000, yNt: -3_800, zNt: 36_200 }
const calibration = { ...EMPTY, temperatureC: 20, atMs: 1 }
const layout: Layout = {
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
const rules = RuleSetSchema.parse({
  v: 1,
  site: 's',
  version: 1,
  allowanceMs: 300_000,
  rules: { dwellDayMs: 60_000, dwellNightMs: 60_000, holdOffMs: 5_000, silenceAfterMs: 120_000 },
})

const reading = (slot: 0 | 1, counter: number, atS: number, occupied: boolean): Reading => ({
  device: DEVICES[slot],
  session: 1,
  counter,
  trigger: 'change',
  eventMs: START_MS + atS * 1_000,
  receivedMs: START_MS + atS * 1_000 + 50,
  boot: 'b',
  monotonicMs: atS * 1_000,
  clock: 'device',
  backfill: false,
  link: 'tcp',
  slot: slot === 0 ? 'a1' : 'b1',
  section: slot === 0 ? 'a' : 'b',
  ...EMPTY,
  zNt: EMPTY.zNt + (occupied ? 8_000 : 0),
})
const STAYS = [
  [
    [40, 200],
    [300, 330],
    [500, 900],
  ],
  [
    [100, 180],
    [600, 1_000],
  ],
] as const
const READINGS = [0, 1]
  .flatMap((slot) =>
    Array.from({ length: 130 }, (_, counter) => {
      const atS = counter * 10 + slot
      return reading(
        slot as 0 | 1,
        counter,
        atS,
        STAYS[slot]!.some(([from, to]) => atS >= from && atS < to),
      )
    }),
  )
  .sort((a, b) => a.receivedMs - b.receivedMs)

type House = {
  readonly folder: string
  readonly events: EventsLog
  readonly readings: ReadingsLog
  readonly decide: Decide
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
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)))

/** The decider over its real logs, as a start of the gateway opens them; time is the test's. */
const open = async (folder: string, nowMs = START_MS): Promise<House> => {
  const events = await openEventsLog({ file: join(folder, 'events.sqlite'), onFailure: fail })
  const readings = await openReadingsLog({
    file: join(folder, 'readings.sqlite'),
    commitEveryMs: 600_000,
    onFailure: fail,
  })
  const dedupe = createDedupe()
  const enter = (one: Reading, row: number): void =>
    dedupe.enter(one.device, one.session, one.counter, row, one.eventMs)
  for await (const { first, rows } of readings.scan(1))
    for (const [index, one] of rows.entries()) enter(one, first + index)
  let now = nowMs
  const clock: Clock = {
    boot: 'b',
    nowMs: () => now,
    monotonicMs: () => now - START_MS,
    isKnown: () => true,
    onKnown: () => undefined,
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
    hear: async (one) => {
      now = Math.max(now, one.receivedMs)
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
const createFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'decide-'))
  folders.push(folder)
  return folder
}
/** Everything that was told in the end, ids and revisions aside. */
const told = async ({ events }: House): Promise<string[]> => {
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
const settle = async (house: House): Promise<void> => {
  await turn()
  await house.readings.flush()
  await house.events.append({ events: [], told: [], presences: [], readings: [], readingsCommittedRow: 0 })
}

describe('a gateway that is killed', () => {
  test.each([3, 12, 13, 30, 47, 61, 90, 101, 128, 133, 160, 185, 199, 240])(
    'after %d readings, most of them not yet on disk, tells the same in the end, and nothing twice',
    async (killedAt) => {
      const whole = await open(createFolder())
      for (const one of READINGS) await whole.hear(one)
      await settle(whole)

      const before = await open(createFolder())
      for (const [index, one] of READINGS.slice(0, killedAt).entries()) {
        await before.hear(one)
        if (index % 40 === 39) await before.readings.flush()
      }
      // The events made so far are synced at once; the readings of the last seconds are only in memory.
      await before.events.append({
        events: [],
        told: [],
        presences: [],
        readings: [],
        readingsCommittedRow: 0,
      })
      const image = createFolder()
      cpSync(before.folder, image, { recursive: true })

      const after = await open(image, READINGS[killedAt - 1]!.receivedMs)
      // Nothing was acknowledged that is not on disk, so the devices send it again.
      for (const one of READINGS) await after.hear(one)
      await settle(after)
      expect(await told(after)).toEqual(await told(whole))
    },
  )

  test('finds the readings that made an event although their batch was lost, and hands them to the log', async () => {
    const before = await open(createFolder())
    for (const one of READINGS.filter(({ receivedMs }) => receivedMs < START_MS + 45_000))
      await before.hear(one)
    await before.events.append({ events: [], told: [], presences: [], readings: [], readingsCommittedRow: 0 })
    expect(before.readings.committedRow()).toBe(0)
    expect(before.decide.active().episodes).toHaveLength(1)
    const image = createFolder()
    cpSync(before.folder, image, { recursive: true })
    const after = await open(image, START_MS + 46_000)
    expect(after.decide.active().episodes).toEqual(before.decide.active().episodes)
    await after.readings.flush()
    expect((await after.readings.read(0, 100)).count).toBeGreaterThan(0)
  })
})

test('an end by hand holds over a kill while the vehicle is still there', async () => {
  const before = await open(createFolder())
  for (const one of READINGS.filter(({ receivedMs }) => receivedMs < START_MS + 130_000))
    await before.hear(one)
  const [episode] = before.decide.active().episodes.filter(({ sections }) => sections.includes('a'))
  expect(before.decide.endByHand(episode!.id, 'li', 'a delivery, agreed')).toMatchObject({ ok: true })
  await settle(before)
  const image = createFolder()
  cpSync(before.folder, image, { recursive: true })
  const after = await open(image, START_MS + 131_000)
  for (const one of READINGS.filter(({ receivedMs }) => receivedMs < START_MS + 180_000))
    await after.hear(one)
  expect(after.decide.active().episodes.filter(({ sections }) => sections.includes('a'))).toEqual([])
  expect(after.decide.endByHand(episode!.id, 'li', 'again')).toMatchObject({ ok: false })
})
