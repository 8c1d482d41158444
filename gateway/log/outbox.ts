/** `count` rows from row `first` on, as they stand in the log and go to the centre: JSON texts with commas between. */
export type Rows = { readonly first: number; readonly count: number; readonly json: Uint8Array }

/**
 * What the sender sees of a log. The log is the outbox: sequence = row, rows are contiguous from 1, and a row
 * is visible only when it is synced to disk.
 */
export type Outbox = {
  readonly channel: 'readings' | 'events'
  /** The highest row that is synced to disk; 0 when there is none. */
  committedRow(): number
  /** The highest row the centre has acknowledged as contiguous. */
  acknowledgedRow(): number
  /** Called after each commit with its rows. Their bytes are valid during the call only. */
  onCommit(listener: (rows: Rows) => void): void
  /**
   * Committed rows behind `after`, at most `limit`, without a hole among them. `first` is greater than `after + 1`
   * where rows were parked or overwritten; empty at the end of the log.
   */
  read(after: number, limit: number): Promise<Rows>
  /** The centre has committed everything up to `row`: frees it. */
  acknowledge(row: number): void
  /** Puts rows aside that the broker refuses again and again; kept and counted, never sent again by themselves. */
  park(first: number, last: number, reason: string): Promise<void>
  stats(): {
    readonly committedRow: number
    readonly acknowledgedRow: number
    readonly droppedRows: number
    readonly parkedRows: number
    readonly bytes: number
  }
}

/** The rows as the objects that their texts stand for. */
export const parseRows = <Row>({ json }: Rows): Row[] =>
  JSON.parse(`[${Buffer.from(json.buffer, json.byteOffset, json.byteLength).toString()}]`) as Row[]
