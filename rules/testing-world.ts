import type { Layout, RuleSet } from '@clearlane/protocol'
import { RuleSetSchema } from '@clearlane/protocol'
import type { Sample } from './sample.ts'

/** A lane of sections with two slots each and a plain field, for tests that are about order and time. */
export const T0 = Date.UTC(2026, 5, 1, 4, 0, 0)
export const SLOTS = ['a1', 'a2', 'b1', 'b2'] as const
const EMPTY = { xNt: 33_000, yNt: -3_800, zNt: 36_200 }
const VEHICLE_NT = 8_000

export const layout: Layout = {
  v: 1,
  site: 'test',
  name: 'Test',
  version: 1,
  timeZone: 'Asia/Shanghai',
  lanes: [{ id: 'north', name: 'North', kind: 'fire-lane', lengthM: 16 }],
  sections: [
    { id: 'a', name: 'A', lane: 'north', fromM: 0, toM: 8, gateway: 'gw' },
    { id: 'b', name: 'B', lane: 'north', fromM: 8, toM: 16, gateway: 'gw' },
  ],
  slots: SLOTS.map((id, index) => ({
    id,
    section: id[0]!,
    offsetM: 2 + index * 4,
    device: `00000000000000${index}1`.padStart(16, '0'),
    calibration: { ...EMPTY, temperatureC: 20, atMs: T0 - 1 },
  })),
}

export const ruleSet = (over: Partial<RuleSet['rules']> = {}, allowanceMs = 900_000): RuleSet =>
  RuleSetSchema.parse({
    v: 1,
    site: 'test',
    version: 1,
    allowanceMs,
    rules: {
      dwellDayMs: 60_000,
      dwellNightMs: 60_000,
      holdOffMs: 10_000,
      silenceAfterMs: 120_000,
      escalateAfterMs: 600_000,
      ...over,
    },
  })

/** A sample `atS` seconds after T0: a vehicle over the slot, or none. */
export const sampleAt = (slot: string, atS: number, occupied: boolean, counter: number): Sample => ({
  device: layout.slots.find((one) => one.id === slot)!.device!,
  session: 1,
  counter,
  slot,
  row: 0,
  atMs: T0 + atS * 1000,
  ...EMPTY,
  zNt: EMPTY.zNt + (occupied ? VEHICLE_NT : 0) + (counter % 7),
  opinion: undefined,
  isProvisional: false,
})

/** Samples every `everyS` seconds, and at each change, of one slot with the given stays (seconds from T0). */
export const samplesOf = (
  slot: string,
  stays: readonly (readonly [number, number])[],
  untilS: number,
  everyS: number,
): Sample[] => {
  const times = new Set<number>(stays.flat().filter((time) => time <= untilS))
  const phase = SLOTS.indexOf(slot as (typeof SLOTS)[number])
  for (let time = phase; time <= untilS; time += everyS) times.add(time)
  return [...times]
    .sort((a, b) => a - b)
    .map((time, counter) =>
      sampleAt(
        slot,
        time,
        stays.some(([from, to]) => time >= from && time < to),
        counter,
      ),
    )
}
