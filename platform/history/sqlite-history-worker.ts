import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import { pause } from '../threads/pause.ts'
import { openHistoryFile } from './history-file.ts'
import { createHistoryQueries } from './history-queries.ts'
import { openHistoryStore } from './history-store.ts'
import { openRecentSlices } from './recent-slices.ts'
import { openSegments } from './segments.ts'
import { openSeriesBook } from './series-book.ts'
import type { HistoryReply, HistoryRequest, HistoryWorkerOptions } from './sqlite-history.ts'
import { createUpkeep } from './upkeep.ts'

/**
 * The thread that owns the history's file. The history can be made again from the log, so it is not synced at every
 * commit. A reading without event time stands at its receive time until its gateway's clock is known. A file that
 * another process has locked fails the request at once: who asked comes again, and the next in the line has its turn.
 */
const run = (port: NonNullable<typeof parentPort>, options: HistoryWorkerOptions): void => {
  const db = openHistoryFile(options.file)
  const reply = (message: HistoryReply): void => port.postMessage(message)
  const inTransaction = (work: () => void): void => {
    try {
      db.exec('BEGIN')
      work()
      if (options.syncDelayMs > 0) pause(options.syncDelayMs)
      db.exec('COMMIT')
    } catch (cause) {
      if (db.isTransaction) db.exec('ROLLBACK')
      throw cause
    }
  }
  const series = openSeriesBook(db)
  const onDamage = (message: string): void => reply({ kind: 'trouble', message })
  const recent = openRecentSlices(db, onDamage)
  recent.refresh()
  const store = openHistoryStore({ db, series, recent, inTransaction })
  const queries = createHistoryQueries(series, openSegments(db, recent))
  const upkeep = createUpkeep({
    db,
    series,
    recent,
    retention: options.retention,
    inTransaction,
    nowMs: store.nowMs,
    onDamage,
  })

  /** Answers to `apply` that wait until there is room again: whoever follows the log brings no more meanwhile. */
  let held: HistoryReply[] = []
  let tending: NodeJS.Immediate | undefined
  /** A little between two requests, so that nobody waits for it. */
  const tend = (): void => {
    let isDone = true
    try {
      isDone = !upkeep.step()
    } catch (cause) {
      reply({ kind: 'trouble', message: toMessage(cause) })
    }
    if (isDone || !upkeep.isBehind()) for (const answer of held.splice(0)) reply(answer)
    tending = isDone ? undefined : setImmediate(tend)
  }

  const work = (request: Exclude<HistoryRequest, { kind: 'close' }>): HistoryReply => {
    const { id } = request
    switch (request.kind) {
      case 'readings': {
        const { items, next } = queries.readings(request.query)
        return { kind: 'page', id, text: JSON.stringify(items), next }
      }
      case 'series':
        return { kind: 'series', id, series: queries.series(request.query) }
      case 'apply':
        store.apply(request.entries, request.cursor)
        break
      case 'date-boot':
        store.dateBoot(request.boot, request.utcMs)
        break
      case 'open':
        break
    }
    return { kind: 'done', id, cursor: store.cursor() }
  }
  const answer = (request: Exclude<HistoryRequest, { kind: 'close' }>): HistoryReply => {
    try {
      return work(request)
    } catch (cause) {
      return { kind: 'failed', id: request.id, message: toMessage(cause) }
    }
  }

  port.on('message', (request: HistoryRequest) => {
    if (request.kind === 'close') {
      clearImmediate(tending)
      held = []
      db.close()
      port.close()
      return
    }
    const answered = answer(request)
    if (request.kind === 'apply' && upkeep.isBehind()) held.push(answered)
    else reply(answered)
    if (answered.kind === 'done') tending ??= setImmediate(tend)
  })
}

const toMessage = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))

if (!isMainThread && parentPort !== null) run(parentPort, workerData as HistoryWorkerOptions)
