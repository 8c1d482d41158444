import type { HealthMessage, NoteMessage, Refusals, ReplyMessage } from '@clearlane/protocol'
import {
  ActiveMessageSchema,
  EventsMessageSchema,
  HealthMessageSchema,
  NoteMessageSchema,
  parseJson,
  parseTopic,
  ReadingsMessageSchema,
  ReplyMessageSchema,
} from '@clearlane/protocol'
import type { Log, LogEntry } from '../log/log.ts'
import { hasRows } from '../log/log.ts'

/** From a gateway's message to the log, and back to the gateway what is committed. */
export type Ingest = {
  /** Hands a message over without working on it: the MQTT client's handler must return at once. */
  take(topic: string, payload: Buffer, isRetained: boolean): void
  /** Messages that wait, in bytes. */
  waitingBytes(): number
  /** Resolves when everything taken has been worked on. */
  idle(): Promise<void>
}

export type IngestOptions = {
  readonly site: string
  readonly log: Log
  readonly refusals: Refusals
  readonly nowMs: () => number
  readonly acknowledge: (gateway: string, epoch: string, rewind: readonly ('readings' | 'events')[]) => void
  readonly onCommitted: (entry: LogEntry) => void
  /** A retained message says what was so once, not that the gateway is there. */
  readonly onHealth: (gateway: string, health: HealthMessage, isRetained: boolean) => void
  readonly onReply: (reply: ReplyMessage) => void
  readonly onNote: (note: NoteMessage) => void
}

/** Messages waiting for their turn. What is beyond is not acknowledged, so its gateway sends it again. */
const MAX_WAITING_BYTES = 64 * 1024 * 1024
/** Appends under way at once; they share syncs, so messages of one reading need many of them. */
const MAX_APPENDS = 1_024
const MAX_APPEND_BYTES = 8 * 1024 * 1024

export const createIngest = (options: IngestOptions): Ingest => {
  const { site, log, refusals, nowMs, acknowledge, onCommitted, onHealth, onReply, onNote } = options
  const queue: { readonly topic: string; readonly payload: Buffer; readonly isRetained: boolean }[] = []
  const idleWaiters: (() => void)[] = []
  let waitingBytes = 0
  let appends = 0
  let appendBytes = 0
  let isScheduled = false

  const append = async (entry: LogEntry): Promise<void> => {
    appends++
    appendBytes += entry.text.length
    try {
      const { outcome, skipped } = await log.append(entry)
      if (outcome === 'gap')
        refusals.refuse(
          'gap',
          `${entry.gateway}: row ${entry.first} follows ${entry.after}, which is not here`,
        )
      if (outcome === 'duplicate')
        refusals.refuse(
          'duplicate',
          `${entry.gateway}: ${entry.channel} rows ${entry.first} to ${entry.last} are here`,
        )
      if (skipped > 0)
        refusals.refuse(
          'rows-given-up',
          `${entry.gateway}: ${skipped} ${entry.channel} rows before ${entry.first} will not come`,
        )
      if (outcome === 'committed') onCommitted(entry)
      if (hasRows(entry.channel))
        acknowledge(entry.gateway, entry.epoch, outcome === 'gap' ? [entry.channel] : [])
    } finally {
      appends--
      appendBytes -= entry.text.length
      schedule()
    }
  }

  const work = (topic: string, payload: Buffer, isRetained: boolean): void => {
    const parsed = parseTopic(topic)
    if (parsed === undefined || parsed.site !== site) return refusals.refuse('topic-unexpected', topic)
    const { gateway, name } = parsed
    const text = payload.toString('utf8')
    const reject = ({ reason, detail }: { reason: string; detail: string }) =>
      refusals.refuse(reason, `${topic}: ${detail}`)
    const isOwn = (message: { readonly gateway: string }): boolean => {
      if (message.gateway !== gateway)
        refusals.refuse('gateway-mismatch', `${topic}: the message says ${message.gateway}`)
      return message.gateway === gateway
    }
    switch (name) {
      case 'telemetry':
      case 'episode': {
        const message =
          name === 'telemetry'
            ? parseJson(name, ReadingsMessageSchema, text)
            : parseJson(name, EventsMessageSchema, text)
        if (!message.ok) return reject(message.fault)
        const { epoch, channel, after, first, last, rows } = message.value
        if (!isOwn(message.value)) return
        if (rows.length !== last - first + 1 || after >= first) {
          return refusals.refuse(
            'rows-mismatch',
            `${topic}: ${rows.length} rows do not fill ${first} to ${last} behind ${after}`,
          )
        }
        void append({
          site,
          gateway,
          epoch,
          channel,
          after,
          first,
          last,
          receivedMs: nowMs(),
          text: JSON.stringify(rows),
        })
        return
      }
      case 'active': {
        const message = parseJson(name, ActiveMessageSchema, text)
        if (!message.ok) return reject(message.fault)
        if (!isOwn(message.value)) return
        const { epoch, eventRow } = message.value
        void append({
          site,
          gateway,
          epoch,
          channel: 'active',
          after: 0,
          first: eventRow,
          last: eventRow,
          receivedMs: nowMs(),
          text: JSON.stringify([message.value]),
        })
        return
      }
      case 'health': {
        const message = parseJson(name, HealthMessageSchema, text)
        if (!message.ok) return reject(message.fault)
        if (isOwn(message.value)) onHealth(gateway, message.value, isRetained)
        return
      }
      case 'reply': {
        const message = parseJson(name, ReplyMessageSchema, text)
        if (!message.ok) return reject(message.fault)
        onReply(message.value)
        return
      }
      case 'note': {
        const message = parseJson(name, NoteMessageSchema, text)
        if (!message.ok) return reject(message.fault)
        if (isOwn(message.value)) onNote(message.value)
        return
      }
      case 'ack':
      case 'command':
      case 'config':
        return refusals.refuse('topic-unexpected', topic)
    }
  }

  const run = (): void => {
    isScheduled = false
    // The end of an append schedules the next turn.
    if (appends >= MAX_APPENDS || appendBytes >= MAX_APPEND_BYTES) return
    const next = queue.shift()
    if (next !== undefined) {
      waitingBytes -= next.payload.length
      work(next.topic, next.payload, next.isRetained)
    }
    if (queue.length > 0) schedule()
    else if (appends === 0) for (const resolve of idleWaiters.splice(0)) resolve()
  }
  const schedule = (): void => {
    if (isScheduled) return
    isScheduled = true
    setImmediate(run)
  }

  return {
    take: (topic, payload, isRetained) => {
      if (waitingBytes + payload.length > MAX_WAITING_BYTES) {
        refusals.refuse('ingest-full', `${topic}: ${waitingBytes} bytes wait; the gateway will send it again`)
        return
      }
      waitingBytes += payload.length
      queue.push({ topic, payload, isRetained })
      schedule()
    },
    waitingBytes: () => waitingBytes,
    idle: () =>
      new Promise((resolve) => {
        idleWaiters.push(resolve)
        schedule()
      }),
  }
}
