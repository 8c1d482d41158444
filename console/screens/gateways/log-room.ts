import type { HealthMessage } from '@clearlane/protocol'

/** What a gateway's readings log holds at most, as the gateway has it built in. */
const MAX_LOG_BYTES = 2 * 1024 ** 3
const MAX_LOG_HOURS = 7 * 24

type Depth = HealthMessage['readings']
/** How deep a log was, and when (domain time). */
export type Sounding = { readonly atMs: number; readonly log: Depth }

export type LogRoom = {
  /** Rows that the centre does not have yet: a lost line loses nothing before they are overwritten. */
  readonly waitingRows: number
  readonly rowsPerHour: number | undefined
  readonly bytesPerRow: number | undefined
  /** Until the first reading is overwritten that the centre does not have, if the line were lost now. */
  readonly hoursLeft: number | undefined
}

/**
 * Assumes that readings go on as fast as between the two soundings, and take as much room each as those in the log
 * do. Where the centre keeps up, everything in the log may go before a new reading is lost, so all of it is room.
 */
export const toLogRoom = (first: Sounding, last: Sounding): LogRoom => {
  const { log } = last
  const waitingRows = Math.max(0, log.committedRow - log.acknowledgedRow)
  const hours = (last.atMs - first.atMs) / 3_600_000
  const rowsPerHour = hours > 0 ? Math.max(0, (log.committedRow - first.log.committedRow) / hours) : undefined
  const heldRows = log.committedRow - log.droppedRows
  const bytesPerRow = heldRows > 0 ? log.bytes / heldRows : undefined
  if (rowsPerHour === undefined || rowsPerHour === 0 || bytesPerRow === undefined || bytesPerRow === 0)
    return { waitingRows, rowsPerHour, bytesPerRow, hoursLeft: undefined }
  const roomRows = Math.max(0, MAX_LOG_BYTES / bytesPerRow - waitingRows)
  const oldestHours = waitingRows / rowsPerHour
  const hoursLeft = Math.min(roomRows / rowsPerHour, Math.max(0, MAX_LOG_HOURS - oldestHours))
  return { waitingRows, rowsPerHour, bytesPerRow, hoursLeft }
}
