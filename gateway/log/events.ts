import type { GatewayEvent, PresenceEvent, Reading } from '@clearlane/protocol'
import type { Told } from '@clearlane/rules'
import assert from 'node:assert/strict'
import { Worker } from 'node:worker_threads'
import type { Outbox, Rows } from './outbox.ts'

/**
 * The gateway's memory of what it has told: each event with the readings that made it, what was told so far, and
 * the settled snapshot, synced to disk before anyone hears of it. A commit starts at once, with no timer; events
 * made while a sync runs share the next one.
 */
export type EventsLog = Outbox & {
  /** Random, made with the file: a new file is a new epoch, and the centre treats its rows as a new log. */
  readonly epoch: string
  /** Resolves when everything of the entry is on disk. */
  append(entry: EventsEntry): Promise<void>
  /** Called for each entry that is on disk with how long that took. */
  onAppended(listener: (durationMs: number) => void): void
  /** No commit is under way: an entry appended now has one of its own, at once. */
  isIdle(): boolean
  recovered(): Recovered
  /**
   * Stores the settled state, and in the same transaction forgets what was told of episodes that it has settled: an
   * older snapshot would fold them again and must still find what was told.
   */
  saveSnapshot(snapshot: Uint8Array, forgotten: readonly string[]): Promise<void>
  close(): Promise<void>
}

export type EventsEntry = {
  readonly events: readonly GatewayEvent[]
  readonly told: readonly Told[]
  readonly presences: readonly PresenceEvent[]
  /** Readings that the events rest on and that the readings log has not synced yet. */
  readonly readings: readonly LoggedReading[]
  /** Readings up to this row are safe in the readings log; their copies here can go. */
  readonly readingsCommittedRow: number
}
export type LoggedReading = { readonly row: number; readonly json: string }

export type Recovered = {
  readonly told: readonly Told[]
  readonly presences: readonly PresenceEvent[]
  readonly readings: readonly { readonly row: number; readonly reading: Reading }[]
  readonly snapshot: Uint8Array | undefined
}

export type EventsLogOptions = {
  readonly file: string
  /** Added to every sync, to see how the gateway behaves on a slow card. */
  readonly syncDelayMs?: number
  readonly retentionMs?: number
  readonly onFailure: (failure: Error) => void
}

const DAY_MS = 86_400_000
const RETENTION_MS = 30 * DAY_MS
/** Entries waiting for the disk. Beyond it the disk is gone, not slow. */
const MAX_WAITING_EVENTS = 200_000

/** What goes to the worker and comes back. */
export type EventsRequest =
  | { readonly kind: 'append'; readonly entry: PackedEntry }
  | { readonly kind: 'read'; readonly id: number; readonly after: number; readonly limit: number }
  | { readonly kind: 'acknowledge'; readonly row: number }
  | {
      readonly kind: 'park'
      readonly id: number
      readonly first: number
      readonly last: number
      readonly reason: string
    }
  | {
      readonly kind: 'snapshot'
      readonly id: number
      readonly snapshot: Uint8Array
      readonly forgotten: readonly string[]
    }
  | { readonly kind: 'close' }
/** Rows as JSON text, made on the main thread once and used for disk and network alike. */
export type PackedEntry = {
  readonly events: readonly string[]
  readonly told: readonly { readonly id: string; readonly json: string }[]
  readonly presences: readonly { readonly slot: string; readonly json: string }[]
  readonly readings: readonly { readonly row: number; readonly json: string }[]
  readonly readingsCommittedRow: number
}
export type EventsReply =
  | {
      readonly kind: 'ready'
      readonly epoch: string
      readonly committedRow: number
      readonly acknowledgedRow: number
      readonly droppedRows: number
      readonly parkedRows: number
      readonly bytes: number
      readonly told: readonly string[]
      readonly presences: readonly string[]
      readonly readings: readonly { readonly row: number; readonly json: string }[]
      readonly snapshot: Uint8Array | undefined
    }
  | {
      readonly kind: 'committed'
      readonly entries: number
      readonly committedRow: number
      readonly bytes: number
    }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'read'; readonly id: number; readonly first: number; readonly rows: readonly string[] }
  | { readonly kind: 'done'; readonly id: number; readonly parkedRows: number }
  | { readonly kind: 'closed' }

