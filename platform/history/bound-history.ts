import type { History, HistoryPage, HistoryQuery } from './history.ts'

/** Readings within a bounded time; undefined when the history does not give them, for whatever reason. */
export type BoundReadings = (query: HistoryQuery) => Promise<HistoryPage | undefined>

export type BoundReadingsOptions = {
  readonly withinMs: number
  /** Queries that the history may have before it at once; one more is not even asked. */
  readonly maxWaiting: number
  readonly onFailure: (cause: unknown) => void
}

/** Bounds how long and how many ask a history: it may be held for hours while a browser asks every few seconds. */
export const boundReadings = (
  history: Pick<History, 'readings'>,
  { withinMs, maxWaiting, onFailure }: BoundReadingsOptions,
): BoundReadings => {
  let waiting = 0
  return async (query) => {
    if (waiting >= maxWaiting) return undefined
    waiting++
    // A query that came too late still has its place until the history has answered it.
    const found = history
      .readings(query)
      .catch((cause: unknown) => {
        onFailure(cause)
        return undefined
      })
      .finally(() => waiting--)
    const late = Promise.withResolvers<undefined>()
    const timer = setTimeout(late.resolve, withinMs, undefined)
    const page = await Promise.race([found, late.promise])
    clearTimeout(timer)
    return page
  }
}
