import { DatabaseSync } from 'node:sqlite'
import { isMainThread, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { pause } from '../threads/pause.ts'
import type { Appended, LogEntry, Progress } from './log.ts'
import { hasRows } from './log.ts'
import type { LogReply, LogRequest } from './sqlite-log.ts'
import { takeEntries } from './stored-entries.ts'

/** The thread that owns the log: whatever has arrived goes into one transaction with one sync. */
const run = (port: NonNullable<typeof parentPort>, file: string, syncDelayMs: number): void => {
  const db = openDatabase(file)
  const statements = prepare(db)
  const reply = (message: LogReply): void => port.postMessage(message)
  const position = (): number => Number(statements.position.get()?.['position'] ?? 0)
  const toProgress = (row: Record<string, unknown>): Progress => ({
    site: String(row['site']),
    gateway: String(row['gateway']),
    epoch: String(row['epoch']),
    channel: String(row['channel']) as Progress['channel'],
    row: Number(row['row']),
    skipped: Number(row['skipped']),
    count: Number(row['count']),
  })
  reply({ kind: 'ready', position: position(), progress: statements.allProgress.all().map(toProgress) })

  const append = (entry: LogEntry): { appended: Appended; progress: Progress | undefined } => {
    const { site, gateway, epoch, channel, after, first, last, receivedMs, text } = entry
    if (!hasRows(channel)) {
      statements.append.run(site, gateway, epoch, channel, first, last, receivedMs, text)
      return { appended: { outcome: 'committed', row: last, skipped: 0 }, progress: undefined }
    }
    const stored = statements.progress.get(site, gateway, epoch, channel)
    const before = stored === undefined ? { row: 0, skipped: 0, count: 0 } : toProgress(stored)
    if (last <= before.row)
      return { appended: { outcome: 'duplicate', row: before.row, skipped: 0 }, progress: undefined }
    if (after > before.row)
      return { appended: { outcome: 'gap', row: before.row, skipped: 0 }, progress: undefined }
    const known = Math.max(0, before.row + 1 - first)
    const kept = known === 0 ? text : JSON.stringify((JSON.parse(text) as unknown[]).slice(known))
    const skipped = Math.max(0, first - before.row - 1)
    const progress: Progress = {
      site,
      gateway,
      epoch,
      channel,
      row: last,
      skipped: before.skipped + skipped,
      count: before.count + last - (first + known) + 1,
    }
    statements.append.run(site, gateway, epoch, channel, first + known, last, receivedMs, kept)
    statements.setProgress.run(site, gateway, epoch, channel, progress.row, progress.skipped, progress.count)
    return { appended: { outcome: 'committed', row: last, skipped }, progress }
  }

  /** What is not on disk is acknowledged to nobody, so waiting for the disk is all there is to do. */
  const appendAll = (requests: readonly Extract<LogRequest, { kind: 'append' }>[]): void => {
    for (let attempt = 0; ; attempt++) {
      try {
        db.exec('BEGIN')
        const done = requests.map((request) => ({ id: request.id, ...append(request.entry) }))
        if (syncDelayMs > 0) pause(syncDelayMs)
        db.exec('COMMIT')
        const end = position()
        for (const { id, appended, progress } of done)
          reply({ kind: 'appended', id, appended, progress, position: end })
        return
      } catch (cause) {
        if (db.isTransaction) db.exec('ROLLBACK')
        reply({ kind: 'failed', message: cause instanceof Error ? cause.message : String(cause) })
        pause(Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** attempt))
      }
    }
  }

  port.on('message', (first: LogRequest) => {
    const requests = [first]
    for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) {
      requests.push(next.message as LogRequest)
    }
    const appends = requests.filter((request) => request.kind === 'append')
    if (appends.length > 0) appendAll(appends)
    for (const request of requests) {
      if (request.kind === 'read') {
        const { id, after, limit, channel, maxBytes } = request
        const rows =
          channel === undefined
            ? statements.read.iterate(after, limit)
            : statements.readChannel.iterate(after, channel, limit)
        reply({ kind: 'read', id, entries: takeEntries(rows, maxBytes) })
      } else if (request.kind === 'close') {
        db.close()
        port.close()
      }
    }
  })
}

const FIRST_RETRY_MS = 100
const MAX_RETRY_MS = 10_000

const openDatabase = (file: string): DatabaseSync => {
  const db = new DatabaseSync(file)
  db.exec('PRAGMA page_size = 1024; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
  db.exec(`
    CREATE TABLE IF NOT EXISTS entry (
      position INTEGER PRIMARY KEY, site TEXT NOT NULL, gateway TEXT NOT NULL, epoch TEXT NOT NULL,
      channel TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, receivedMs INTEGER NOT NULL, text TEXT NOT NULL
    );
    CREATE TABLE IF NOT EXISTS progress (
      site TEXT, gateway TEXT, epoch TEXT, channel TEXT,
      row INTEGER NOT NULL, skipped INTEGER NOT NULL, count INTEGER NOT NULL,
      PRIMARY KEY (site, gateway, epoch, channel)
    ) WITHOUT ROWID;
    PRAGMA user_version = 1;
  `)
  return db
}

const prepare = (db: DatabaseSync) => ({
  position: db.prepare('SELECT coalesce(max(position), 0) AS position FROM entry'),
  append: db.prepare(
    'INSERT INTO entry (site, gateway, epoch, channel, first, last, receivedMs, text) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
  ),
  read: db.prepare('SELECT * FROM entry WHERE position > ? ORDER BY position LIMIT ?'),
  readChannel: db.prepare('SELECT * FROM entry WHERE position > ? AND channel = ? ORDER BY position LIMIT ?'),
  progress: db.prepare('SELECT * FROM progress WHERE site = ? AND gateway = ? AND epoch = ? AND channel = ?'),
  allProgress: db.prepare('SELECT * FROM progress'),
  setProgress: db.prepare(
    'INSERT OR REPLACE INTO progress (site, gateway, epoch, channel, row, skipped, count) VALUES (?, ?, ?, ?, ?, ?, ?)',
  ),
})

if (!isMainThread && parentPort !== null) {
  const { file, syncDelayMs } = workerData as { file: string; syncDelayMs: number }
  run(parentPort, file, syncDelayMs)
}
