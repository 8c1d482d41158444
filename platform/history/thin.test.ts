import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Sample } from './thin.ts'
import { createThinning } from './thin.ts'

const SPAN = { fromMs: 1_000, toMs: 9_000, stretches: 50 }
const thin = (samples: readonly Sample[]) => {
  const thinning = createThinning(SPAN)
  for (const sample of samples) thinning.take(sample)
  return thinning.end()
}
const nt = fc.integer({ min: -100_000, max: 100_000 })
const samples = fc
  .array(fc.tuple(fc.integer({ min: 1_000, max: 8_999 }), nt, nt, nt, fc.constant(null)), { maxLength: 500 })
  .map((rows): Sample[] => rows.sort((a, b) => a[0] - b[0]))
const stretchOf = (atMs: number): number => Math.floor(((atMs - 1_000) * 50) / 8_000)

test('keeps the peaks of each stretch on every axis, its last sample, and no more than 7', () => {
  fc.assert(
    fc.property(samples, (all) => {
      const { atMs, xNt, yNt, zNt, readings } = thin(all)
      expect(readings).toBe(all.length)
      expect(atMs).toEqual([...atMs].sort((a, b) => a - b))
      for (const [stretch, own] of Map.groupBy(all, ([time]) => stretchOf(time))) {
        const kept = atMs.flatMap((time, index) => (stretchOf(time) === stretch ? [index] : []))
        expect(kept.length).toBeLessThanOrEqual(7)
        expect(atMs[kept.at(-1)!]).toBe(own.at(-1)![0])
        for (const [axis, column] of [xNt, yNt, zNt].entries()) {
          const [before, after] = [
            own.map((sample) => sample[axis + 1]!),
            kept.map((index) => column[index]!),
          ]
          expect([Math.min(...after), Math.max(...after)]).toEqual([Math.min(...before), Math.max(...before)])
        }
      }
    }),
    { numRuns: 200 },
  )
})

test('keeps a sample as a whole', () => {
  fc.assert(
    fc.property(samples, (all) => {
      const { atMs, xNt, yNt, zNt, temperatureC } = thin(all)
      const kept = atMs.map((time, index) => [time, xNt[index], yNt[index], zNt[index], temperatureC[index]])
      expect(all).toEqual(expect.arrayContaining(kept))
    }),
    { numRuns: 50 },
  )
})

test('of samples that are all alike keeps the first and the last of a stretch', () => {
  const alike = [1_000, 1_050, 1_100, 1_159].map((atMs): Sample => [atMs, 1, 2, 3, 20])
  expect(thin(alike)).toEqual({
    readings: 4,
    atMs: [1_000, 1_159],
    xNt: [1, 1],
    yNt: [2, 2],
    zNt: [3, 3],
    temperatureC: [20, 20],
  })
})

test('of nothing makes nothing', () => {
  expect(thin([])).toEqual({ readings: 0, atMs: [], xNt: [], yNt: [], zNt: [], temperatureC: [] })
})
