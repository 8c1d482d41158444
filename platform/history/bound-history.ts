import type { History, HistoryPage, HistoryQuery, HistorySeries, SeriesQuery } from './history.ts'

/** A history's answers within a bounded time; undefined when it does not give them, for whatever reason. */
export type BoundHistory = {
  readings(query: HistoryQuery): Promise<HistoryPage | undefined>
  series(query: SeriesQuery): Promise<HistorySeries | undefined>
}

export type BoundHistoryOptions = {
  readonly withinMs: number
  /** Queries that the history may have before it at once; one more is not even asked. */
  readonly maxWaiting: number
  readonly onFailure: (cause: unknown) => void
}

/** Bounds how long and how many ask a history: it may be held for hours while a browser asks every few seconds. */
export const boundHistory = (
  history: Pick<History, 'readings' | 'series'>,
  { withinMs, maxWaiting, onFailure }: BoundHistoryOptions,
): BoundHistory => {
  let waiting = 0
  const bound = async <T>(ask: () => Promise<T>): Promise<T | undefined> => {
    if (waiting >= maxWaiting) return undefined
    waiting++
    // A query that came too late still has its place until the history has answered it.
    const found = ask()
      .catch((cause: unknown) => {
        onFailure(cause)
        return undefined
      })
      .finally(() => waiting--)
    const late = Promise.withResolvers<undefined>()
    const timer = setTimeout(late.resolve, withinMs, undefined)
    const answer = await Promise.race([found, late.promise])
    clearTimeout(timer)
    return answer
  }
  return {
    readings: (query) => bound(() => history.readings(query)),
    series: (query) => bound(() => history.series(query)),
  }
}
