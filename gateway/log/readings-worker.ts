import { DatabaseSync } from 'node:sqlite'
import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import type { Batch, ReadingsReply, ReadingsRequest, ReadingsWorkerOptions } from './readings.ts'

/** The thread that owns `readings.sqlite`: one transaction and one sync for each append it is handed. */
const run = (port: NonNullable<typeof parentPort>, options: ReadingsWorkerOptions): void => {
  const { file, retentionMs, knownAfterMs, maxBytes, syncDelayMs } = options
  const db = openDatabase(file)
  const statements = prepare(db)
  const number = (sql: string): number => Number(Object.values(db.prepare(sql).get() ?? { value: 0 })[0] ?? 0)
  const meta = (name: string): number => Number(statements.readMeta.get(name)?.['value'] ?? 0)
  const reply = (message: ReadingsReply): void => port.postMessage(message)
  let droppedRows = meta('droppedRows')
  let acknowledgedRow = meta('acknowledgedRow')
  let isAcknowledgedNew = false
  let prunedMs = 0

  const counts = () => ({
    droppedRows,
    parkedRows: number('SELECT coalesce(sum(count), 0) FROM parked'),
    bytes: number('PRAGMA page_count') * number('PRAGMA page_size'),
  })
  const liveBytes = (): number =>
    (number('PRAGMA page_count') - number('PRAGMA freelist_count')) * number('PRAGMA page_size')

  const saved = statements.readState.get()
  reply({
    kind: 'ready',
    committedRow: Math.max(number('SELECT coalesce(max(first + count - 1), 0) FROM batch'), meta('lastRow')),
    acknowledgedRow,
    state: saved === undefined ? undefined : { state: String(saved['state']), row: Number(saved['row']) },
    ...counts(),
  })

  /**
   * First row of the newest batch that is too old, 0 without one. Walks from the oldest only as far as there are old
   * ones. A batch written before the clock was known has no age of its own: it is as old as the one behind it.
   */
  const newestOverdue = (limitMs: number): number => {
    let newest = 0
    for (const row of statements.ages.iterate()) {
      const writtenMs = Number(row['writtenMs'])
      if (writtenMs < knownAfterMs) continue
      if (writtenMs >= limitMs) break
      newest = Number(row['first'])
    }
    return newest
  }

  /** The oldest go when they are too old or too many, so what the centre has goes first; what it lacks is counted. */
  const prune = (nowMs: number, lastRow: number): void => {
    prunedMs = nowMs
    statements.writeMeta.run('lastRow', lastRow)
    const overdue = newestOverdue(nowMs - retentionMs)
    for (let row = statements.oldest.get(); row !== undefined; row = statements.oldest.get()) {
      const [first, count] = [Number(row['first']), Number(row['count'])]
      if (first > overdue && liveBytes() <= maxBytes) break
      if (first + count - 1 > acknowledgedRow) droppedRows += count
      statements.drop.run(first)
    }
    statements.writeMeta.run('droppedRows', droppedRows)
  }

  const write = (batches: readonly Batch[], nowMs: number): void => {
    db.exec('BEGIN')
    for (const { first, count, json } of batches) {
      const packed = pack(json)
      statements.append.run(first, count, nowMs, packed)
      release(packed)
    }
    if (isAcknowledgedNew) statements.writeMeta.run('acknowledgedRow', acknowledgedRow)
    const last = batches.at(-1)
    if (last !== undefined && (nowMs - prunedMs > PRUNE_EVERY_MS || liveBytes() > maxBytes)) {
      prune(nowMs, last.first + last.count - 1)
    }
    if (syncDelayMs > 0) pause(syncDelayMs)
    db.exec('COMMIT')
    isAcknowledgedNew = false
  }

  /** What is not on disk is acknowledged to nobody, so waiting for the disk is all there is to do. */
  const writeUntilDone = (batches: readonly Batch[]): void => {
    for (let attempt = 0; ; attempt++) {
      try {
        write(batches, Date.now())
        return
      } catch (cause) {
        if (db.isTransaction) db.exec('ROLLBACK')
        droppedRows = meta('droppedRows')
        reply({ kind: 'failed', message: cause instanceof Error ? cause.message : String(cause) })
        pause(Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** attempt))
      }
    }
  }

  port.on('message', (request: ReadingsRequest) => {
    switch (request.kind) {
      case 'append':
        writeUntilDone(request.batches)
        reply({ kind: 'committed', ...counts() })
        return
      case 'read': {
        const row = statements.read.get({ row: request.after + 1 })
        if (row === undefined) {
          reply({ kind: 'read', id: request.id, batch: undefined })
          return
        }
        const unpacked = unpack(row['packed'])
        const json = new Uint8Array(unpacked)
        release(unpacked)
        const batch = { first: Number(row['first']), count: Number(row['count']), json }
        port.postMessage({ kind: 'read', id: request.id, batch } satisfies ReadingsReply, [json.buffer])
        return
      }
      case 'acknowledge':
        acknowledgedRow = request.row
        isAcknowledgedNew = true
        return
      case 'park':
        park(request.first, request.last, request.reason)
        reply({ kind: 'parked', id: request.id, ...counts() })
        return
      case 'state':
        statements.writeState.run(request.row, request.state)
        return
      case 'close':
        statements.writeMeta.run('acknowledgedRow', acknowledgedRow)
        db.close()
        port.close()
        return
    }
  })

  /** Cuts rows out of their batches and puts them aside. */
  const park = (first: number, last: number, reason: string): void => {
    db.exec('BEGIN')
    statements.writeMeta.run(
      'lastRow',
      Math.max(meta('lastRow'), number('SELECT coalesce(max(first + count - 1), 0) FROM batch')),
    )
    for (const row of statements.overlapping.all(last, first)) {
      const from = Number(row['first'])
      const readings = JSON.parse(`[${unpack(row['packed']).toString()}]`) as unknown[]
      const cutFrom = Math.max(0, first - from)
      const cutTo = Math.min(readings.length, last - from + 1)
      const text = (part: readonly unknown[]) => pack(Buffer.from(JSON.stringify(part).slice(1, -1)))
      statements.drop.run(from)
      if (cutFrom > 0)
        statements.append.run(from, cutFrom, Number(row['writtenMs']), text(readings.slice(0, cutFrom)))
      const rest = readings.slice(cutTo)
      if (rest.length > 0)
        statements.append.run(from + cutTo, rest.length, Number(row['writtenMs']), text(rest))
      statements.park.run(from + cutFrom, cutTo - cutFrom, reason, text(readings.slice(cutFrom, cutTo)))
    }
    db.exec('COMMIT')
  }
}

