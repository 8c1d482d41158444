import { DatabaseSync } from 'node:sqlite'
import type { Reading } from '@clearlane/protocol'
import type { History } from './history.ts'

/**
 * The history in one SQLite table. It can be made again from the log, so it is not synced at every commit. A reading
 * without event time stands at its receive time until its gateway's clock is known.
 */
export const openSqliteHistory = (file: string): History => {
  const db = new DatabaseSync(file)
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL')
  db.exec(`
    CREATE TABLE IF NOT EXISTS reading (
      slot TEXT, atMs INTEGER, device TEXT, session INTEGER, counter INTEGER, undatedBoot TEXT, text TEXT NOT NULL,
      PRIMARY KEY (slot, atMs, device, session, counter)
    ) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS undated ON reading (undatedBoot) WHERE undatedBoot IS NOT NULL;
    CREATE TABLE IF NOT EXISTS boot (boot TEXT PRIMARY KEY, utcMs INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS cursor (id INTEGER PRIMARY KEY, position INTEGER NOT NULL);
    PRAGMA user_version = 1;
  `)
  const statements = {
    insert: db.prepare('INSERT OR IGNORE INTO reading VALUES (?, ?, ?, ?, ?, ?, ?)'),
    setCursor: db.prepare('INSERT OR REPLACE INTO cursor (id, position) VALUES (1, ?)'),
    range: db.prepare(
      `SELECT text FROM reading WHERE slot = ? AND atMs < ? AND (atMs, device, session, counter) > (?, ?, ?, ?)
       ORDER BY atMs, device, session, counter LIMIT ?`,
    ),
    boot: db.prepare('SELECT utcMs FROM boot WHERE boot = ?'),
    setBoot: db.prepare('INSERT OR REPLACE INTO boot (boot, utcMs) VALUES (?, ?)'),
    undated: db.prepare('SELECT text, atMs AS receivedAt FROM reading WHERE undatedBoot = ?'),
    dropUndated: db.prepare('DELETE FROM reading WHERE undatedBoot = ?'),
  }
  let cursor = Number(db.prepare('SELECT position FROM cursor WHERE id = 1').get()?.['position'] ?? 0)
  const boots = new Map<string, number | undefined>()
  const bootUtcMs = (boot: string): number | undefined => {
    if (!boots.has(boot)) {
      const row = statements.boot.get(boot)
      boots.set(boot, row === undefined ? undefined : Number(row['utcMs']))
    }
    return boots.get(boot)
  }
  const insert = (reading: Reading, receivedMs: number): void => {
    const { raw: _raw, ...kept } = reading as Reading & { readonly raw?: string }
    const utcMs = reading.eventMs === undefined ? bootUtcMs(reading.boot) : undefined
    const eventMs = reading.eventMs ?? (utcMs === undefined ? undefined : utcMs + reading.monotonicMs)
    const stored = eventMs === undefined ? kept : { ...kept, eventMs }
    const { slot, device, session, counter, boot } = reading
    statements.insert.run(
      slot,
      eventMs ?? receivedMs,
      device,
      session,
      counter,
      eventMs === undefined ? boot : null,
      JSON.stringify(stored),
    )
  }

  /** All or nothing, so that what fails can be tried again. */
  const inTransaction = (work: () => void): void => {
    try {
      db.exec('BEGIN')
      work()
      db.exec('COMMIT')
    } catch (cause) {
      if (db.isTransaction) db.exec('ROLLBACK')
      throw cause
    }
  }

  return {
    name: 'history',
    cursor: () => cursor,
    apply: (entries, next) => {
      inTransaction(() => {
        for (const entry of entries) {
          if (entry.channel !== 'readings') continue
          for (const reading of JSON.parse(entry.text) as Reading[]) insert(reading, entry.receivedMs)
        }
        statements.setCursor.run(next)
      })
      cursor = next
    },
    readings: ({ slot, fromMs, toMs, limit, cursor: after }) => {
      const [atMs, device, session, counter] = after?.split('~') ?? []
      const start =
        atMs === undefined
          ? [fromMs - 1, '~', 0, 0]
          : [Number(atMs), device ?? '', Number(session), Number(counter)]
      const items = statements.range
        .all(slot, toMs, start[0]!, start[1]!, start[2]!, start[3]!, limit)
        .map((row) => JSON.parse(String(row['text'])) as Reading)
      const last = items.at(-1)
      const next =
        last === undefined || items.length < limit
          ? undefined
          : [last.eventMs ?? last.receivedMs, last.device, last.session, last.counter].join('~')
      return { items, next }
    },
    dateBoot: (boot, utcMs) => {
      if (bootUtcMs(boot) !== undefined) return
      boots.set(boot, utcMs)
      inTransaction(() => {
        statements.setBoot.run(boot, utcMs)
        const undated = statements.undated.all(boot)
        statements.dropUndated.run(boot)
        for (const row of undated)
          insert(JSON.parse(String(row['text'])) as Reading, Number(row['receivedAt']))
      })
    },
    close: () => db.close(),
  }
}
