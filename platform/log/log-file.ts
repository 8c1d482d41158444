import { DatabaseSync } from 'node:sqlite'
import type { StoredEntry } from './log.ts'
import { takeEntries } from './stored-entries.ts'

/** The log's file as it is, read by another process than the one that owns it; nothing is written. */
export type LogFile = {
  read(after: number, limit: number, maxBytes: number): StoredEntry[]
  position(): number
  close(): void
}

export const openLogFile = (file: string): LogFile => {
  const db = new DatabaseSync(file, { readOnly: true })
  const read = db.prepare('SELECT * FROM entry WHERE position > ? ORDER BY position LIMIT ?')
  const position = db.prepare('SELECT coalesce(max(position), 0) AS position FROM entry')
  return {
    read: (after, limit, maxBytes) => takeEntries(read.iterate(after, limit), maxBytes),
    position: () => Number(position.get()?.['position']),
    close: () => db.close(),
  }
}
