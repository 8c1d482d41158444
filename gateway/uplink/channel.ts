import type { Outbox, Rows } from '../log/outbox.ts'

/**
 * One log on its way to the centre. PUBACK only opens the window for the next message; a row is freed by the
 * centre's acknowledgement alone, and what is not acknowledged is sent again on the next session. A broker takes
 * messages faster than a centre works on them, so no more than `maxAhead` rows are sent ahead of its word.
 */
export type Channel = {
  /** A session begins: from behind what the centre has. */
  start(acknowledgedRow: number): void
  stop(): void
  /** The centre's word. With `rewind` it lacks something: again from behind its row. */
  acknowledge(row: number, rewind: boolean): void
  /** Nothing committed waits to be sent. */
  isIdle(): boolean
  pump(): void
}

export type ChannelOptions = {
  readonly outbox: Outbox
  readonly window: number
  readonly maxRows: number
  readonly maxAhead: number
  readonly publish: (after: number, rows: Rows, onAck: () => void) => void
  /** False while another message must be alone on the session. */
  readonly mayPublish: () => boolean
  readonly onPublished: () => void
  readonly onParked: (first: number, last: number) => void
  readonly nowMs: () => number
}

type Sent = { readonly first: number; readonly last: number; readonly atMs: number }

/** A session that ends this soon after a publish may have ended because of it. */
const SUSPICIOUS_MS = 2_000
const LOSSES_BEFORE_PARKING = 3

export const createChannel = (
  options: ChannelOptions,
): Channel & { isSuspect(): boolean; inFlight(): number } => {
  const { outbox, window, maxRows, maxAhead, publish, mayPublish, onPublished, onParked, nowMs } = options
  let isStarted = false
  let session = 0
  /** The last row sent on this session, or what the centre has where nothing was sent yet. */
  let cursor = 0
  let inFlight: Sent[] = []
  let isReading = false
  /**
   * Rows among which one may end sessions: where the search stands and ends, how often sessions were lost there, and
   * how many rows to try at once.
   */
  let suspect: { first: number; readonly last: number; losses: number; rows: number } | undefined

  const send = (after: number, rows: Rows): void => {
    const own = session
    const sent: Sent = { first: rows.first, last: rows.first + rows.count - 1, atMs: nowMs() }
    inFlight.push(sent)
    cursor = sent.last
    publish(after, rows, () => {
      if (own !== session) return
      inFlight = inFlight.filter((one) => one !== sent)
      if (suspect !== undefined && sent.last >= suspect.first) {
        suspect.first = sent.last + 1
        if (suspect.first > suspect.last) suspect = undefined
      }
      onPublished()
    })
  }

  const hasRoom = (): boolean =>
    inFlight.length < window && cursor - outbox.acknowledgedRow() < maxAhead && mayPublish()

  const pump = async (): Promise<void> => {
    if (isReading) return
    isReading = true
    try {
      while (isStarted && cursor < outbox.committedRow() && hasRoom()) {
        const own = session
        const after = cursor
        const rows = await outbox.read(
          after,
          suspect === undefined ? maxRows : Math.min(maxRows, suspect.rows),
        )
        if (own !== session || after !== cursor) continue
        if (rows.count === 0) break
        if (!mayPublish()) break
        send(after, rows)
      }
    } finally {
      isReading = false
    }
  }

  outbox.onCommit((rows) => {
    if (!isStarted) return
    // The rows are in memory: no need to read them back.
    if (!isReading && cursor === rows.first - 1 && rows.count <= maxRows && hasRoom()) send(cursor, rows)
    else void pump()
  })

  /** The search halves what it tries, until one row alone has ended a session: that row is parked. */
  const blame = async (head: Sent): Promise<void> => {
    const isWithin = suspect !== undefined && head.first >= suspect.first && head.first <= suspect.last
    if (suspect === undefined || !isWithin) {
      suspect = { first: head.first, last: head.last, losses: 0, rows: head.last - head.first + 1 }
    }
    suspect.losses++
    suspect.rows = Math.min(suspect.rows, head.last - head.first + 1)
    if (suspect.losses < LOSSES_BEFORE_PARKING) return
    if (suspect.rows > 1) {
      suspect.rows = Math.ceil(suspect.rows / 2)
      return
    }
    suspect = undefined
    onParked(head.first, head.last)
    await outbox.park(
      head.first,
      head.last,
      `sessions ended right after it was sent, ${LOSSES_BEFORE_PARKING} times or more`,
    )
  }

  return {
    start: (acknowledgedRow) => {
      session++
      isStarted = true
      inFlight = []
      cursor = acknowledgedRow
      void pump()
    },
    stop: () => {
      if (!isStarted) return
      isStarted = false
      session++
      const head = inFlight[0]
      inFlight = []
      if (head !== undefined && nowMs() - head.atMs < SUSPICIOUS_MS) void blame(head)
    },
    acknowledge: (row, rewind) => {
      outbox.acknowledge(row)
      if (row > cursor) cursor = row
      if (rewind && isStarted && row < cursor) {
        session++
        inFlight = []
        cursor = row
      }
      void pump()
    },
    isIdle: () => cursor >= outbox.committedRow(),
    pump: () => void pump(),
    isSuspect: () => suspect !== undefined,
    inFlight: () => inFlight.length,
  }
}
