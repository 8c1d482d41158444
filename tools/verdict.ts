import type { ReadingCounts } from './reading-tally.ts'

/**
 * Compares the truth that the simulator wrote down with what the centre holds.
 *
 * Readings are compared one by one over the raw rows of the platform's log. Stays are compared with confirmed
 * episodes by overlap in the same section. Not scored, but listed: stays within `NEAR_DWELL_MS` of the dwell,
 * two-wheelers, and stays that had no time to settle before the end.
 */
export type LedgerStay = {
  readonly id?: string
  readonly sections: readonly string[]
  readonly vehicle: string
  readonly fromMs: number
  readonly toMs: number
  readonly open?: boolean
}
export type ConfirmedEpisode = {
  readonly id: string
  readonly sections: readonly string[]
  readonly detectedMs: number
  readonly endedMs: number | undefined
  readonly confirmedMs: number
  readonly confirmedReceivedMs: number
}
export type VerdictInput = {
  readonly readings: ReadingCounts
  readonly stays: readonly LedgerStay[]
  readonly episodes: readonly ConfirmedEpisode[]
  readonly dwellMs: number
  readonly holdOffMs: number
  /** The last moment that the ledger speaks of. */
  readonly endMs: number
}
export type NotScored = {
  readonly reason: 'near-dwell' | 'two-wheeler' | 'not-settled'
  readonly stay: LedgerStay
}
export type Verdict = {
  readonly green: boolean
  readonly problems: readonly string[]
  readonly readingsSent: number
  readonly readingsStored: number
  readonly readingsMissing: number
  readonly readingsDuplicated: number
  readonly staysOverDwell: number
  readonly episodesConfirmed: number
  readonly episodesMissed: number
  readonly episodesFalse: number
  readonly episodesDuplicated: number
  readonly notScored: readonly NotScored[]
  /** The first of each kind, to look at. */
  readonly samples: { readonly missed: readonly LedgerStay[]; readonly false: readonly ConfirmedEpisode[] }
  /** Receipt of the confirmation at the centre, less the event time at which the dwell was full; domain time. */
  readonly eventLatencyMs: { readonly p50: number; readonly p99: number }
}

const NEAR_DWELL_MS = 3_000
/** Sampling once a second and the way to the gateway: how far an episode may lie beside its stay. */
const TOLERANCE_MS = 10_000
const SETTLE_MS = 30_000
const MIN_SCORED = 20
const MAX_SAMPLES = 5
const MAX_NOT_SCORED_SHARE = 0.05
const HOUR_MS = 3_600_000

