import type { Episode, Layout, Presence, Reading, Result, RuleSet } from '@clearlane/protocol'

/** What the flow asks of the decider: rules settled and live, told through the event log. */
export type Decide = {
  /** One new reading of a slot that this gateway decides: deduplicated, stamped, in order of arrival; its row in the readings log. */
  reading(reading: Reading, row: number): void
  /** Every reading-log row up to `row` is synced to disk. */
  readingsCommitted(row: number): void
  configure(layout: Layout, rules: RuleSet): void
  endByHand(episode: string, by: string, reason: string): Result<undefined>
  /** The open episodes and the presence of each slot as told, up to event row `eventRow`. */
  active(): {
    readonly eventRow: number
    readonly episodes: readonly Episode[]
    readonly slots: readonly {
      readonly slot: string
      readonly presence: Presence
      readonly sinceMs?: number
    }[]
  }
  counters(): Readonly<Record<string, number>>
  /** Judges and tells at once what was heard, also what is costly to fold. */
  flush(): void
  close(): Promise<void>
}
