import { expect, test } from 'vitest'
import { DAY_MS, HOUR_MS, lengthOf } from '../../charts/span.ts'
import { readAt, toFirstView, toSpan, toView } from './view.ts'

test.each([
  { search: '', want: undefined },
  { search: '?at=', want: undefined },
  { search: '?at=noon', want: undefined },
  { search: '?at=-5', want: undefined },
  { search: '?at=1e9', want: undefined },
  { search: '?at=1764000000000', want: 1_764_000_000_000 },
])('the address $search points at $want', ({ search, want }) => {
  expect(readAt(search)).toBe(want)
})

test('a link opens an hour around its moment, an address without one the last day', () => {
  const atMs = 10 * DAY_MS
  expect(toSpan(toFirstView(atMs), 11 * DAY_MS)).toEqual({
    fromMs: atMs - HOUR_MS / 2,
    toMs: atMs + HOUR_MS / 2,
  })
  expect(lengthOf(toSpan(toFirstView(undefined), 11 * DAY_MS))).toBe(DAY_MS)
})

test('what is followed moves with now in steps, what was chosen by hand stands', () => {
  const latest = toFirstView(undefined)
  expect(toSpan(latest, 10 * DAY_MS + 1)).toEqual(toSpan(latest, 10 * DAY_MS + 100_000))
  expect(toSpan(latest, 10 * DAY_MS + 1).toMs).toBeGreaterThan(10 * DAY_MS)
  const chosen = toView({ fromMs: 0, toMs: HOUR_MS }, DAY_MS)
  expect(toSpan(chosen, 5 * DAY_MS)).toEqual({ fromMs: 0, toMs: HOUR_MS })
})

test('a span pushed beyond now follows now, as long as it was', () => {
  expect(toView({ fromMs: HOUR_MS, toMs: 3 * HOUR_MS }, 2 * HOUR_MS)).toEqual({
    kind: 'latest',
    lengthMs: 2 * HOUR_MS,
  })
})