export const toVerdict = (input: VerdictInput): Verdict => {
  const { readings, episodes, dwellMs, holdOffMs, endMs } = input
  const stays = mergeOverlapping(input.stays, holdOffMs)
  const notScored: NotScored[] = []
  const scored: LedgerStay[] = []
  const short: LedgerStay[] = []
  for (const stay of stays) {
    const reason = reasonNotToScore(stay, dwellMs, holdOffMs, endMs)
    if (reason !== undefined) notScored.push({ reason, stay })
    else if (stay.toMs - stay.fromMs > dwellMs) scored.push(stay)
    else short.push(stay)
  }

  const bySection = new Map<string, ConfirmedEpisode[]>()
  for (const episode of episodes) {
    for (const section of episode.sections)
      bySection.set(section, [...(bySection.get(section) ?? []), episode])
  }
  const excused = new Set<string>()
  const matched = new Map<string, LedgerStay>()
  const latencies: number[] = []
  const missed: LedgerStay[] = []
  let episodesDuplicated = 0
  const overlapping = (stay: LedgerStay): ConfirmedEpisode[] =>
    stay.sections.flatMap((section) =>
      (bySection.get(section) ?? []).filter((episode) => isOverlap(stay, episode, endMs)),
    )
  for (const { stay } of notScored) for (const episode of overlapping(stay)) excused.add(episode.id)
  for (const stay of scored) {
    const own = overlapping(stay).filter((episode) => !matched.has(episode.id))
    if (own.length === 0) missed.push(stay)
    episodesDuplicated += Math.max(0, own.length - 1)
    for (const episode of own) matched.set(episode.id, stay)
    const first = own[0]
    if (first !== undefined) latencies.push(Math.max(0, first.confirmedReceivedMs - first.confirmedMs))
  }
  const falseEpisodes = episodes.filter((episode) => !matched.has(episode.id) && !excused.has(episode.id))
  const [episodesMissed, episodesFalse] = [missed.length, falseEpisodes.length]

  const vehicles = stays.filter(({ vehicle }) => vehicle !== 'two-wheeler').length
  const isLong = spanMs(stays) >= HOUR_MS
  const problems = [
    readings.missing > 0 && `${readings.missing} readings are missing`,
    readings.duplicated > 0 && `${readings.duplicated} readings stand twice in the log`,
    readings.unknown > 0 && `${readings.unknown} readings in the log were never sent`,
    episodesMissed > 0 && `${episodesMissed} stays over the dwell have no episode`,
    episodesFalse > 0 && `${episodesFalse} episodes have no stay`,
    episodesDuplicated > 0 && `${episodesDuplicated} stays have more than one episode`,
    scored.length < MIN_SCORED &&
      `only ${scored.length} stays could be scored, at least ${MIN_SCORED} are needed: run longer or faster`,
    isLong &&
      notScored.length > MAX_NOT_SCORED_SHARE * vehicles &&
      `${notScored.length} stays could not be scored, at most 5 % of the ${vehicles} stays of vehicles`,
  ].filter((problem) => problem !== false)
  latencies.sort((a, b) => a - b)
  return {
    green: problems.length === 0,
    problems,
    readingsSent: readings.sent,
    readingsStored: readings.stored,
    readingsMissing: readings.missing,
    readingsDuplicated: readings.duplicated,
    staysOverDwell: scored.length,
    episodesConfirmed: episodes.length,
    episodesMissed,
    episodesFalse,
    episodesDuplicated,
    notScored,
    samples: { missed: missed.slice(0, MAX_SAMPLES), false: falseEpisodes.slice(0, MAX_SAMPLES) },
    eventLatencyMs: { p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99) },
  }
}

const reasonNotToScore = (
  stay: LedgerStay,
  dwellMs: number,
  holdOffMs: number,
  endMs: number,
): NotScored['reason'] | undefined => {
  if (stay.vehicle === 'two-wheeler') return 'two-wheeler'
  if (stay.open === true || stay.toMs > endMs - holdOffMs - SETTLE_MS) return 'not-settled'
  return Math.abs(stay.toMs - stay.fromMs - dwellMs) <= NEAR_DWELL_MS ? 'near-dwell' : undefined
}

/** Stays of one section that overlap, or that follow each other within the hold-off, are one. */
const mergeOverlapping = (stays: readonly LedgerStay[], holdOffMs: number): LedgerStay[] => {
  const latest = new Map<string, LedgerStay>()
  for (const [index, stay] of stays.entries()) latest.set(stay.id ?? `line ${index}`, stay)
  const merged = new Map<string, LedgerStay[]>()
  for (const stay of [...latest.values()].sort((a, b) => a.fromMs - b.fromMs)) {
    const section = stay.sections.join(' ')
    const list = merged.get(section) ?? []
    merged.set(section, list)
    const last = list.at(-1)
    if (last !== undefined && stay.fromMs <= last.toMs + holdOffMs) {
      list[list.length - 1] = {
        ...last,
        vehicle: last.vehicle === 'two-wheeler' ? stay.vehicle : last.vehicle,
        toMs: Math.max(last.toMs, stay.toMs),
        ...(stay.open === true && { open: true }),
      }
    } else {
      list.push(stay)
    }
  }
  return [...merged.values()].flat().sort((a, b) => a.fromMs - b.fromMs)
}

const isOverlap = (stay: LedgerStay, episode: ConfirmedEpisode, endMs: number): boolean =>
  episode.detectedMs < stay.toMs + TOLERANCE_MS && (episode.endedMs ?? endMs) > stay.fromMs - TOLERANCE_MS

const spanMs = (stays: readonly LedgerStay[]): number =>
  stays.length === 0 ? 0 : stays.reduce((max, stay) => Math.max(max, stay.toMs), 0) - stays[0]!.fromMs

const percentile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
