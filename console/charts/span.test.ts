import { describe, expect, test } from 'vitest'
import type { Span } from './span.ts'
import { HOUR_MS, keepBefore, lengthOf, LONGEST_MS, MINUTE_MS, pinch, shift, widen, zoom } from './span.ts'

const HOUR: Span = { fromMs: 0, toMs: HOUR_MS }

test.each([
  { name: 'a quarter later', got: shift(HOUR, 0.25), want: [15, 75] },
  { name: 'its whole length earlier', got: shift(HOUR, -1), want: [-60, 0] },
  { name: 'zoomed in around its middle', got: zoom(HOUR, 0.5), want: [15, 45] },
  { name: 'zoomed in at its left edge', got: zoom(HOUR, 0.5, 0), want: [0, 30] },
  { name: 'zoomed out at its right edge', got: zoom(HOUR, 2, 1), want: [-60, 60] },
  { name: 'widened by half on either side', got: widen(HOUR), want: [-30, 90] },
  { name: 'kept before a moment within it', got: keepBefore(HOUR, 50 * MINUTE_MS), want: [-10, 50] },
  { name: 'left alone before a moment behind it', got: keepBefore(HOUR, 2 * HOUR_MS), want: [0, 60] },
  {
    name: 'fingers spread to twice the distance',
    got: pinch(HOUR, [0.25, 0.5], [0.25, 0.75]),
    want: [7.5, 37.5],
  },
  { name: 'fingers moved together', got: pinch(HOUR, [0.25, 0.5], [0.5, 0.75]), want: [-15, 45] },
  { name: 'fingers on one spot', got: pinch(HOUR, [0.25, 0.5], [0.4, 0.405]), want: [0, 60] },
  { name: 'fingers that pass each other', got: pinch(HOUR, [0.25, 0.5], [0.6, 0.4]), want: [0, 60] },
])('a span is $name', ({ got, want }) => {
  expect([got.fromMs / MINUTE_MS, got.toMs / MINUTE_MS]).toEqual(want)
})

describe('no span is', () => {
  test.each([
    { name: 'shorter than a minute', factor: 1e-9, want: MINUTE_MS },
    { name: 'longer than the platform answers for', factor: 1e9, want: LONGEST_MS },
  ])('$name', ({ factor, want }) => {
    expect(lengthOf(zoom(HOUR, factor))).toBe(want)
  })
})
