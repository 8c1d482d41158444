import { DatabaseSync } from 'node:sqlite'
import type { Seen } from '@clearlane/protocol'

/**
 * Who has said that an alarm was seen. People say it to the centre and no gateway's log has it, so it is in a file of
 * its own, synced at each word: what is made from the log can be made again without losing it.
 */
export type SeenBook = {
  of(episode: string): readonly Seen[]
  /** Writes a name down once; the same name again changes nothing. False when there is no room for another. */
  add(episode: string, seen: Seen): boolean
  close(): void
}

export const MAX_SEEN = 100

export const openSeenBook = (file: string): SeenBook => {
  const db = new DatabaseSync(file)
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
  db.exec(`
    CREATE TABLE IF NOT EXISTS seen (
      episode TEXT, by TEXT, atMs INTEGER NOT NULL, PRIMARY KEY (episode, by)
    ) WITHOUT ROWID;
    PRAGMA user_version = 1;
  `)
  const select = db.prepare('SELECT by, atMs FROM seen WHERE episode = ? ORDER BY atMs, by')
  const insert = db.prepare('INSERT INTO seen (episode, by, atMs) VALUES (?, ?, ?)')
  const of = (episode: string): Seen[] =>
    select.all(episode).map((row) => ({ by: String(row['by']), atMs: Number(row['atMs']) }))
  return {
    of,
    add: (episode, { by, atMs }) => {
      const known = of(episode)
      if (known.some((one) => one.by === by)) return true
      if (known.length >= MAX_SEEN) return false
      insert.run(episode, by, atMs)
      return true
    },
    close: () => db.close(),
  }
}
