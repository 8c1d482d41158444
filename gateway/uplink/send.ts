import type { AckMessage, Channel as ChannelName, NoteMessage } from '@clearlane/protocol'
import { MAX_EVENTS_PER_MESSAGE, MAX_READINGS_PER_MESSAGE, toTopic } from '@clearlane/protocol'
import type { EventsLog } from '../log/events.ts'
import type { Outbox, Rows } from '../log/outbox.ts'
import { createChannel } from './channel.ts'
import type { Connection, ConnectionOptions } from './connection.ts'
import { openConnection } from './connection.ts'

/** The way to the centre: two channels over the two logs, events before readings, and everything the centre says. */
export type Uplink = {
  /** `message` is JSON text. */
  publishRetained(name: 'active' | 'health', message: string): void
  reply(message: object): void
  /** `onTaken` is not called when the session ends first. */
  note(message: NoteMessage, onTaken: () => void): void
  resend(channel: ChannelName, fromRow: number): void
  isUp(): boolean
  /** How long ago the centre last freed rows; undefined before it has done so since the start. */
  acknowledgedAgoMs(): number | undefined
  close(): Promise<void>
}

export type UplinkOptions = Omit<ConnectionOptions, 'onUp' | 'onDown' | 'onMessage' | 'topics'> & {
  readonly site: string
  readonly gateway: string
  readonly readings: Outbox
  readonly events: EventsLog
  readonly onUp: () => void
  readonly onDown: (cause: string) => void
  /** A message of the centre; its acknowledgements are answered here. */
  readonly onMessage: (topic: string, payload: Buffer) => AckMessage | undefined
  readonly onParked: (channel: ChannelName, first: number, last: number) => void
  readonly ackWaitMs?: number
  readonly stalledAfterMs?: number
}

const READINGS_WINDOW = 4
const EVENTS_WINDOW = 16
/** Full messages that may be ahead of the centre's word: enough for its answer to take its time, and little to keep. */
const MESSAGES_AHEAD = 4
/** How long a session waits for the retained acknowledgement before it sends from its own memory of it. */
const ACK_WAIT_MS = 2_000
/** Something is owed and no acknowledgement has moved for this long: a broker may have forgotten it. */
const STALLED_AFTER_MS = 30_000

