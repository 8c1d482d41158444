import type { Reading } from '@clearlane/protocol'
import { MAX_READINGS_PER_MESSAGE } from '@clearlane/protocol'
import assert from 'node:assert/strict'
import { Worker } from 'node:worker_threads'
import type { Chunk } from './reading-chunk.ts'
import { createChunk } from './reading-chunk.ts'
import type { Outbox, Rows } from './outbox.ts'
import { parseRows } from './outbox.ts'

/**
 * Every reading that was heard, in rows numbered from 1. `append` never waits: readings gather for at most a second
 * or until a message's worth is there, one transaction writes them, and only what is synced is visible. A batch is
 * stored as the JSON text that goes to the centre, one database row a batch: measured against one row a reading it
 * writes a third of the bytes and takes a fifth of the time. The text is made at once and stands in memory that
 * worker and sender read in place, so that a second's readings are no objects for the collector to move about.
 */
export type ReadingsLog = Outbox & {
  /** The reading's row. It is on disk once `committedRow()` has reached it. */
  append(reading: Reading): number
  /** The JSON text of a reading that is appended and not yet on disk. */
  pendingText(row: number): string | undefined
  /** False while the disk is so far behind that readings must be left with the devices. */
  hasRoom(): boolean
  /** Committed readings from a row on, batch by batch. */
  scan(fromRow: number): AsyncIterable<{ readonly first: number; readonly rows: readonly Reading[] }>
  /** Starts a commit of what is waiting now, and resolves when it is on disk. */
  flush(): Promise<void>
  /** A memory of the flow that holds for all rows up to `row`; handed back at the next start. */
  saveState(state: string, row: number): void
  recoveredState(): { readonly state: string; readonly row: number } | undefined
  close(): Promise<void>
}

export type ReadingsLogOptions = {
  readonly file: string
  readonly commitEveryMs?: number
  readonly retentionMs?: number
  /** Wall time before which the system clock is not known: what is written then has no age. */
  readonly knownAfterMs?: number
  readonly maxBytes?: number
  /** Added to every sync, to see how the gateway behaves on a slow card. */
  readonly syncDelayMs?: number
  readonly onFailure: (failure: Error) => void
}

const COMMIT_EVERY_MS = 1_000
const RETENTION_MS = 7 * 86_400_000
const MAX_BYTES = 2 * 1024 ** 3
/** Readings that may wait for the disk, about 5 MB. */
const MAX_WAITING_READINGS = 8_000

export type ReadingsWorkerOptions = {
  readonly file: string
  readonly retentionMs: number
  readonly knownAfterMs: number
  readonly maxBytes: number
  readonly syncDelayMs: number
}
/** A batch of at most one message, as `Rows` are; its bytes lie in memory that both threads see. */
export type Batch = Rows

export type ReadingsRequest =
  | { readonly kind: 'append'; readonly batches: readonly Batch[] }
  | { readonly kind: 'read'; readonly id: number; readonly after: number }
  | { readonly kind: 'acknowledge'; readonly row: number }
  | {
      readonly kind: 'park'
      readonly id: number
      readonly first: number
      readonly last: number
      readonly reason: string
    }
  | { readonly kind: 'state'; readonly state: string; readonly row: number }
  | { readonly kind: 'close' }
type Counts = { readonly droppedRows: number; readonly parkedRows: number; readonly bytes: number }
export type ReadingsReply =
  | ({
      readonly kind: 'ready'
      readonly committedRow: number
      readonly acknowledgedRow: number
      readonly state: { readonly state: string; readonly row: number } | undefined
    } & Counts)
  | ({ readonly kind: 'committed' } & Counts)
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'read'; readonly id: number; readonly batch: Batch | undefined }
  | ({ readonly kind: 'parked'; readonly id: number } & Counts)

