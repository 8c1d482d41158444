import { InfluxqlFault } from './fault.ts'

/** What one request may cost. */
export type QueryLimits = {
  readonly withinMs: number
  /** Points that are read. */
  readonly points: number
  /** Values that are held at once, for a median or an answer. */
  readonly values: number
  readonly series: number
  /** Time windows of one series. */
  readonly buckets: number
}

export const DEFAULT_LIMITS: QueryLimits = {
  withinMs: 10_000,
  points: 20_000_000,
  values: 2_000_000,
  series: 20_000,
  buckets: 100_000,
}

export type Budget = {
  /** Counts a point that is read, and looks at the clock now and then. */
  read(): void
  /** Counts values that are kept, or with a negative count let go. */
  hold(count: number): void
  checkSeries(count: number): void
  checkBuckets(count: number): void
}

const POINTS_BETWEEN_LOOKS = 1_024

export const createBudget = (limits: QueryLimits, now: () => number): Budget => {
  const endMs = now() + limits.withinMs
  let points = 0
  let held = 0
  const refuse = (name: string, count: number, limit: number): void => {
    if (count > limit) throw new InfluxqlFault(`${name} limit exceeded: (${count}/${limit})`)
  }
  return {
    read: () => {
      points++
      refuse('max-select-point', points, limits.points)
      if (points % POINTS_BETWEEN_LOOKS === 0 && now() > endMs)
        throw new InfluxqlFault('query-timeout limit exceeded')
    },
    hold: (count) => {
      held += count
      refuse('max-held-value', held, limits.values)
    },
    checkSeries: (count) => refuse('max-select-series', count, limits.series),
    checkBuckets: (count) => refuse('max-select-buckets', count, limits.buckets),
  }
}
