import { describe, expect, test } from 'vitest'
import { createReadingTally } from './reading-tally.ts'
import type { ConfirmedEpisode, LedgerStay, Verdict, VerdictInput } from './verdict.ts'
import { toVerdict } from './verdict.ts'

const START = Date.UTC(2026, 5, 1)
const DWELL = 20_000
const EVERY = 100_000
const STAYS = 24

const stayAt = (n: number, change: Partial<LedgerStay> = {}): LedgerStay => ({
  id: `stay-${n}`,
  sections: ['s-1'],
  vehicle: 'car',
  fromMs: START + n * EVERY,
  toMs: START + n * EVERY + 40_000,
  ...change,
})
const episodeAt = (n: number, change: Partial<ConfirmedEpisode> = {}): ConfirmedEpisode => ({
  id: `episode-${n}`,
  sections: ['s-1'],
  detectedMs: START + n * EVERY + 1_000,
  endedMs: START + n * EVERY + 42_000,
  confirmedMs: START + n * EVERY + 21_000,
  confirmedReceivedMs: START + n * EVERY + 21_050,
  ...change,
})
const numbers = Array.from({ length: STAYS }, (_, n) => n)
/** The counts of as many readings as there are stays, each said twice, when the log holds these. */
const tally = (stored: readonly number[]) => {
  const readings = createReadingTally()
  for (const seq of [...numbers, ...numbers]) readings.sent({ device: 'device', boot: 1, seq })
  for (const seq of stored) readings.stored({ device: 'device', boot: 1, seq })
  return readings.counts()
}
const good: VerdictInput = {
  readings: tally(numbers),
  stays: numbers.map((n) => stayAt(n)),
  episodes: numbers.map((n) => episodeAt(n)),
  dwellMs: DWELL,
  holdOffMs: 5_000,
  endMs: START + (STAYS + 5) * EVERY,
}
const GREEN: Partial<Verdict> = {
  green: true,
  problems: [],
  readingsSent: STAYS,
  readingsStored: STAYS,
  readingsMissing: 0,
  readingsDuplicated: 0,
  staysOverDwell: STAYS,
  episodesConfirmed: STAYS,
  episodesMissed: 0,
  episodesFalse: 0,
  episodesDuplicated: 0,
  notScored: [],
  eventLatencyMs: { p50: 50, p99: 50 },
}
const extra = (...stays: readonly LedgerStay[]) => ({ stays: [...good.stays, ...stays] })
const extraEpisodes = (...episodes: readonly ConfirmedEpisode[]) => ({
  episodes: [...good.episodes, ...episodes],
})

test('all there once, each stay with its episode, is green', () => {
  expect(toVerdict(good)).toMatchObject(GREEN)
})

describe('is green', () => {
  test.each([
    {
      name: 'with a stay under the dwell and no episode',
      change: extra(stayAt(25, { toMs: START + 25 * EVERY + 10_000 })),
      want: { staysOverDwell: STAYS },
    },
    {
      name: 'with two overlapping stays of one section as one',
      change: extra(stayAt(3, { id: 'other', toMs: START + 3 * EVERY + 45_000 })),
      want: { staysOverDwell: STAYS, episodesMissed: 0 },
    },
    {
      name: 'with a later line of the same stay in place of the first',
      change: extra(stayAt(3, { toMs: START + 3 * EVERY + 41_000 })),
      want: { staysOverDwell: STAYS },
    },
    {
      name: 'with a stay near the dwell listed, with an episode or without',
      change: extra(stayAt(25, { toMs: START + 25 * EVERY + DWELL + 3_000 })),
      want: { notScored: [{ reason: 'near-dwell' }] },
    },
    {
      name: 'with a two-wheeler listed and its episode excused',
      change: { ...extra(stayAt(25, { vehicle: 'two-wheeler' })), ...extraEpisodes(episodeAt(25)) },
      want: { notScored: [{ reason: 'two-wheeler' }], episodesFalse: 0 },
    },
    {
      name: 'with a stay still open at the end listed',
      change: extra(stayAt(25, { open: true })),
      want: { notScored: [{ reason: 'not-settled' }] },
    },
    {
      name: 'with a stay listed that ended too short before the end',
      change: extra(stayAt(28, { toMs: START + 29 * EVERY - 34_999 })),
      want: { notScored: [{ reason: 'not-settled' }] },
    },
  ])('$name', ({ change, want }) => {
    expect(toVerdict({ ...good, ...change })).toMatchObject({ green: true, ...want })
  })
})

describe('is red', () => {
  test.each([
    {
      name: 'for one reading missing',
      change: { readings: tally(numbers.slice(1)) },
      want: { readingsMissing: 1 },
    },
    {
      name: 'for one reading twice',
      change: { readings: tally([...numbers, 3]) },
      want: { readingsDuplicated: 1, readingsMissing: 0, readingsStored: STAYS + 1 },
    },
    {
      name: 'for a reading that was never sent',
      change: { readings: tally([...numbers, STAYS]) },
      want: { readingsMissing: 0 },
    },
    {
      name: 'for one stay without its episode',
      change: { episodes: good.episodes.slice(1) },
      want: { episodesMissed: 1 },
    },
    {
      name: 'for an episode in another section than the stay',
      change: { episodes: [episodeAt(0, { sections: ['s-2'] }), ...good.episodes.slice(1)] },
      want: { episodesMissed: 1, episodesFalse: 1 },
    },
    {
      name: 'for an episode without a stay',
      change: extraEpisodes(episodeAt(26)),
      want: { episodesFalse: 1 },
    },
    {
      name: 'for an episode over a stay under the dwell',
      change: {
        ...extra(stayAt(25, { toMs: START + 25 * EVERY + 10_000 })),
        ...extraEpisodes(episodeAt(25)),
      },
      want: { episodesFalse: 1 },
    },
    {
      name: 'for two episodes in one stay',
      change: extraEpisodes(episodeAt(3, { id: 'second' })),
      want: { episodesDuplicated: 1 },
    },
    {
      name: 'for 19 stays, which are too few to judge by',
      change: { stays: good.stays.slice(0, 19), episodes: good.episodes.slice(0, 19) },
      want: { staysOverDwell: 19 },
    },
    {
      name: 'for more than a twentieth not scored in an hour',
      change: extra(...[36, 37, 38].map((n) => stayAt(n, { vehicle: 'two-wheeler' }))),
      want: { staysOverDwell: STAYS },
    },
  ])('$name', ({ change, want }) => {
    const verdict = toVerdict({ ...good, endMs: START + 60 * EVERY, ...change })
    expect(verdict).toMatchObject({ green: false, ...want })
    expect(verdict.problems).not.toEqual([])
  })
})

test('20 stays are enough', () => {
  const change = { stays: good.stays.slice(0, 20), episodes: good.episodes.slice(0, 20) }
  expect(toVerdict({ ...good, ...change })).toMatchObject({ green: true, staysOverDwell: 20 })
})

test('nothing at all is red', () => {
  const empty = { readings: createReadingTally().counts(), stays: [], episodes: [] }
  expect(toVerdict({ ...good, ...empty })).toMatchObject({ green: false, staysOverDwell: 0 })
})