const PRUNE_EVERY_MS = 600_000
const FIRST_RETRY_MS = 100
const MAX_RETRY_MS = 10_000

/** Each step brings a file from the version of its index to the next; a new file takes them all. */
const STEPS: readonly string[] = [
  `
    CREATE TABLE batch (
      first INTEGER PRIMARY KEY, count INTEGER NOT NULL, writtenMs INTEGER NOT NULL, packed BLOB NOT NULL
    );
    CREATE TABLE parked (
      first INTEGER PRIMARY KEY, count INTEGER NOT NULL, reason TEXT NOT NULL, packed BLOB NOT NULL
    );
    CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE state (id INTEGER PRIMARY KEY, row INTEGER NOT NULL, state TEXT NOT NULL)
  `,
]

/** More than a batch takes as text, so that each of the two is made in one piece of memory. */
const PIECE = { chunkSize: 256 * 1024 }
/** The JSON text of a batch as it stands in the file: zstd, measured smaller and cheaper than deflate at any size. */
const pack = (json: Uint8Array) =>
  zstdCompressSync(json, { ...PIECE, params: { [constants.ZSTD_c_compressionLevel]: 1 } })
const unpack = (packed: unknown) => zstdDecompressSync(packed as Uint8Array, PIECE)
/** Gives the memory back at once: a thread that makes few objects seldom looks for garbage, and much hangs on these. */
const release = (buffer: Buffer<ArrayBuffer>): void => {
  buffer.buffer.transfer(0)
}

const openDatabase = (file: string): DatabaseSync => {
  const db = new DatabaseSync(file)
  // Small pages cost an SD card the least per commit; the size must be set before the journal mode.
  db.exec('PRAGMA page_size = 1024; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
  // What is written is seldom read again: the 2 MB of cache that SQLite takes by default would hold nothing of use.
  db.exec('PRAGMA cache_size = -256')
  const version = Number(db.prepare('PRAGMA user_version').get()?.['user_version'])
  if (version > STEPS.length)
    throw new Error(`${file} is of version ${version}, this gateway knows ${STEPS.length}`)
  for (const [index, step] of STEPS.entries()) {
    if (index >= version) db.exec(`BEGIN; ${step}; PRAGMA user_version = ${index + 1}; COMMIT`)
  }
  return db
}

const prepare = (db: DatabaseSync) => ({
  append: db.prepare('INSERT INTO batch (first, count, writtenMs, packed) VALUES (?, ?, ?, ?)'),
  // Found by its key: the last batch that begins no later, or the one behind it. A day's log has tens of thousands.
  read: db.prepare(`
    SELECT first, count, packed FROM batch
    WHERE first >= coalesce((SELECT max(first) FROM batch WHERE first <= $row), 0) AND first + count > $row
    ORDER BY first LIMIT 1
  `),
  overlapping: db.prepare('SELECT * FROM batch WHERE first <= ? AND first + count - 1 >= ? ORDER BY first'),
  oldest: db.prepare('SELECT first, count FROM batch ORDER BY first LIMIT 1'),
  drop: db.prepare('DELETE FROM batch WHERE first = ?'),
  ages: db.prepare('SELECT first, writtenMs FROM batch ORDER BY first'),
  park: db.prepare('INSERT OR REPLACE INTO parked (first, count, reason, packed) VALUES (?, ?, ?, ?)'),
  readMeta: db.prepare('SELECT value FROM meta WHERE name = ?'),
  writeMeta: db.prepare('INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)'),
  readState: db.prepare('SELECT row, state FROM state WHERE id = 1'),
  writeState: db.prepare('INSERT OR REPLACE INTO state (id, row, state) VALUES (1, ?, ?)'),
})

const pause = (ms: number): void => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

if (!isMainThread && parentPort !== null) run(parentPort, workerData as ReadingsWorkerOptions)