export const openReadingsLog = async (options: ReadingsLogOptions): Promise<ReadingsLog> => {
  const {
    file,
    commitEveryMs = COMMIT_EVERY_MS,
    retentionMs = RETENTION_MS,
    knownAfterMs = 0,
    maxBytes = MAX_BYTES,
    onFailure,
  } = options
  const workerData: ReadingsWorkerOptions = {
    file,
    retentionMs,
    knownAfterMs,
    maxBytes,
    syncDelayMs: options.syncDelayMs ?? 0,
  }
  const worker = new Worker(new URL('./readings-worker.ts', import.meta.url), { workerData })
  const ready = await firstReply(worker, file)
  const post = (request: ReadingsRequest): void => worker.postMessage(request)

  let { committedRow, acknowledgedRow } = ready
  let counts: Counts = ready
  let appendedRow = committedRow
  /** Chunks filled since the last commit began, the last of them open; those whose commit is under way; and spare ones. */
  let gathered: Chunk[] = []
  let committing: Chunk[] = []
  const spare: Chunk[] = []
  let timer: NodeJS.Timeout | undefined
  let isClosing = false
  const listeners: ((rows: Rows) => void)[] = []
  const idleWaiters: (() => void)[] = []
  const answers = new Map<number, (reply: ReadingsReply) => void>()
  let nextId = 1
  const closed = new Promise<void>((resolve) => {
    worker.on('exit', (code) => {
      // Without it no device would ever be acknowledged: whoever supervises the process starts it anew.
      assert(isClosing, `readings log ${file}: its worker ended with ${code}`)
      resolve()
    })
  })

  const openChunk = (): Chunk => {
    const chunk = spare.pop() ?? createChunk(MAX_READINGS_PER_MESSAGE)
    chunk.start(appendedRow + 1)
    gathered.push(chunk)
    return chunk
  }
  const isMessageFull = (): boolean => gathered.length > 1 || gathered[0]?.isFull() === true
  const commit = (): void => {
    clearTimeout(timer)
    timer = undefined
    if (committing.length > 0) return
    if (gathered.length === 0) {
      for (const resolve of idleWaiters.splice(0)) resolve()
      return
    }
    committing = gathered
    gathered = []
    post({ kind: 'append', batches: committing.map((chunk) => chunk.rows()) })
  }
  const onCommitted = (): void => {
    const done = committing
    committing = []
    for (const chunk of done) {
      const rows = chunk.rows()
      committedRow += rows.count
      for (const listener of listeners) listener(rows)
    }
    spare.push(...done)
    if (isMessageFull() || idleWaiters.length > 0) commit()
  }
  worker.on('error', onFailure)
  worker.on('message', (reply: ReadingsReply) => {
    switch (reply.kind) {
      case 'committed':
        counts = reply
        onCommitted()
        return
      case 'failed':
        onFailure(new Error(`readings log ${file}: ${reply.message}`))
        return
      case 'parked':
        counts = reply
        answers.get(reply.id)?.(reply)
        answers.delete(reply.id)
        return
      case 'read':
        answers.get(reply.id)?.(reply)
        answers.delete(reply.id)
        return
      case 'ready':
        return
    }
  })
  const ask = (toRequest: (id: number) => ReadingsRequest): Promise<ReadingsReply> =>
    new Promise((resolve) => {
      const id = nextId++
      answers.set(id, resolve)
      post(toRequest(id))
    })
  const readBatch = async (after: number): Promise<Batch | undefined> => {
    const reply = await ask((id) => ({ kind: 'read', id, after }))
    return reply.kind === 'read' ? reply.batch : undefined
  }

  return {
    channel: 'readings',
    append: (reading) => {
      const text = JSON.stringify(reading)
      if (gathered.at(-1)?.add(text) !== true) assert(openChunk().add(text), 'a reading fits an empty chunk')
      appendedRow++
      if (isMessageFull()) commit()
      else timer ??= setTimeout(commit, commitEveryMs)
      return appendedRow
    },
    pendingText: (row) => {
      for (const chunks of [committing, gathered]) {
        for (const chunk of chunks) {
          const text = chunk.textOf(row)
          if (text !== undefined) return text
        }
      }
      return undefined
    },
    hasRoom: () => appendedRow - committedRow < MAX_WAITING_READINGS,
    committedRow: () => committedRow,
    acknowledgedRow: () => acknowledgedRow,
    onCommit: (listener) => {
      listeners.push(listener)
    },
    read: async (after, limit) => {
      const batch = await readBatch(after)
      if (batch === undefined) return { first: after + 1, count: 0, json: EMPTY }
      return cut(batch, Math.max(batch.first, after + 1), limit)
    },
    scan: async function* (fromRow) {
      let after = fromRow - 1
      for (let batch = await readBatch(after); batch !== undefined; batch = await readBatch(after)) {
        const skip = Math.max(0, after + 1 - batch.first)
        yield { first: batch.first + skip, rows: parseRows<Reading>(batch).slice(skip) }
        after = batch.first + batch.count - 1
      }
    },
    acknowledge: (row) => {
      if (row <= acknowledgedRow || row > committedRow) return
      acknowledgedRow = row
      post({ kind: 'acknowledge', row })
    },
    park: async (first, last, reason) => {
      await ask((id) => ({ kind: 'park', id, first, last, reason }))
    },
    flush: () =>
      new Promise((resolve) => {
        idleWaiters.push(resolve)
        commit()
      }),
    saveState: (state, row) => post({ kind: 'state', state, row }),
    recoveredState: () => ready.state,
    stats: () => ({
      committedRow,
      acknowledgedRow,
      droppedRows: counts.droppedRows,
      parkedRows: counts.parkedRows,
      bytes: counts.bytes,
    }),
    close: async () => {
      await new Promise<void>((resolve) => {
        idleWaiters.push(resolve)
        commit()
      })
      isClosing = true
      post({ kind: 'close' })
      await closed
    },
  }
}

const EMPTY = new Uint8Array()

/** At most `limit` rows from row `first` on; a batch that is wanted whole is handed on as it is. */
const cut = (batch: Batch, first: number, limit: number): Rows => {
  const skip = first - batch.first
  if (skip === 0 && batch.count <= limit) return batch
  const rows = parseRows(batch).slice(skip, skip + limit)
  return { first, count: rows.length, json: Buffer.from(JSON.stringify(rows).slice(1, -1)) }
}

const firstReply = (worker: Worker, file: string): Promise<Extract<ReadingsReply, { kind: 'ready' }>> =>
  new Promise((resolve, reject) => {
    worker.once('error', reject)
    worker.once('message', (reply: ReadingsReply) => {
      worker.off('error', reject)
      if (reply.kind === 'ready') resolve(reply)
      else reject(new Error(`readings log ${file}: ${reply.kind === 'failed' ? reply.message : reply.kind}`))
    })
  })
