import type { DatabaseSync } from 'node:sqlite'
import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import type { Reading } from '@clearlane/protocol'
import { openProjectionFile } from '../projection-file.ts'
import { pause } from '../threads/pause.ts'
import type { HistoryQuery, HistorySeries, SeriesQuery } from './history.ts'
import type { HistoryReply, HistoryRequest } from './sqlite-history.ts'
import type { Sample } from './thin.ts'
import { createThinning } from './thin.ts'

/**
 * The thread that owns the history's file. The history can be made again from the log, so it is not synced at every
 * commit. A reading without event time stands at its receive time until its gateway's clock is known. A file that
 * another process has locked fails the request at once: who asked comes again, and the next in the line has its turn.
 */
const run = (port: NonNullable<typeof parentPort>, file: string, syncDelayMs: number): void => {
  const db = openProjectionFile(file, { version: 2, schema: SCHEMA, kept: ['boot'] })
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
      reading.xNt,
      reading.yNt,
      reading.zNt,
      reading.temperatureC ?? null,
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

  const toSeries = ({ slot, fromMs, toMs, points, silenceAfterMs, nowMs }: SeriesQuery): HistorySeries => {
    const thinning = createThinning({ fromMs, toMs, stretches: points })
    const untilMs = Math.min(toMs, nowMs)
    const silent: { fromMs: number; toMs: number }[] = []
    // Never heard before is silent from the start of all time.
    let heardMs = Number(statements.before.get(slot, fromMs)?.['atMs'] ?? Number.NEGATIVE_INFINITY)
    const hear = (atMs: number): void => {
      const gap = { fromMs: Math.max(fromMs, heardMs), toMs: Math.min(untilMs, atMs) }
      if (atMs - heardMs > silenceAfterMs && gap.fromMs < gap.toMs) silent.push(gap)
      heardMs = atMs
    }
    for (const sample of statements.samples(slot, fromMs, toMs)) {
      hear(sample[0])
      thinning.take(sample)
    }
    hear(Number(statements.behind.get(slot, toMs)?.['atMs'] ?? nowMs))
    return { ...thinning.end(), silent }
  }

  const work = (request: Exclude<HistoryRequest, { kind: 'close' }>): HistoryReply => {
    const { id } = request
    switch (request.kind) {
      case 'readings':
        return { kind: 'page', id, ...find(request.query) }
      case 'series':
        return { kind: 'series', id, series: toSeries(request.query) }
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

/** What a chart shows stands beside the text, so that a month of it is read without parsing. Boots are not in the log. */
const SCHEMA = `
  CREATE TABLE reading (
    slot TEXT, atMs INTEGER, device TEXT, session INTEGER, counter INTEGER, undatedBoot TEXT,
    xNt INTEGER NOT NULL, yNt INTEGER NOT NULL, zNt INTEGER NOT NULL, temperatureC REAL, text TEXT NOT NULL,
    PRIMARY KEY (slot, atMs, device, session, counter)
  ) WITHOUT ROWID;
  CREATE INDEX undated ON reading (undatedBoot) WHERE undatedBoot IS NOT NULL;
  CREATE TABLE IF NOT EXISTS boot (boot TEXT PRIMARY KEY, utcMs INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE cursor (id INTEGER PRIMARY KEY, position INTEGER NOT NULL);
`

const prepare = (db: DatabaseSync) => ({
  insert: db.prepare('INSERT OR IGNORE INTO reading VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)'),
  cursor: db.prepare('SELECT position FROM cursor WHERE id = 1'),
  setCursor: db.prepare('INSERT OR REPLACE INTO cursor (id, position) VALUES (1, ?)'),
  range: db.prepare(
    `SELECT atMs, device, session, counter, text FROM reading
     WHERE slot = ? AND atMs < ? AND (atMs, device, session, counter) > (?, ?, ?, ?)
     ORDER BY atMs, device, session, counter LIMIT ?`,
  ),
  samples: prepareSamples(db),
  before: db.prepare('SELECT max(atMs) AS atMs FROM reading WHERE slot = ? AND atMs < ?'),
  behind: db.prepare('SELECT min(atMs) AS atMs FROM reading WHERE slot = ? AND atMs >= ?'),
  boot: db.prepare('SELECT utcMs FROM boot WHERE boot = ?'),
  setBoot: db.prepare('INSERT INTO boot (boot, utcMs) VALUES (?, ?)'),
  undated: db.prepare('SELECT text, atMs FROM reading WHERE undatedBoot = ?'),
  dropUndated: db.prepare('DELETE FROM reading WHERE undatedBoot = ?'),
})

/** Rows as arrays: a month of them as objects takes twice as long. */
const prepareSamples = (db: DatabaseSync) => {
  const statement = db.prepare(
    'SELECT atMs, xNt, yNt, zNt, temperatureC FROM reading WHERE slot = ? AND atMs >= ? AND atMs < ? ORDER BY atMs',
  )
  statement.setReturnArrays(true)
  return (slot: string, fromMs: number, toMs: number) =>
    statement.iterate(slot, fromMs, toMs) as Iterable<unknown> as Iterable<Sample>
}

if (!isMainThread && parentPort !== null) {
  const { file, syncDelayMs } = workerData as { file: string; syncDelayMs: number }
  run(parentPort, file, syncDelayMs)
}
