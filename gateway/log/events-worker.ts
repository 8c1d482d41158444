import { randomBytes } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import { isMainThread, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import type { EventsReply, EventsRequest, PackedEntry } from './events.ts'

/**
 * The thread that owns `events.sqlite`. It takes every request that has arrived, writes all appends among them in
 * one transaction, syncs, and answers: so a commit starts at once, and what comes during a sync shares the next.
 */
const run = (
  port: NonNullable<typeof parentPort>,
  file: string,
  syncDelayMs: number,
  retentionMs: number,
): void => {
  const db = openDatabase(file)
  const statements = prepare(db)
  const number = (sql: string): number => Number(Object.values(db.prepare(sql).get() ?? { value: 0 })[0] ?? 0)
  const text = (sql: string): string[] =>
    db
      .prepare(sql)
      .all()
      .map((row) => String(row['json']))
  const bytes = (): number => number('PRAGMA page_count') * number('PRAGMA page_size')
  const parkedRows = (): number => number('SELECT count(*) FROM parked')
  const reply = (message: EventsReply): void => port.postMessage(message)

  const epoch = String(db.prepare("SELECT value FROM meta WHERE name = 'epoch'").get()?.['value'])
  const snapshot = db.prepare('SELECT bytes FROM snapshot WHERE id = 1').get()?.['bytes']
  reply({
    kind: 'ready',
    epoch,
    committedRow: number(
      "SELECT max(coalesce((SELECT max(row) FROM event), 0), (SELECT value FROM meta WHERE name = 'lastRow'))",
    ),
    acknowledgedRow: number("SELECT value FROM meta WHERE name = 'acknowledgedRow'"),
    droppedRows: 0,
    parkedRows: parkedRows(),
    bytes: bytes(),
    told: text('SELECT json FROM told'),
    presences: text('SELECT json FROM presence'),
    readings: db
      .prepare('SELECT row, json FROM reading ORDER BY row')
      .all()
      .map((one) => ({ row: Number(one['row']), json: String(one['json']) })),
    snapshot: snapshot instanceof Uint8Array ? snapshot : undefined,
  })

  let nextRow =
    number(
      "SELECT max(coalesce((SELECT max(row) FROM event), 0), (SELECT value FROM meta WHERE name = 'lastRow'))",
    ) + 1
  let acknowledgedRow: number | undefined
  let prunedMs = 0
  let droppedReadingsRow = 0
  let commits = 0
  let size = bytes()

  const write = (entries: readonly PackedEntry[], nowMs: number): void => {
    db.exec('BEGIN')
    let row = nextRow
    for (const entry of entries) {
      for (const json of entry.events) statements.event.run(row++, nowMs, json)
      for (const { id, json } of entry.told) statements.told.run(id, json)
      for (const { slot, json } of entry.presences) statements.presence.run(slot, json)
      if (entry.readingsCommittedRow > droppedReadingsRow) {
        droppedReadingsRow = entry.readingsCommittedRow
        statements.dropReadings.run(droppedReadingsRow)
      }
      for (const reading of entry.readings) statements.reading.run(reading.row, reading.json)
    }
    if (acknowledgedRow !== undefined) statements.meta.run('acknowledgedRow', acknowledgedRow)
    if (nowMs - prunedMs > PRUNE_EVERY_MS) {
      statements.meta.run('lastRow', row - 1)
      statements.prune.run(nowMs - retentionMs)
      prunedMs = nowMs
    }
    if (syncDelayMs > 0) pause(syncDelayMs)
    db.exec('COMMIT')
    nextRow = row
    acknowledgedRow = undefined
  }

  /**
   * Moves what is committed from the journal into the database, which SQLite would do within a commit: two more syncs
   * and a thousand pages, while somebody waits for an alarm.
   */
  const checkpoint = (): void => {
    if (++commits < CHECKPOINT_EVERY_COMMITS) return
    commits = 0
    try {
      db.exec('PRAGMA wal_checkpoint(PASSIVE)')
    } catch (cause) {
      reply({ kind: 'failed', message: cause instanceof Error ? cause.message : String(cause) })
    }
  }

  /** Writes until the disk takes it: what is not on disk is told to nobody, so there is nothing else to do. */
  const writeUntilDone = (entries: readonly PackedEntry[]): void => {
    for (let attempt = 0; ; attempt++) {
      try {
        write(entries, Date.now())
        return
      } catch (cause) {
        if (db.isTransaction) db.exec('ROLLBACK')
        reply({ kind: 'failed', message: cause instanceof Error ? cause.message : String(cause) })
        pause(Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** attempt))
      }
    }
  }

  const answer = (request: EventsRequest): void => {
    switch (request.kind) {
      case 'read': {
        const rows = statements.read.all(request.after, request.limit)
        const first = rows.length === 0 ? request.after + 1 : Number(rows[0]!['row'])
        const gap = rows.findIndex((row, index) => Number(row['row']) !== first + index)
        const run = gap === -1 ? rows : rows.slice(0, gap)
        reply({ kind: 'read', id: request.id, first, rows: run.map((row) => String(row['json'])) })
        return
      }
      case 'acknowledge':
        acknowledgedRow = request.row
        return
      case 'park':
        db.exec('BEGIN')
        statements.park.run(request.reason, request.first, request.last)
        statements.meta.run('lastRow', nextRow - 1)
        statements.unqueue.run(request.first, request.last)
        db.exec('COMMIT')
        reply({ kind: 'done', id: request.id, parkedRows: parkedRows() })
        return
      case 'snapshot':
        db.exec('BEGIN')
        statements.snapshot.run(request.snapshot)
        for (const id of request.forgotten) statements.forget.run(id)
        db.exec('COMMIT')
        reply({ kind: 'done', id: request.id, parkedRows: parkedRows() })
        return
      case 'close':
        if (acknowledgedRow !== undefined) statements.meta.run('acknowledgedRow', acknowledgedRow)
        db.close()
        reply({ kind: 'closed' })
        port.close()
        return
      case 'append':
        return
    }
  }

  port.on('message', (first: EventsRequest) => {
    const requests = [first]
    for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) {
      requests.push(next.message as EventsRequest)
    }
    const entries = requests.flatMap((request) => (request.kind === 'append' ? [request.entry] : []))
    if (entries.length > 0) {
      writeUntilDone(entries)
      reply({ kind: 'committed', entries: entries.length, committedRow: nextRow - 1, bytes: size })
      // Nobody waits for the rest: it is done once the events are on their way, and the size is told with the next.
      checkpoint()
      size = bytes()
    }
    for (const request of requests) answer(request)
  })
}

