import { DatabaseSync } from 'node:sqlite'
import type { NoteMessage, NoteView, RateLimit, Refusals } from '@clearlane/protocol'
import { createRateLimit, NoteViewSchema } from '@clearlane/protocol'

/**
 * What flows on the estate's boxes have told people. No gateway's log has it, so it is in a file of its own, synced at
 * each word; the newest stay, and the same note heard twice is kept once.
 */
export type Notes = {
  take(message: NoteMessage): void
  /** Newest first. */
  list(limit: number): NoteView[]
  close(): void
}

export type NotesOptions = {
  readonly file: string
  readonly refusals: Refusals
  /** Domain time. */
  readonly nowMs: () => number
  readonly monotonicMs: () => number
  readonly onTaken: (note: NoteView) => void
  readonly onFailure: (cause: unknown) => void
}

export const MAX_NOTES = 1_000
/** A gateway says less than that by itself; each note costs a sync on the main thread. */
const BURST = 60
const PER_SECOND = 1
const MAX_GATEWAYS = 1_000

export const openNotes = (options: NotesOptions): Notes => {
  const { file, refusals, nowMs, monotonicMs, onTaken, onFailure } = options
  const db = new DatabaseSync(file)
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
  db.exec(`
    CREATE TABLE IF NOT EXISTS note (
      number INTEGER PRIMARY KEY, gateway TEXT NOT NULL, id TEXT NOT NULL, json TEXT NOT NULL, UNIQUE (gateway, id)
    );
    PRAGMA user_version = 1;
  `)
  const select = db.prepare('SELECT json FROM note ORDER BY number DESC LIMIT ?')
  const insert = db.prepare('INSERT OR IGNORE INTO note (gateway, id, json) VALUES (?, ?, ?)')
  const prune = db.prepare(
    'DELETE FROM note WHERE number <= (SELECT number FROM note ORDER BY number DESC LIMIT 1 OFFSET ?)',
  )
  const limits = new Map<string, RateLimit>()
  const limitOf = (gateway: string): RateLimit | undefined => {
    const known = limits.get(gateway)
    if (known !== undefined || limits.size >= MAX_GATEWAYS) return known
    const limit = createRateLimit({ burst: BURST, perSecond: PER_SECOND, monotonicMs })
    limits.set(gateway, limit)
    return limit
  }
  /** True when it is new. */
  const keep = (note: NoteView): boolean => {
    db.exec('BEGIN')
    try {
      const { changes } = insert.run(note.gateway, note.id, JSON.stringify(note))
      prune.run(MAX_NOTES)
      db.exec('COMMIT')
      return changes > 0
    } catch (cause) {
      db.exec('ROLLBACK')
      throw cause
    }
  }
  return {
    take: (message) => {
      if (limitOf(message.gateway)?.take() !== true)
        return refusals.refuse('note-too-many', `${message.gateway}: ${message.text}`)
      const note = NoteViewSchema.parse({ ...message, receivedMs: nowMs() })
      try {
        if (keep(note)) onTaken(note)
      } catch (cause) {
        onFailure(cause)
      }
    },
    list: (limit) => select.all(limit).map((row) => NoteViewSchema.parse(JSON.parse(String(row['json'])))),
    close: () => db.close(),
  }
}
