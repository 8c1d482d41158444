import type { Reading } from '@clearlane/protocol'
import type { Projection } from '../projection.ts'

/** Readings by slot and time. */
export type History = Projection & {
  /** Readings of a slot with `from <= event time < to`, in order; at most `limit`, behind the cursor if one is given. */
  readings(query: HistoryQuery): { readonly items: readonly Reading[]; readonly next: string | undefined }
  /** A gateway's clock became known: readings of that boot that had no event time get theirs. */
  dateBoot(boot: string, bootUtcMs: number): void
  close(): void
}
export type HistoryQuery = {
  readonly slot: string
  readonly fromMs: number
  readonly toMs: number
  readonly limit: number
  readonly cursor?: string | undefined
}
