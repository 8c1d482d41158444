import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseLayout } from '@clearlane/protocol'
import { describe, expect, test } from 'vitest'
import { calibrate, SiteFileSchema } from '../estate.ts'
import type { Visit } from '../scenario/visits.ts'
import { placeOf, visitsOf } from '../scenario/visits.ts'
import { addDipole, EARTH_FIELD_NT, toLaneAxes } from './field.ts'
import { createRandom } from './random.ts'
import { PARTS, readField } from './sensor.ts'
import { addVehicle } from './vehicle.ts'

const take = (count: number, over: Partial<Parameters<typeof visitsOf>[0]> = {}): Visit[] =>
  visitsOf({
    seed: 5,
    section: 'a',
    fromM: 0,
    toM: 8,
    earthInLane: toLaneAxes(EARTH_FIELD_NT, 80),
    momentScale: 1,
    arrivalsPerHour: 30,
    dwellMs: 20_000,
    sensorsM: [2, 6],
    ...over,
  })
    .take(count)
    .toArray()
const stays = (visits: readonly Visit[]) =>
  visits.map(({ id, fromMs, toMs, vehicle }) => ({ id, fromMs, toMs, kind: vehicle.kind }))

test('a dipole of 1 A·m² one metre below has 200 nT along its axis and 100 nT beside it', () => {
  const above: [number, number, number] = [0, 0, 0]
  addDipole(above, [0, 0, 1], 0, 0, 1)
  expect(above).toEqual([0, 0, 200])
  const beside: [number, number, number] = [0, 0, 0]
  addDipole(beside, [0, 0, 1], 1, 0, 0)
  expect(beside).toEqual([0, 0, -100])
})

test.each([0, 45, 90, 213])(
  'a lane that runs along %d degrees sees the same strength of Earth field',
  (heading) => {
    expect(Math.hypot(...toLaneAxes(EARTH_FIELD_NT, heading))).toBeCloseTo(Math.hypot(...EARTH_FIELD_NT), 6)
  },
)

test.each(Object.entries(PARTS))(
  '%s has the noise of its data sheet and reads in its own steps',
  (name, part) => {
    const read = (index: number) => readField(name as keyof typeof PARTS, 'x', index, [0, 0, 0], 20)[0]
    const values = Array.from({ length: 5_000 }, (_, index) => read(index))
    const deviation = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length)
    expect(deviation).toBeGreaterThan(part.noiseNt * 0.9)
    expect(deviation).toBeLessThan(Math.hypot(part.noiseNt, part.lsbNt) * 1.1)
    expect(read(7)).toBe(read(7))
  },
)

describe('the scenario', () => {
  test('depends on its seed alone', () => {
    expect(take(50)).toEqual(take(50))
    expect(stays(take(50, { seed: 6 }))).not.toEqual(stays(take(50)))
  })

  test('is the same for another heading and without magnetism: only the fields differ', () => {
    const turned = take(200, { earthInLane: toLaneAxes(EARTH_FIELD_NT, 200) })
    expect(stays(turned)).toEqual(stays(take(200)))
    expect(turned[0]!.vehicle).not.toEqual(take(1)[0]!.vehicle)
    expect(stays(take(200, { momentScale: 0 }))).toEqual(stays(take(200)))
  })

  test('has one vehicle at a time in a section, and half a minute between two stays', () => {
    const visits = take(500)
    for (let next = 1; next < visits.length; next++) {
      expect(visits[next]!.fromMs - visits[next - 1]!.toMs).toBeGreaterThan(30_000)
    }
  })

  test('leaves at most one stay in twenty unscored: near the dwell, or of a two-wheeler', () => {
    const visits = take(4_000)
    const unscored = visits.filter(
      ({ vehicle, fromMs, toMs }) =>
        vehicle.kind === 'two-wheeler' || Math.abs(toMs - fromMs - 20_000) <= 3_000,
    )
    expect(unscored.length / visits.length).toBeLessThan(0.05)
  })

  test('stops every car and van where a sensor of its section sees it clearly, and the next section does not', () => {
    for (const { vehicle, stopM, acrossM } of take(1_000)) {
      if (vehicle.kind === 'two-wheeler') continue
      const felt = (sensorM: number): number => {
        const sum: [number, number, number] = [0, 0, 0]
        addVehicle(sum, vehicle, stopM, acrossM, sensorM)
        return Math.hypot(...sum)
      }
      expect(Math.max(felt(2), felt(6))).toBeGreaterThan(2_000)
      expect(Math.max(felt(-2), felt(10))).toBeLessThan(900)
    }
  })

  test('moves a vehicle in, lets it stand, and moves it out', () => {
    const [visit] = take(1) as [Visit]
    expect(placeOf(visit, visit.fromMs - 60_000)).toBeUndefined()
    expect(placeOf(visit, visit.fromMs - 2_000)).toEqual({ alongM: visit.stopM - 8, acrossM: 3 })
    expect(placeOf(visit, visit.fromMs)).toEqual({ alongM: visit.stopM, acrossM: visit.acrossM })
    expect(placeOf(visit, visit.toMs)).toEqual({ alongM: visit.stopM, acrossM: visit.acrossM })
    expect(placeOf(visit, visit.toMs + 60_000)).toBeUndefined()
  })

  test('vehicles without magnetism change no field', () => {
    const [visit] = take(1, { momentScale: 0 }) as [Visit]
    const sum: [number, number, number] = [0, 0, 0]
    addVehicle(sum, visit.vehicle, visit.stopM, 0, visit.stopM)
    expect(Math.hypot(...sum)).toBe(0)
  })
})

test('names of random streams make them independent and even', () => {
  const random = createRandom('a')
  const mean = Array.from({ length: 10_000 }, random).reduce((sum, value) => sum + value, 0) / 10_000
  expect(mean).toBeCloseTo(0.5, 1)
  expect(createRandom('b')()).not.toBe(createRandom('a')())
})

test('the demonstration site is a valid layout of at least 4 lanes, 12 sections and 24 slots, calibrated as its sensors read', () => {
  const site = SiteFileSchema.parse(
    JSON.parse(readFileSync(join(import.meta.dirname, '../sites/demo.json'), 'utf8')),
  )
  const { layout } = site
  expect(parseLayout(layout)).toMatchObject({ ok: true })
  expect(layout.lanes.length).toBeGreaterThanOrEqual(4)
  expect(layout.sections.length).toBeGreaterThanOrEqual(12)
  expect(layout.slots.length).toBeGreaterThanOrEqual(24)
  expect(calibrate(layout, 0, layout.slots[0]!.calibration!.atMs)).toEqual(layout)
})
