import type { SlotSeries } from '@clearlane/protocol'
import { expect, test } from 'vitest'
import { toFigures, toStretches, toSummary } from './figures.ts'

const series = (over: Partial<SlotSeries> = {}): SlotSeries => ({
  slot: 'a1',
  fromMs: 0,
  toMs: 10_000,
  readings: 3,
  atMs: [1_000, 2_000, 9_000],
  xNt: [20_000, 23_000, 20_000],
  yNt: [0, 4_000, 0],
  zNt: [40_000, 40_000, 40_000],
  temperatureC: [20, null, 21],
  presence: [],
  marks: [],
  silent: [],
  ...over,
})
const known = (sinceMs: number, presence: 'occupied' | 'vacant' | 'unknown', x?: number) => ({
  sinceMs,
  presence,
  evidence: {
    slot: 'a1',
    reason: 'r',
    ...(x !== undefined && { baseline: [x, 0, 40_000] as [number, number, number] }),
  },
})

test.each([
  {
    name: 'is measured from the calibration where no change names a baseline',
    over: {},
    deviation: [0, 5, 0],
  },
  {
    name: 'follows the baseline from change to change',
    over: { presence: [known(0, 'vacant', 20_000), known(5_000, 'vacant', 19_000)] },
    deviation: [0, 5, 1],
  },
  {
    name: 'keeps the baseline through a silence that names none',
    over: { presence: [known(0, 'vacant', 19_000), known(5_000, 'unknown')] },
    deviation: [1, Math.hypot(4, 4), 1],
  },
  {
    name: 'has a hole where the slot was silent',
    over: { silent: [{ fromMs: 2_000, toMs: 9_000 }] },
    deviation: [0, 5, null, 0],
  },
  {
    name: 'is not drawn beyond a silence that lasts',
    over: { silent: [{ fromMs: 9_000, toMs: 10_000 }] },
    deviation: [0, 5, 0],
  },
])('the deviation $name', ({ over, deviation }) => {
  expect(toFigures(series(over), [20_000, 0, 40_000]).deviation).toEqual(deviation)
})

test('without any baseline there is no deviation, and the axes are there all the same', () => {
  const figures = toFigures(series(), undefined)
  expect(figures.deviation).toEqual([null, null, null])
  expect(figures.axes[0]).toEqual([20, 23, 20])
  expect(figures.temperature).toEqual([20, null, 21])
})

test('times stay in order whatever was silent', () => {
  const { atS } = toFigures(
    series({
      silent: [
        { fromMs: 0, toMs: 1_000 },
        { fromMs: 1_000, toMs: 2_000 },
      ],
    }),
    undefined,
  )
  expect(atS).toEqual([...atS].sort((a, b) => a - b))
  expect(new Set(atS).size).toBe(atS.length)
})

test('stretches of presence end at the next change, at the end of the span, and now', () => {
  const presence = [known(-5_000, 'vacant'), known(2_000, 'occupied'), known(6_000, 'unknown')]
  expect(toStretches(series({ presence }), 8_000)).toEqual([
    { presence: 'vacant', fromMs: 0, toMs: 2_000 },
    { presence: 'occupied', fromMs: 2_000, toMs: 6_000 },
    { presence: 'unknown', fromMs: 6_000, toMs: 8_000 },
  ])
})

test('a summary counts what is seen, not what was fetched', () => {
  const one = series({
    presence: [known(0, 'vacant'), known(1_500, 'occupied'), known(4_000, 'vacant')],
    silent: [{ fromMs: 2_000, toMs: 9_000 }],
    marks: [
      { atMs: 1_500, transition: 'detected', episode: 'e' },
      { atMs: 8_000, transition: 'cleared', episode: 'e' },
    ],
  })
  const seen = { fromMs: 0, toMs: 3_000 }
  expect(toSummary(one, toFigures(one, [20_000, 0, 40_000]), seen, 10_000)).toEqual({
    points: 2,
    highest: { atMs: 2_000, microtesla: 5 },
    occupiedMs: 1_500,
    unknownMs: 0,
    silentMs: 1_000,
    events: 1,
  })
})
