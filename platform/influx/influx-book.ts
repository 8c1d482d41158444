import { DatabaseSync } from 'node:sqlite'

/** How far a server has taken the log, and the lines that it refused. */
export type InfluxBook = {
  cursor(): number
  /** What was refused up to there, and the cursor, together. */
  moveTo(cursor: number, parked: readonly ParkedLine[]): void
  /** `total` counts all that were ever refused; `items` are the newest of those kept. */
  parked(): { readonly total: number; readonly items: readonly ParkedLine[] }
  close(): void
}
export type ParkedLine = {
  /** Of the log's entry, from which the line can be made again. */
  readonly position: number
  readonly line: string
  readonly reason: string
  /** Wall time, ms. */
  readonly atMs: number
}

/** Those that make room stand in the log still. */
export const MAX_PARKED_LINES = 10_000
const MAX_LISTED = 20

export const openInfluxBook = (file: string, target: string): InfluxBook => {
  const db = new DatabaseSync(file)
  // A cursor that a power cut has put back is moved again: points of the same series and time replace each other.
  db.exec('PRAGMA page_size = 1024; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL')
  db.exec(`
    CREATE TABLE IF NOT EXISTS target (
      target TEXT PRIMARY KEY, position INTEGER NOT NULL DEFAULT 0, refused INTEGER NOT NULL DEFAULT 0
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS parked (
      id INTEGER PRIMARY KEY, target TEXT NOT NULL, position INTEGER NOT NULL, line TEXT NOT NULL,
      reason TEXT NOT NULL, atMs INTEGER NOT NULL, UNIQUE (target, line)
    );
    PRAGMA user_version = 1;
  `)
  db.prepare('INSERT OR IGNORE INTO target (target) VALUES (?)').run(target)
  const read = db.prepare('SELECT position, refused FROM target WHERE target = ?')
  const set = db.prepare('UPDATE target SET position = ?, refused = refused + ? WHERE target = ?')
  const park = db.prepare(
    'INSERT OR IGNORE INTO parked (target, position, line, reason, atMs) VALUES (?, ?, ?, ?, ?)',
  )
  const makeRoom = db.prepare(
    `DELETE FROM parked WHERE target = ? AND id <= (
       SELECT id FROM parked WHERE target = ? ORDER BY id DESC LIMIT 1 OFFSET ${MAX_PARKED_LINES})`,
  )
  const list = db.prepare(
    `SELECT position, line, reason, atMs FROM parked WHERE target = ? ORDER BY id DESC LIMIT ${MAX_LISTED}`,
  )
  return {
    cursor: () => Number(read.get(target)?.['position']),
    moveTo: (cursor, parked) => {
      db.exec('BEGIN')
      try {
        let added = 0
        for (const { position, line, reason, atMs } of parked)
          added += Number(park.run(target, position, line, reason, atMs).changes)
        if (added > 0) makeRoom.run(target, target)
        set.run(cursor, added, target)
        db.exec('COMMIT')
      } catch (cause) {
        db.exec('ROLLBACK')
        throw cause
      }
    },
    parked: () => ({
      total: Number(read.get(target)?.['refused']),
      items: list.all(target).map((row) => ({
        position: Number(row['position']),
        line: String(row['line']),
        reason: String(row['reason']),
        atMs: Number(row['atMs']),
      })),
    }),
    close: () => db.close(),
  }
}
