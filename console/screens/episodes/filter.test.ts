import type { EpisodeView } from '@clearlane/protocol'
import { describe, expect, test } from 'vitest'
import type { Filter } from './filter.ts'
import { matches, readFilter, toDay, toQuery, wantsEnded, writeFilter } from './filter.ts'

describe('an address and a filter say the same', () => {
  test.each<{ search: string; filter: Filter }>([
    { search: '', filter: {} },
    { search: '?lane=n3', filter: { lane: 'n3' } },
    { search: '?state=blocked', filter: { state: 'blocked' } },
    { search: '?from=2026-11-24&to=2026-11-25', filter: { fromDay: '2026-11-24', toDay: '2026-11-25' } },
    {
      search: '?lane=n3&state=ended&from=2024-02-29',
      filter: { lane: 'n3', state: 'ended', fromDay: '2024-02-29' },
    },
  ])('$search', ({ search, filter }) => {
    expect(readFilter(search)).toEqual(filter)
    expect(writeFilter(filter)).toBe(search)
  })
})

test.each([
  '?state=red',
  '?from=yesterday',
  '?from=2026-02-30',
  '?to=2026-13-01',
  '?lane=',
  '?%%%',
  '?other=1',
])('%s narrows nothing', (search) => {
  expect(readFilter(search)).toEqual({})
})

test('days are the whole days of the reader, the last one included', () => {
  const { from, to } = toQuery({ fromDay: '2026-11-24', toDay: '2026-11-24' })
  expect(new Date(Number(from))).toEqual(new Date(2026, 10, 24))
  expect(new Date(Number(to))).toEqual(new Date(2026, 10, 25))
  expect(toDay(Number(from))).toBe('2026-11-24')
  expect(toDay(Number(to) - 1)).toBe('2026-11-24')
})

const view = (over: Partial<EpisodeView['episode']>): EpisodeView => ({
  site: 's',
  gateway: 'g',
  epoch: 'e',
  firstReceivedMs: 1,
  receivedMs: 1,
  late: false,
  seen: [],
  episode: {
    id: 'x',
    revision: 1,
    lane: 'n3',
    sections: ['n3-a'],
    suspect: 'unknown',
    detectedMs: new Date(2026, 10, 24, 12).getTime(),
    confirmed: false,
    unobserved: false,
    rulesVersion: 1,
    layoutVersion: 1,
    ...over,
  },
})

test.each([
  { filter: {}, over: {}, want: true },
  { filter: { lane: 'n3' }, over: {}, want: true },
  { filter: { lane: 'w' }, over: {}, want: false },
  { filter: { state: 'open' }, over: {}, want: true },
  { filter: { state: 'open' }, over: { end: 'cleared' }, want: false },
  { filter: { state: 'ended' }, over: { end: 'passed' }, want: true },
  { filter: { state: 'ended' }, over: {}, want: false },
  { filter: { state: 'pre-alarm' }, over: {}, want: true },
  { filter: { state: 'pre-alarm' }, over: { confirmed: true }, want: false },
  { filter: { state: 'blocked' }, over: { confirmed: true }, want: true },
  { filter: { state: 'blocked' }, over: { confirmed: true, unobserved: true }, want: false },
  { filter: { state: 'unobserved' }, over: { confirmed: true, unobserved: true }, want: true },
  { filter: { state: 'unobserved' }, over: { unobserved: true, end: 'cleared' }, want: false },
  { filter: { state: 'alarmed' }, over: { confirmed: true, end: 'cleared' }, want: true },
  { filter: { state: 'alarmed' }, over: { end: 'passed' }, want: false },
  { filter: { fromDay: '2026-11-24', toDay: '2026-11-24' }, over: {}, want: true },
  { filter: { fromDay: '2026-11-25' }, over: {}, want: false },
  { filter: { toDay: '2026-11-23' }, over: {}, want: false },
] as const)('$filter and an episode with $over: $want', ({ filter, over, want }) => {
  expect(matches(filter, view(over))).toBe(want)
})

test.each([
  { state: undefined, want: true },
  { state: 'ended', want: true },
  { state: 'alarmed', want: true },
  { state: 'open', want: false },
  { state: 'blocked', want: false },
  { state: 'pre-alarm', want: false },
  { state: 'unobserved', want: false },
] as const)('a list of $state asks for what has ended: $want', ({ state, want }) => {
  expect(wantsEnded(state === undefined ? {} : { state })).toBe(want)
})
