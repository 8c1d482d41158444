import type { Channel } from '@clearlane/protocol'

/**
 * The platform's memory: what gateways said, once, in order of commit. Everything else is a projection of it and can
 * be made again. `append` resolves when the entry is on disk; then the gateway may forget.
 */
export type Log = {
  append(entry: LogEntry): Promise<Appended>
  /** Entries behind a position, at most `limit`, in order; none behind the one whose text reaches `maxBytes` in sum. */
  read(after: number, limit: number, channel?: LogChannel, maxBytes?: number): Promise<StoredEntry[]>
  /** The highest position; 0 when empty. */
  position(): number
  /** Rows on disk without a hole, and rows that their gateway gave up, for each gateway, epoch and channel. */
  progress(): readonly Progress[]
  close(): Promise<void>
}

/**
 * `active` are the snapshots of open episodes, `samples` what the platform itself sees once a minute: kept in order
 * with the rest, without rows of their own.
 */
export type LogChannel = Channel | 'active' | 'samples'

/** Whether a gateway numbers the rows of a channel, and waits for the word that they are here. */
export const hasRows = (channel: LogChannel): channel is Channel =>
  channel === 'readings' || channel === 'events'

export type LogEntry = {
  readonly site: string
  readonly gateway: string
  readonly epoch: string
  readonly channel: LogChannel
  readonly after: number
  readonly first: number
  readonly last: number
  readonly receivedMs: number
  /** JSON of the rows, an array; of an entry without rows the message in an array. */
  readonly text: string
}
export type StoredEntry = Omit<LogEntry, 'after'> & { readonly position: number }

/** `gap`: it follows a row that is not here, so nothing was kept. `row` is what stands without a hole now. */
export type Appended = {
  readonly outcome: 'committed' | 'duplicate' | 'gap'
  readonly row: number
  readonly skipped: number
}

export type Progress = {
  readonly site: string
  readonly gateway: string
  readonly epoch: string
  readonly channel: Channel
  readonly row: number
  readonly skipped: number
  readonly count: number
}
