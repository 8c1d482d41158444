import { cpSync } from 'node:fs'
import type { Reading } from '@clearlane/protocol'
import { describe, expect, test } from 'vitest'
import { createFolder, DEVICES, EMPTY, open, settle, START_MS, told } from './testing-house.ts'

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

      const after = await open(image, { nowMs: READINGS[killedAt - 1]!.receivedMs })
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
    const after = await open(image, { nowMs: START_MS + 46_000 })
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
  const after = await open(image, { nowMs: START_MS + 131_000 })
  for (const one of READINGS.filter(({ receivedMs }) => receivedMs < START_MS + 180_000))
    await after.hear(one)
  expect(after.decide.active().episodes.filter(({ sections }) => sections.includes('a'))).toEqual([])
  expect(after.decide.endByHand(episode!.id, 'li', 'again')).toMatchObject({ ok: false })
})

test('an event does not wait for a slow commit of readings, not even of the one that made it', async () => {
  const house = await open(createFolder(), { readingsSyncDelayMs: 2_000 })
  await house.hear(reading(0, 0, 0, false))
  const slow = house.readings.flush()
  await house.hear(reading(0, 1, 10, true))
  const told = new Promise<number>((resolve) => house.events.onCommit(({ first }) => resolve(first)))
  await told
  expect(house.decide.active().episodes).toHaveLength(1)
  expect(house.readings.committedRow()).toBe(0)
  await slow
})

test('while no clock is known an alarm is told without times; once it is, a revision dates it', async () => {
  const SHIFT_MS = 5_000_000
  const house = await open(createFolder(), { isClockKnown: false })
  for (const [counter, atS, occupied] of [
    [0, 0, false],
    [1, 40, true],
    [2, 70, true],
    [3, 110, true],
  ] as const) {
    const { eventMs: _, ...undated } = reading(0, counter, atS, occupied)
    await house.hear({ ...undated, clock: 'unknown' })
  }
  await settle(house)
  const [alarm] = house.decide.active().episodes
  expect(alarm).toMatchObject({ confirmed: true })
  expect([alarm?.detectedMs, alarm?.confirmedMs]).toEqual([undefined, undefined])

  house.learnClock(SHIFT_MS)
  await settle(house)
  const detectedMs = START_MS + SHIFT_MS + 40_050
  expect(house.decide.active().episodes).toMatchObject([
    { id: alarm!.id, confirmed: true, detectedMs, confirmedMs: detectedMs + 60_000 },
  ])
  expect(house.decide.active().episodes[0]!.revision).toBeGreaterThan(alarm!.revision)
})
