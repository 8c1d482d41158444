import { Worker } from 'node:worker_threads'
import type { Reading } from '@clearlane/protocol'
import type { StoredEntry } from '../log/log.ts'
import { createQuestions } from '../threads/questions.ts'
import type { History, HistoryQuery, HistorySeries, SeriesQuery } from './history.ts'
import type { Retention } from './upkeep.ts'

export type HistoryRequest =
  | { readonly kind: 'open'; readonly id: number }
  | {
      readonly kind: 'apply'
      readonly id: number
      readonly entries: readonly StoredEntry[]
      readonly cursor: number
    }
  | { readonly kind: 'readings'; readonly id: number; readonly query: HistoryQuery }
  | { readonly kind: 'series'; readonly id: number; readonly query: SeriesQuery }
  | { readonly kind: 'date-boot'; readonly id: number; readonly boot: string; readonly utcMs: number }
  | { readonly kind: 'close' }
export type HistoryReply =
  | { readonly kind: 'done'; readonly id: number; readonly cursor: number }
  | {
      readonly kind: 'page'
      readonly id: number
      /** JSON of the readings, an array. */
      readonly text: string
      readonly next: string | undefined
    }
  | { readonly kind: 'series'; readonly id: number; readonly series: HistorySeries }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string }
  /** Something went wrong that nobody has asked for. */
  | { readonly kind: 'trouble'; readonly message: string }

export type SqliteHistoryOptions = {
  readonly file: string
  /** Added to every commit, to see how the platform behaves with a slow history. */
  readonly syncDelayMs?: number
  readonly retention?: Retention
  /** What could not be put away, and what is damaged in the file. */
  readonly onTrouble?: (message: string) => void
}
export type HistoryWorkerOptions = {
  readonly file: string
  readonly syncDelayMs: number
  readonly retention: Retention
}

/** A year and a month in full: this month beside the same one of last year, as it was. */
export const DEFAULT_RETENTION: Retention = { fullDays: 400, thinnedMinutes: 30, keepDays: 3_650 }

const CLOSE_WITHIN_MS = 2_000

/**
 * The history in one SQLite file, in a thread of its own. A thread that has ended, for example because its file cannot
 * be opened, is started again by the next request.
 */
export const openSqliteHistory = async ({
  file,
  syncDelayMs = 0,
  retention = DEFAULT_RETENTION,
  onTrouble = () => undefined,
}: SqliteHistoryOptions): Promise<History> => {
  const questions = createQuestions<HistoryReply>()
  let cursor = 0
  let worker: Worker | undefined
  let isClosed = false

  const start = (): Worker => {
    const own = new Worker(new URL('./sqlite-history-worker.ts', import.meta.url), {
      workerData: { file, syncDelayMs, retention } satisfies HistoryWorkerOptions,
    })
    let cause = new Error('its thread has ended')
    own.on('message', (reply: HistoryReply) => {
      if (reply.kind === 'trouble') return onTrouble(`history ${file}: ${reply.message}`)
      if (reply.kind === 'done') cursor = reply.cursor
      questions.answer(reply.id, reply)
    })
    own.on('error', (error) => {
      cause = error instanceof Error ? error : new Error(String(error))
    })
    own.once('exit', () => {
      worker = undefined
      questions.abandon(new Error(`history ${file}: ${cause.message}`, { cause }))
    })
    return own
  }
  const ask = async (toRequest: (id: number) => HistoryRequest): Promise<HistoryReply> => {
    if (isClosed) throw new Error(`history ${file}: it is closed`)
    worker ??= start()
    const own = worker
    const reply = await questions.ask((id) => own.postMessage(toRequest(id)))
    if (reply.kind === 'failed') throw new Error(`history ${file}: ${reply.message}`)
    return reply
  }

  // A file that cannot be opened now is no reason not to start; whoever applies entries is told, and comes again.
  await ask((id) => ({ kind: 'open', id })).catch(() => undefined)

  return {
    name: 'history',
    cursor: () => cursor,
    apply: async (entries, next) => {
      await ask((id) => ({ kind: 'apply', id, entries, cursor: next }))
    },
    readings: async (query) => {
      const reply = await ask((id) => ({ kind: 'readings', id, query }))
      if (reply.kind !== 'page') throw new Error(`history ${file}: no answer to a query`)
      return { items: JSON.parse(reply.text) as Reading[], next: reply.next }
    },
    series: async (query) => {
      const reply = await ask((id) => ({ kind: 'series', id, query }))
      if (reply.kind !== 'series') throw new Error(`history ${file}: no answer to a query`)
      return reply.series
    },
    dateBoot: async (boot, utcMs) => {
      await ask((id) => ({ kind: 'date-boot', id, boot, utcMs }))
    },
    close: async () => {
      isClosed = true
      const own = worker
      if (own === undefined) return
      const ended = new Promise<void>((resolve) => own.once('exit', () => resolve()))
      own.postMessage({ kind: 'close' } satisfies HistoryRequest)
      const timer = setTimeout(() => void own.terminate(), CLOSE_WITHIN_MS)
      await ended
      clearTimeout(timer)
    },
  }
}
