import assert from 'node:assert/strict'
import { Worker } from 'node:worker_threads'
import { createQuestions } from '../threads/questions.ts'
import type { Appended, Log, LogChannel, LogEntry, Progress, StoredEntry } from './log.ts'

export type LogRequest =
  | { readonly kind: 'append'; readonly id: number; readonly entry: LogEntry }
  | {
      readonly kind: 'read'
      readonly id: number
      readonly after: number
      readonly limit: number
      readonly channel: LogChannel | undefined
      readonly maxBytes: number | undefined
    }
  | { readonly kind: 'close' }
export type LogReply =
  | { readonly kind: 'ready'; readonly position: number; readonly progress: readonly Progress[] }
  | {
      readonly kind: 'appended'
      readonly id: number
      readonly appended: Appended
      readonly position: number
      readonly progress: Progress | undefined
    }
  | { readonly kind: 'read'; readonly id: number; readonly entries: readonly StoredEntry[] }
  | { readonly kind: 'failed'; readonly message: string }

export type SqliteLogOptions = {
  readonly file: string
  /** Added to every sync, to see how the platform behaves on a slow disk. */
  readonly syncDelayMs?: number
  readonly onFailure: (failure: Error) => void
}

/** The log in one SQLite file, in a thread of its own. Appends that arrive during a sync share the next one. */
export const openSqliteLog = async ({ file, syncDelayMs = 0, onFailure }: SqliteLogOptions): Promise<Log> => {
  const worker = new Worker(new URL('./sqlite-log-worker.ts', import.meta.url), {
    workerData: { file, syncDelayMs },
  })
  const ready = await new Promise<Extract<LogReply, { kind: 'ready' }>>((resolve, reject) => {
    worker.once('error', reject)
    worker.once('message', (reply: LogReply) => {
      worker.off('error', reject)
      if (reply.kind === 'ready') resolve(reply)
      else reject(new Error(`log ${file}: ${reply.kind === 'failed' ? reply.message : reply.kind}`))
    })
  })
  const questions = createQuestions<LogReply>()
  const progress = new Map(ready.progress.map((one) => [toKey(one), one]))
  let { position } = ready
  let isClosing = false
  const closed = new Promise<void>((resolve) => {
    worker.once('exit', (code) => {
      // Without it nothing would ever be acknowledged: whoever supervises the process starts it anew.
      assert(isClosing, `log ${file}: its worker ended with ${code}`)
      resolve()
    })
  })
  worker.on('error', onFailure)
  worker.on('message', (reply: LogReply) => {
    if (reply.kind === 'failed') {
      onFailure(new Error(`log ${file}: ${reply.message}`))
      return
    }
    if (reply.kind === 'ready') return
    if (reply.kind === 'appended') {
      position = reply.position
      if (reply.progress !== undefined) progress.set(toKey(reply.progress), reply.progress)
    }
    questions.answer(reply.id, reply)
  })
  const ask = (toRequest: (id: number) => LogRequest): Promise<LogReply> =>
    questions.ask((id) => worker.postMessage(toRequest(id)))

  return {
    append: async (entry) => {
      const reply = await ask((id) => ({ kind: 'append', id, entry }))
      if (reply.kind !== 'appended') throw new Error(`log ${file}: no answer to an append`)
      return reply.appended
    },
    read: async (after, limit, channel, maxBytes) => {
      const reply = await ask((id) => ({ kind: 'read', id, after, limit, channel, maxBytes }))
      if (reply.kind !== 'read') throw new Error(`log ${file}: no answer to a read`)
      return [...reply.entries]
    },
    position: () => position,
    progress: () => [...progress.values()],
    close: async () => {
      isClosing = true
      worker.postMessage({ kind: 'close' } satisfies LogRequest)
      await closed
    },
  }
}

const toKey = ({ site, gateway, epoch, channel }: Progress): string =>
  `${site}/${gateway}/${epoch}/${channel}`
