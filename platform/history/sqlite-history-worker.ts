import { DatabaseSync } from 'node:sqlite'
import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import type { Reading } from '@clearlane/protocol'
import { pause } from '../threads/pause.ts'
import type { HistoryQuery } from './history.ts'
import type { HistoryReply, HistoryRequest } from './sqlite-history.ts'

/**
 * The thread that owns the history's file. The history can be made again from the log, so it is not synced at every
 * commit. A reading without event time stands at its receive time until its gateway's clock is known. A file that
 * another process has locked fails the request at once: who asked comes again, and the next in the line has its turn.
 */
const run = (port: NonNullable<typeof parentPort>, file: string, syncDelayMs: number): void => {
  const db = openDatabase(file)
  const statements = prepare(db)
  let cursor = Number(statements.cursor.get()?.['position'] ?? 0)

  const insert = (reading: Reading, receivedMs: number): void => {
    const { raw: _raw, ...kept } = reading as Reading & { readonly raw?: string }
    const { slot, device, session, counter, boot } = reading
    const utcMs = reading.eventMs === undefined ? statements.boot.get(boot)?.['utcMs'] : undefined
    const eventMs = reading.eventMs ?? (utcMs === undefined ? undefined : Number(utcMs) + reading.monotonicMs)
    const stored = eventMs === undefined ? kept : { ...kept, eventMs }
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
      if (syncDelayMs > 0) pause(syncDelayMs)
      db.exec('COMMIT')
    } catch (cause) {
      if (db.isTransaction) db.exec('ROLLBACK')
      throw cause
    }
  }

  /** What is here already is passed over: whoever did not know where the history stands begins before it. */
  const apply = ({ entries, cursor: next }: Extract<HistoryRequest, { kind: 'apply' }>): void => {
    if (next <= cursor) return
    inTransaction(() => {
      for (const { position, channel, receivedMs, text } of entries) {
        if (position <= cursor || channel !== 'readings') continue
        for (const reading of JSON.parse(text) as Reading[]) insert(reading, receivedMs)
      }
      statements.setCursor.run(next)
    })
    cursor = next
  }

  const dateBoot = (boot: string, utcMs: number): void => {
    if (statements.boot.get(boot) !== undefined) return
    inTransaction(() => {
      statements.setBoot.run(boot, utcMs)
      const undated = statements.undated.all(boot)
      statements.dropUndated.run(boot)
      for (const { text, atMs } of undated) insert(JSON.parse(String(text)) as Reading, Number(atMs))
    })
  }

  const find = ({ slot, fromMs, toMs, limit, cursor: after }: HistoryQuery) => {
    const [atMs, device, session, counter] = after?.split('~') ?? [fromMs, '', -1, -1]
    const rows = statements.range.all(
      slot,
      toMs,
      Number(atMs),
      device ?? '',
      Number(session),
      Number(counter),
      limit,
    )
    const last = rows.length < limit ? undefined : rows.at(-1)
    return {
      text: `[${rows.map((row) => String(row['text'])).join(',')}]`,
      next:
        last === undefined
          ? undefined
          : [last['atMs'], last['device'], last['session'], last['counter']].join('~'),
    }
  }

  const work = (request: Exclude<HistoryRequest, { kind: 'close' }>): HistoryReply => {
    const { id } = request
    switch (request.kind) {
      case 'readings':
        return { kind: 'page', id, ...find(request.query) }
      case 'apply':
        apply(request)
        break
      case 'date-boot':
        dateBoot(request.boot, request.utcMs)
        break
      case 'open':
        break
    }
    return { kind: 'done', id, cursor }
  }

  const answer = (request: Exclude<HistoryRequest, { kind: 'close' }>): HistoryReply => {
    try {
      return work(request)
    } catch (cause) {
      return {
        kind: 'failed',
        id: request.id,
        message: cause instanceof Error ? cause.message : String(cause),
      }
    }
  }

  port.on('message', (request: HistoryRequest) => {
    if (request.kind !== 'close') {
      port.postMessage(answer(request))
      return
    }
    db.close()
    port.close()
  })
}

const openDatabase = (file: string): DatabaseSync => {
  const db = new DatabaseSync(file)
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL')
  // Setting the version writes, which a file that is locked refuses although it could be read.
  if (Number(db.prepare('PRAGMA user_version').get()?.['user_version']) === 0) db.exec(SCHEMA)
  return db
}

const SCHEMA = `
  BEGIN;
  CREATE TABLE reading (
    slot TEXT, atMs INTEGER, device TEXT, session INTEGER, counter INTEGER, undatedBoot TEXT, text TEXT NOT NULL,
    PRIMARY KEY (slot, atMs, device, session, counter)
  ) WITHOUT ROWID;
  CREATE INDEX undated ON reading (undatedBoot) WHERE undatedBoot IS NOT NULL;
  CREATE TABLE boot (boot TEXT PRIMARY KEY, utcMs INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE cursor (id INTEGER PRIMARY KEY, position INTEGER NOT NULL);
  PRAGMA user_version = 1;
  COMMIT;
`

const prepare = (db: DatabaseSync) => ({
  insert: db.prepare('INSERT OR IGNORE INTO reading VALUES (?, ?, ?, ?, ?, ?, ?)'),
  cursor: db.prepare('SELECT position FROM cursor WHERE id = 1'),
  setCursor: db.prepare('INSERT OR REPLACE INTO cursor (id, position) VALUES (1, ?)'),
  range: db.prepare(
    `SELECT atMs, device, session, counter, text FROM reading
     WHERE slot = ? AND atMs < ? AND (atMs, device, session, counter) > (?, ?, ?, ?)
     ORDER BY atMs, device, session, counter LIMIT ?`,
  ),
  boot: db.prepare('SELECT utcMs FROM boot WHERE boot = ?'),
  setBoot: db.prepare('INSERT INTO boot (boot, utcMs) VALUES (?, ?)'),
  undated: db.prepare('SELECT text, atMs FROM reading WHERE undatedBoot = ?'),
  dropUndated: db.prepare('DELETE FROM reading WHERE undatedBoot = ?'),
})

if (!isMainThread && parentPort !== null) {
  const { file, syncDelayMs } = workerData as { file: string; syncDelayMs: number }
  run(parentPort, file, syncDelayMs)
}