export const openEventsLog = async (options: EventsLogOptions): Promise<EventsLog> => {
  const { file, syncDelayMs = 0, retentionMs = RETENTION_MS, onFailure } = options
  const worker = new Worker(new URL('./events-worker.ts', import.meta.url), {
    workerData: { file, syncDelayMs, retentionMs },
  })
  const listeners: ((rows: Rows) => void)[] = []
  const waiting: {
    readonly events: readonly string[]
    readonly startedMs: number
    readonly resolve: () => void
  }[] = []
  const stopwatches: ((durationMs: number) => void)[] = []
  const answers = new Map<number, (reply: EventsReply) => void>()
  let waitingEvents = 0
  let nextId = 1
  let isClosing = false

  const ready = await new Promise<Extract<EventsReply, { kind: 'ready' }>>((resolve, reject) => {
    worker.once('error', reject)
    worker.once('message', (reply: EventsReply) => {
      worker.off('error', reject)
      if (reply.kind === 'ready') resolve(reply)
      else reject(new Error(`events log ${file}: ${reply.kind === 'failed' ? reply.message : reply.kind}`))
    })
  })
  let { committedRow, acknowledgedRow, parkedRows, bytes } = ready
  const { promise: closed, resolve: onClosed } = Promise.withResolvers<void>()

  const onCommitted = (entries: number): void => {
    for (const { events, startedMs, resolve } of waiting.splice(0, entries)) {
      waitingEvents -= events.length
      const first = committedRow + 1
      committedRow += events.length
      if (events.length > 0) for (const listener of listeners) listener(toRows(first, events))
      resolve()
      for (const stopwatch of stopwatches) stopwatch(performance.now() - startedMs)
    }
  }
  worker.on('error', onFailure)
  worker.on('exit', (code) => {
    // Without it no alarm would ever be told: whoever supervises the process starts it anew.
    assert(isClosing, `events log ${file}: its worker ended with ${code}`)
    onClosed()
  })
  worker.on('message', (reply: EventsReply) => {
    switch (reply.kind) {
      case 'committed':
        bytes = reply.bytes
        onCommitted(reply.entries)
        return
      case 'failed':
        onFailure(new Error(`events log ${file}: ${reply.message}`))
        return
      case 'read':
      case 'done':
        if (reply.kind === 'done') parkedRows = reply.parkedRows
        answers.get(reply.id)?.(reply)
        answers.delete(reply.id)
        return
      case 'ready':
      case 'closed':
        return
    }
  })
  const post = (request: EventsRequest): void => worker.postMessage(request)
  const ask = (toRequest: (id: number) => EventsRequest): Promise<EventsReply> =>
    new Promise((resolve) => {
      const id = nextId++
      answers.set(id, resolve)
      post(toRequest(id))
    })

  return {
    channel: 'events',
    epoch: ready.epoch,
    recovered: () => ({
      told: ready.told.map((json) => JSON.parse(json, reviveInfinity) as Told),
      presences: ready.presences.map((json) => JSON.parse(json) as PresenceEvent),
      readings: ready.readings.map(({ row, json }) => ({ row, reading: JSON.parse(json) as Reading })),
      snapshot: ready.snapshot,
    }),
    append: (entry) => {
      waitingEvents += entry.events.length
      if (waitingEvents > MAX_WAITING_EVENTS) {
        return Promise.reject(new Error(`events log ${file}: ${MAX_WAITING_EVENTS} events wait for the disk`))
      }
      return new Promise((resolve) => {
        const packed = toPacked(entry)
        waiting.push({
          events: packed.events,
          startedMs: stopwatches.length === 0 ? 0 : performance.now(),
          resolve,
        })
        post({ kind: 'append', entry: packed })
      })
    },
    onAppended: (listener) => {
      stopwatches.push(listener)
    },
    isIdle: () => waiting.length === 0,
    committedRow: () => committedRow,
    acknowledgedRow: () => acknowledgedRow,
    onCommit: (listener) => {
      listeners.push(listener)
    },
    read: async (after, limit) => {
      const reply = await ask((id) => ({ kind: 'read', id, after, limit }))
      if (reply.kind !== 'read') throw new Error(`events log ${file}: no answer to a read`)
      return toRows(reply.first, reply.rows)
    },
    acknowledge: (row) => {
      if (row <= acknowledgedRow || row > committedRow) return
      acknowledgedRow = row
      post({ kind: 'acknowledge', row })
    },
    park: async (first, last, reason) => {
      await ask((id) => ({ kind: 'park', id, first, last, reason }))
    },
    saveSnapshot: async (snapshot, forgotten) => {
      await ask((id) => ({ kind: 'snapshot', id, snapshot, forgotten }))
    },
    stats: () => ({ committedRow, acknowledgedRow, droppedRows: ready.droppedRows, parkedRows, bytes }),
    close: async () => {
      isClosing = true
      post({ kind: 'close' })
      await closed
    },
  }
}

const toRows = (first: number, events: readonly string[]): Rows => ({
  first,
  count: events.length,
  json: Buffer.from(events.join(',')),
})

const toPacked = (entry: EventsEntry): PackedEntry => ({
  events: entry.events.map((event) => JSON.stringify(event)),
  told: entry.told.map((told) => ({ id: told.episode.id, json: JSON.stringify(told, replaceInfinity) })),
  presences: entry.presences.map((event) => ({ slot: event.slot, json: JSON.stringify(event) })),
  readings: entry.readings,
  readingsCommittedRow: entry.readingsCommittedRow,
})

/** An episode that still runs has no end: JSON has no word for that number. */
const replaceInfinity = (_key: string, value: unknown): unknown =>
  value === Number.POSITIVE_INFINITY ? 'Infinity' : value
const reviveInfinity = (_key: string, value: unknown): unknown =>
  value === 'Infinity' ? Number.POSITIVE_INFINITY : value
