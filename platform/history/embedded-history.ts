import { pause } from '../threads/pause.ts'
import { openHistoryFile } from './history-file.ts'
import { createHistoryQueries } from './history-queries.ts'
import { openHistoryStore } from './history-store.ts'
import { openRecentSlices } from './recent-slices.ts'
import { openSegments } from './segments.ts'
import { openSeriesBook } from './series-book.ts'
import type { Retention } from './upkeep.ts'
import { createUpkeep } from './upkeep.ts'

export type EmbeddedHistoryOptions = {
  readonly file: string
  readonly retention: Retention
  /** Added to every commit of what comes, not to those of the upkeep. */
  readonly syncDelayMs: number
  /** Rows that are not put away by series before more are taken. */
  readonly maxRecentRows?: number
  readonly onDamage: (message: string) => void
}

/** The history in one SQLite file, in the thread that calls it. */
export const openEmbeddedHistory = (options: EmbeddedHistoryOptions) => {
  const { file, retention, syncDelayMs, maxRecentRows, onDamage } = options
  const db = openHistoryFile(file)
  const inTransaction = (work: () => void, delayMs = 0): void => {
    try {
      db.exec('BEGIN')
      work()
      if (delayMs > 0) pause(delayMs)
      db.exec('COMMIT')
    } catch (cause) {
      if (db.isTransaction) db.exec('ROLLBACK')
      throw cause
    }
  }
  const series = openSeriesBook(db)
  const recent = openRecentSlices(db, onDamage)
  recent.refresh()
  const store = openHistoryStore({
    db,
    series,
    recent,
    inTransaction: (work) => inTransaction(work, syncDelayMs),
  })
  const upkeep = createUpkeep({
    db,
    series,
    recent,
    retention,
    ...(maxRecentRows !== undefined && { maxRecentRows }),
    inTransaction: (work) => inTransaction(work),
    nowMs: store.nowMs,
    onDamage,
  })
  return {
    ...store,
    ...createHistoryQueries(series, openSegments(db, recent)),
    upkeep,
    close: () => db.close(),
  }
}
