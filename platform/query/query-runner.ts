import { Worker } from 'node:worker_threads'
import type { QueryLimits } from '../influxql/budget.ts'
import type { Epoch } from '../influxql/format.ts'
import { createTurns } from '../threads/turns.ts'
import type { QueryWorkerData } from './query-worker.ts'

export type QueryRequest = {
  readonly query: string
  readonly database: string | undefined
  readonly retentionPolicy: string | undefined
  /** Those that whoever asks may read. */
  readonly databases: readonly string[]
  readonly epoch: Epoch | undefined
  readonly isPretty: boolean
  /** Rows of a piece; undefined for an answer in one. */
  readonly chunkSize: number | undefined
  readonly nowMs: number
}

export type QueryReply =
  /** InfluxDB's JSON, in pieces as large as they are sent. */
  | { readonly kind: 'answered'; readonly isRefused: boolean; readonly pieces: readonly Uint8Array[] }
  /** `isAway`: the history cannot be read now. Otherwise it is a fault of ours. */
  | { readonly kind: 'failed'; readonly message: string; readonly isAway: boolean }
export type QueryOutcome =
  | QueryReply
  | { readonly kind: 'too-many'; readonly count: number; readonly limit: number }
  | { readonly kind: 'too-slow' }
  | { readonly kind: 'too-large' }
  /** Whoever asked has gone, or the platform is closing. */
  | { readonly kind: 'left' }

export type QueryRunnerOptions = {
  readonly file: string
  readonly limits?: Partial<QueryLimits>
  /** Queries that are answered at once, each in a thread of its own. */
  readonly threads: number
  readonly maxWaiting: number
  readonly patienceMs: number
  /** More than the limits allow: what does not look at its clock is ended from outside. */
  readonly withinMs: number
  readonly memoryMb: number
}

export type QueryRunner = {
  run(request: QueryRequest, signal: AbortSignal): Promise<QueryOutcome>
  close(): Promise<void>
}

/** What nobody waits for any more may end by itself for so long: a new thread costs as much. */
const END_WITHIN_MS = 500

/** Answers queries in threads that are started when they are first needed, a few at a time. */
export const createQueryRunner = (options: QueryRunnerOptions): QueryRunner => {
  const { threads, maxWaiting, patienceMs } = options
  const turns = createTurns({ atOnce: threads, maxWaiting, patienceMs })
  const closing = new AbortController()
  const all: QueryThread[] = []
  const free: QueryThread[] = []
  const create = (): QueryThread => {
    const thread = createQueryThread(options)
    all.push(thread)
    return thread
  }
  return {
    run: async (request, left) => {
      const signal = AbortSignal.any([left, closing.signal])
      const turn = await turns.take(signal)
      if (turn === 'full') return { kind: 'too-many', count: turns.count() + 1, limit: threads + maxWaiting }
      if (turn === 'left') return { kind: 'left' }
      const thread = free.pop() ?? create()
      try {
        return await thread.ask(request, signal)
      } finally {
        free.push(thread)
        turns.leave()
      }
    },
    close: async () => {
      closing.abort()
      await Promise.all(all.map((thread) => thread.close()))
    },
  }
}

type QueryThread = {
  /** One at a time. What is no longer wanted, or takes too long, ends with its thread. */
  ask(request: QueryRequest, signal: AbortSignal): Promise<QueryOutcome>
  close(): Promise<void>
}

const createQueryThread = ({
  file,
  limits = {},
  withinMs,
  memoryMb,
}: Pick<QueryRunnerOptions, 'file' | 'limits' | 'withinMs' | 'memoryMb'>): QueryThread => {
  let worker: Worker | undefined
  let answer: (outcome: QueryOutcome) => void = () => undefined
  const start = (): Worker => {
    const own = new Worker(new URL('./query-worker.ts', import.meta.url), {
      workerData: { file, limits } satisfies QueryWorkerData,
      resourceLimits: { maxOldGenerationSizeMb: memoryMb },
    })
    own.on('message', (reply: QueryReply) => answer(reply))
    own.on('error', (cause) => {
      if (worker === own) worker = undefined
      answer(toOutcome(cause))
    })
    return own
  }
  const end = async (): Promise<void> => {
    const own = worker
    worker = undefined
    await own?.terminate()
  }
  return {
    ask: async (request, signal) => {
      if (signal.aborted) return { kind: 'left' }
      worker ??= start()
      const { promise, resolve } = Promise.withResolvers<QueryOutcome>()
      answer = resolve
      let timer = setTimeout(resolve, withinMs, { kind: 'too-slow' })
      const leave = (): void => {
        clearTimeout(timer)
        timer = setTimeout(resolve, END_WITHIN_MS, { kind: 'left' })
      }
      signal.addEventListener('abort', leave)
      worker.postMessage(request)
      const outcome = await promise
      signal.removeEventListener('abort', leave)
      clearTimeout(timer)
      answer = () => undefined
      if (outcome.kind === 'left' || outcome.kind === 'too-slow') await end()
      return outcome
    },
    close: () => {
      answer({ kind: 'left' })
      return end()
    },
  }
}

const toOutcome = (cause: unknown): QueryOutcome => {
  const error = cause instanceof Error ? cause : new Error(String(cause))
  return 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY'
    ? { kind: 'too-large' }
    : { kind: 'failed', message: error.stack ?? error.message, isAway: false }
}
