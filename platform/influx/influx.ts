import { Worker } from 'node:worker_threads'
import type { InfluxView } from '@clearlane/protocol'
import type { StoredEntry } from '../log/log.ts'
import type { Projection } from '../projection.ts'
import { createQuestions } from '../threads/questions.ts'
import type { InfluxConfig } from './config.ts'
import type { FollowerState } from './follower.ts'

export type InfluxWorkerData = {
  readonly config: InfluxConfig
  readonly file: string
  /** Of the log's last entry. */
  readonly position: number
}
export type InfluxRequest =
  | { readonly kind: 'open'; readonly id: number }
  | {
      readonly kind: 'apply'
      readonly id: number
      readonly entries: readonly StoredEntry[]
      readonly cursor: number
    }
  | { readonly kind: 'close' }
export type InfluxReply =
  | { readonly kind: 'state'; readonly state: FollowerState; readonly cursor: number }
  | { readonly kind: 'done'; readonly id: number; readonly state: FollowerState; readonly cursor: number }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string }

export type InfluxOptions = {
  readonly config: InfluxConfig
  /** Holds the cursor and what was refused. */
  readonly file: string
  readonly position: () => number
  /** As the log's entries say when they were received. */
  readonly nowMs: () => number
  /** A line that was refused, or a server that does not take any. */
  readonly onRefused: (reason: 'influx-line-parked' | 'influx-held-up', detail: string) => void
}
/** The history once more, in a server of its own, made from the log by a thread of its own. */
export type Influx = Projection & {
  view(): InfluxView
  close(): Promise<void>
}

const NOTHING: FollowerState = {
  written: 0,
  lastWriteMs: undefined,
  failing: undefined,
  missing: [],
  parked: { total: 0, items: [] },
}
const CLOSE_WITHIN_MS = 2_000
/** An entry has one row or some hundred. */
const SLICE = { maxEntries: 5_000, maxBytes: 4 * 1024 * 1024 }

/** A thread that has ended, for example because its file cannot be opened, is started again by the next slice. */
export const openInflux = async (options: InfluxOptions): Promise<Influx> => {
  const { config, file, position, nowMs, onRefused } = options
  const questions = createQuestions<InfluxReply>()
  let state = NOTHING
  let cursor = 0
  let worker: Worker | undefined
  let isClosed = false
  /** When the first entry was received of those that the server does not have. */
  let waitingSinceMs: number | undefined

  const take = (next: FollowerState): void => {
    const [newest] = next.parked.items
    if (next.parked.total > state.parked.total && newest !== undefined)
      onRefused('influx-line-parked', `${newest.reason}: ${newest.line}`)
    if (next.failing !== undefined && next.failing.attempts !== state.failing?.attempts)
      onRefused('influx-held-up', next.failing.reason)
    state = next
  }
  const start = (): Worker => {
    const own = new Worker(new URL('./influx-worker.ts', import.meta.url), {
      workerData: { config, file, position: position() } satisfies InfluxWorkerData,
    })
    let cause = new Error('its thread has ended')
    own.on('message', (reply: InfluxReply) => {
      if (reply.kind !== 'failed') {
        take(reply.state)
        cursor = reply.cursor
      }
      if (reply.kind !== 'state') questions.answer(reply.id, reply)
    })
    own.on('error', (error) => {
      cause = error instanceof Error ? error : new Error(String(error))
    })
    own.once('exit', () => {
      worker = undefined
      questions.abandon(new Error(`influx ${file}: ${cause.message}`, { cause }))
    })
    return own
  }
  const ask = async (toRequest: (id: number) => InfluxRequest): Promise<void> => {
    if (isClosed) throw new Error(`influx ${file}: it is closed`)
    worker ??= start()
    const own = worker
    const reply = await questions.ask((id) => own.postMessage(toRequest(id)))
    if (reply.kind === 'failed') throw new Error(`influx ${file}: ${reply.message}`)
  }

  // A file that cannot be opened now is no reason not to start; whoever applies entries is told, and comes again.
  await ask((id) => ({ kind: 'open', id })).catch(() => undefined)

  return {
    name: 'influx',
    slice: SLICE,
    cursor: () => cursor,
    apply: async (entries, next) => {
      waitingSinceMs = entries[0]?.receivedMs
      await ask((id) => ({ kind: 'apply', id, entries, cursor: next }))
      waitingSinceMs = undefined
    },
    view: () => {
      const { written, lastWriteMs, failing, missing, parked } = state
      const { kind, url, org, bucket } = config
      return {
        kind,
        url,
        ...(org !== undefined && { org }),
        bucket,
        position: cursor,
        lagEntries: Math.max(0, position() - cursor),
        lagSeconds: waitingSinceMs === undefined ? 0 : Math.max(0, (nowMs() - waitingSinceMs) / 1_000),
        written,
        ...(lastWriteMs !== undefined && { lastWriteMs }),
        ...(failing !== undefined && { failing }),
        missing: [...missing],
        parked: { total: parked.total, items: [...parked.items] },
      }
    },
    close: async () => {
      isClosed = true
      const own = worker
      if (own === undefined) return
      const ended = new Promise<void>((resolve) => own.once('exit', () => resolve()))
      own.postMessage({ kind: 'close' } satisfies InfluxRequest)
      const timer = setTimeout(() => void own.terminate(), CLOSE_WITHIN_MS)
      await ended
      clearTimeout(timer)
    },
  }
}