const PRUNE_EVERY_MS = 3_600_000
/** A commit of events is about ten pages: the journal stays near a megabyte, as SQLite would keep it. */
const CHECKPOINT_EVERY_COMMITS = 100
const FIRST_RETRY_MS = 100
const MAX_RETRY_MS = 10_000

const openDatabase = (file: string): DatabaseSync => {
  const db = new DatabaseSync(file)
  // Small pages cost an SD card the least per commit; the size must be set before the journal mode.
  db.exec('PRAGMA page_size = 1024; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
  // What is written is seldom read again: the 2 MB of cache that SQLite takes by default would hold nothing of use.
  db.exec('PRAGMA cache_size = -256')
  // A megabyte is moved by `checkpoint`; this is for a commit that is far larger than any other.
  db.exec('PRAGMA wal_autocheckpoint = 8000')
  db.exec(`
    CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS event (row INTEGER PRIMARY KEY, writtenMs INTEGER NOT NULL, json TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS told (id TEXT PRIMARY KEY, json TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS presence (slot TEXT PRIMARY KEY, json TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS reading (row INTEGER PRIMARY KEY, json TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS parked (row INTEGER PRIMARY KEY, reason TEXT NOT NULL, json TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS snapshot (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL);
    PRAGMA user_version = 1;
  `)
  const insert = db.prepare('INSERT OR IGNORE INTO meta (name, value) VALUES (?, ?)')
  insert.run('epoch', randomBytes(4).toString('hex'))
  insert.run('acknowledgedRow', 0)
  insert.run('lastRow', 0)
  return db
}

const prepare = (db: DatabaseSync) => ({
  event: db.prepare('INSERT INTO event (row, writtenMs, json) VALUES (?, ?, ?)'),
  told: db.prepare('INSERT OR REPLACE INTO told (id, json) VALUES (?, ?)'),
  forget: db.prepare('DELETE FROM told WHERE id = ?'),
  presence: db.prepare('INSERT OR REPLACE INTO presence (slot, json) VALUES (?, ?)'),
  reading: db.prepare('INSERT OR REPLACE INTO reading (row, json) VALUES (?, ?)'),
  dropReadings: db.prepare('DELETE FROM reading WHERE row <= ?'),
  meta: db.prepare('INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)'),
  prune: db.prepare(
    "DELETE FROM event WHERE writtenMs < ? AND row <= (SELECT value FROM meta WHERE name = 'acknowledgedRow')",
  ),
  read: db.prepare('SELECT row, json FROM event WHERE row > ? ORDER BY row LIMIT ?'),
  park: db.prepare(
    'INSERT OR REPLACE INTO parked (row, reason, json) SELECT row, ?, json FROM event WHERE row BETWEEN ? AND ?',
  ),
  unqueue: db.prepare('DELETE FROM event WHERE row BETWEEN ? AND ?'),
  snapshot: db.prepare('INSERT OR REPLACE INTO snapshot (id, bytes) VALUES (1, ?)'),
})

const pause = (ms: number): void => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

if (!isMainThread && parentPort !== null) {
  const { file, syncDelayMs, retentionMs } = workerData as {
    file: string
    syncDelayMs: number
    retentionMs: number
  }
  run(parentPort, file, syncDelayMs, retentionMs)
}
