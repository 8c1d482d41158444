import type { Reading, SlotSeries } from '@clearlane/protocol'
import type { Projection } from '../projection.ts'

/**
 * Readings by slot and time. A history may be slow, or not be there for hours: then its promises take long or are
 * rejected, and whoever asks comes again. Nothing else may wait for them.
 */
export type History = Projection & {
  /** Readings of a slot with `from <= event time < to`, in order; at most `limit`, behind the cursor if one is given. */
  readings(query: HistoryQuery): Promise<HistoryPage>
  /** Readings of a slot over a span, thinned to what a chart can show, and where there are none. */
  series(query: SeriesQuery): Promise<HistorySeries>
  /**
   * A gateway's clock became known: readings of that boot that had no event time get theirs, also those that are
   * applied later. The first word on a boot counts; the same again changes nothing.
   */
  dateBoot(boot: string, bootUtcMs: number): Promise<void>
  /** Ends within a bounded time; what it does not get done by then stands nowhere, and its promise is rejected. */
  close(): Promise<void>
}
export type HistoryQuery = {
  readonly slot: string
  readonly fromMs: number
  readonly toMs: number
  readonly limit: number
  readonly cursor?: string | undefined
}
export type HistoryPage = { readonly items: readonly Reading[]; readonly next: string | undefined }
export type SeriesQuery = {
  readonly slot: string
  readonly fromMs: number
  readonly toMs: number
  /** Into how many stretches of time the span is cut. */
  readonly points: number
  readonly silenceAfterMs: number
  /** Domain time: behind it nothing is silent yet. */
  readonly nowMs: number
}
export type HistorySeries = Pick<
  SlotSeries,
  'readings' | 'atMs' | 'xNt' | 'yNt' | 'zNt' | 'temperatureC' | 'silent'
>