export const openUplink = (options: UplinkOptions): Uplink => {
  const { site, gateway, readings, events, onUp, onDown, onMessage, onParked } = options
  const { ackWaitMs = ACK_WAIT_MS, stalledAfterMs = STALLED_AFTER_MS } = options
  const topic = (name: Parameters<typeof toTopic>[0]['name']) => toTopic({ site, gateway, name })
  const nowMs = () => performance.now()
  let isStarted = false
  let ackTimer: NodeJS.Timeout | undefined
  let movedMs = nowMs()
  let freedMs: number | undefined

  /** While a head is suspected of ending sessions, it must be alone on the wire to be told from the others. */
  const mayPublish = (): boolean => {
    const isSuspicious = eventsChannel.isSuspect() || readingsChannel.isSuspect()
    return !isSuspicious || eventsChannel.inFlight() + readingsChannel.inFlight() === 0
  }
  const pump = (): void => {
    eventsChannel.pump()
    readingsChannel.pump()
  }
  const publishRows =
    (name: 'episode' | 'telemetry', channel: ChannelName) =>
    (after: number, { first, count, json }: Rows, onAck: () => void): void => {
      const head = { v: 1, gateway, epoch: events.epoch, channel, after, first, last: first + count - 1 }
      connection.publish(topic(name), toMessage(head, json), { retain: false }, onAck)
    }
  const eventsChannel = createChannel({
    outbox: events,
    window: EVENTS_WINDOW,
    maxRows: MAX_EVENTS_PER_MESSAGE,
    maxAhead: MESSAGES_AHEAD * MAX_EVENTS_PER_MESSAGE,
    publish: publishRows('episode', 'events'),
    mayPublish,
    onPublished: pump,
    onParked: (first, last) => onParked('events', first, last),
    nowMs,
  })
  const readingsChannel = createChannel({
    outbox: readings,
    window: READINGS_WINDOW,
    maxRows: MAX_READINGS_PER_MESSAGE,
    maxAhead: MESSAGES_AHEAD * MAX_READINGS_PER_MESSAGE,
    publish: publishRows('telemetry', 'readings'),
    // Events first: readings wait while an event has not been sent.
    mayPublish: () => eventsChannel.isIdle() && mayPublish(),
    onPublished: pump,
    onParked: (first, last) => onParked('readings', first, last),
    nowMs,
  })

  const start = (): void => {
    if (isStarted) return
    isStarted = true
    clearTimeout(ackTimer)
    movedMs = nowMs()
    onUp()
    eventsChannel.start(events.acknowledgedRow())
    readingsChannel.start(readings.acknowledgedRow())
  }

  const take = (ack: AckMessage): void => {
    if (ack.epoch !== events.epoch) {
      start()
      return
    }
    const rewind = (name: ChannelName, row: number, outbox: { acknowledgedRow(): number }) =>
      ack.rewind?.includes(name) === true || row < outbox.acknowledgedRow()
    if (ack.readings > readings.acknowledgedRow() || ack.events > events.acknowledgedRow())
      freedMs = movedMs = nowMs()
    const rewindEvents = rewind('events', ack.events, events)
    const rewindReadings = rewind('readings', ack.readings, readings)
    if (!isStarted) {
      events.acknowledge(ack.events)
      readings.acknowledge(ack.readings)
      start()
    }
    eventsChannel.acknowledge(ack.events, rewindEvents)
    readingsChannel.acknowledge(ack.readings, rewindReadings)
  }

  const connection: Connection = openConnection({
    ...options,
    topics: [topic('ack'), topic('command'), topic('config')],
    onUp: () => {
      isStarted = false
      ackTimer = setTimeout(start, ackWaitMs)
    },
    onDown: (cause) => {
      clearTimeout(ackTimer)
      isStarted = false
      eventsChannel.stop()
      readingsChannel.stop()
      onDown(cause)
    },
    onMessage: (from, payload) => {
      const ack = onMessage(from, payload)
      if (ack !== undefined) take(ack)
    },
  })

  const stalled = setInterval(
    () => {
      const isOwed =
        events.acknowledgedRow() < events.committedRow() ||
        readings.acknowledgedRow() < readings.committedRow()
      if (isStarted && isOwed && nowMs() - movedMs < stalledAfterMs) return
      movedMs = nowMs()
      if (!isStarted || !isOwed) return
      eventsChannel.acknowledge(events.acknowledgedRow(), true)
      readingsChannel.acknowledge(readings.acknowledgedRow(), true)
    },
    Math.min(1_000, stalledAfterMs),
  )
  stalled.unref()

  return {
    publishRetained: (name, message) => connection.publish(topic(name), message, { retain: true }, ignoreAck),
    reply: (message) =>
      connection.publish(topic('reply'), JSON.stringify(message), { retain: false }, ignoreAck),
    note: (message, onTaken) =>
      connection.publish(topic('note'), JSON.stringify(message), { retain: false }, onTaken),
    resend: (channel, fromRow) =>
      (channel === 'events' ? eventsChannel : readingsChannel).acknowledge(Math.max(0, fromRow - 1), true),
    isUp: () => isStarted,
    acknowledgedAgoMs: () => (freedMs === undefined ? undefined : nowMs() - freedMs),
    close: async () => {
      clearInterval(stalled)
      clearTimeout(ackTimer)
      await connection.close()
    },
  }
}

/** The rows are JSON text already: the rest of the message is put around them. */
const toMessage = (head: object, rows: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from(`${JSON.stringify(head).slice(0, -1)},"rows":[`), rows, CLOSING])
const CLOSING = Buffer.from(']}')

/** A retained message is replaced by the next one; nothing waits for its acknowledgement. */
const ignoreAck = (): void => undefined
