import { setTimeout as pause } from 'node:timers/promises'
import type { GatewayEvent, HealthMessage, LanName, Layout } from '@clearlane/protocol'
import {
  createRateLimit,
  isOpen,
  MAX_READINGS_PER_MESSAGE,
  parseLanTopic,
  toLanTopic,
} from '@clearlane/protocol'
import type { Decide } from '../decide-port.ts'
import type { Outbox, Rows } from '../log/outbox.ts'
import { parseRows } from '../log/outbox.ts'
import type { Connection, ConnectionOptions } from '../uplink/connection.ts'
import type { EstateView } from './estate-view.ts'
import { createEstateView } from './estate-view.ts'

/** What the gateway tells the broker of its box. It waits for nothing and nothing waits for it. */
export type LanFeed = {
  configure(layout: Layout): void
  /** JSON text. */
  health(message: string): void
  stats(): NonNullable<HealthMessage['lan']>
  close(): Promise<void>
}

export type LanFeedOptions = {
  readonly site: string
  readonly gateway: string
  readonly active: Decide['active']
  readonly layout: Layout | undefined
  readonly events: Pick<Outbox, 'onCommit'>
  readonly readings: Pick<Outbox, 'onCommit'>
  readonly monotonicMs: () => number
  readonly open: (handlers: Pick<ConnectionOptions, 'topics' | 'onUp' | 'onDown' | 'onMessage'>) => Connection
  readonly onNote: (text: string) => void
  readonly onChange: (isUp: boolean, cause: string) => void
}

/** State on the wire that the broker has not taken yet. What changes meanwhile is told once, as it is then. */
export const LAN_WINDOW = 16
/** Readings on the wire; while the broker takes none, the newest are dropped. */
const READINGS_WINDOW = 2
/** A flow switches lamps; whoever wants every reading asks the centre. */
export const LAN_READINGS_PER_SECOND = 500
/** Text of committed events that waits to be read. */
const MAX_WAITING_BYTES = 1024 * 1024
/** Ended episodes whose end has not been told. */
export const MAX_ENDED_WAITING = 1_000

const CLOSE_WITHIN_MS = 500

const HEAD = Buffer.from('{"v":1,"rows":[')
const TAIL = Buffer.from(']}')
const NOTHING = Buffer.alloc(0)

export const createLanFeed = (options: LanFeedOptions): LanFeed => {
  const { site, gateway, active, events, readings, monotonicMs, open, onNote, onChange } = options
  let { layout } = options
  const look = (): EstateView => {
    const fresh = createEstateView(gateway, active())
    if (layout !== undefined) fresh.configure(layout)
    return fresh
  }
  let view = look()
  const limit = createRateLimit({
    burst: LAN_READINGS_PER_SECOND,
    perSecond: LAN_READINGS_PER_SECOND,
    monotonicMs,
  })
  const topic = (name: LanName, id?: string): string => toLanTopic({ site, gateway, name, id })
  const toSection = (id: string): string => topic('section', id)
  const toEpisode = (id: string): string => topic('episode', id)
  /** Topics whose retained message is not what it should be. Their text is made when it is their turn. */
  const stale = new Set<string>()
  let unread: Buffer[] = []
  let unreadBytes = 0
  let isBehind = false
  let health = ''
  let ended = 0
  let inFlight = 0
  let readingsInFlight = 0
  /** Counts sessions: an acknowledgement of an earlier one is of no meaning. */
  let session = 0
  let droppedReadings = 0
  let droppedEpisodes = 0

  const send = (to: string, payload: string, retain: boolean): void => {
    const own = session
    inFlight++
    connection.publish(to, payload, { retain }, () => {
      if (own !== session) return
      inFlight--
      pump()
    })
  }
  const tell = (to: string): void => {
    const { name, id } = parseLanTopic(to) ?? {}
    if (name === 'health') return send(to, health, true)
    if (id === undefined) return
    if (name === 'section') {
      const section = view.section(id)
      return send(to, section === undefined ? '' : JSON.stringify(section), true)
    }
    const episode = view.episode(id)
    if (episode === undefined) return send(to, '', true)
    send(to, JSON.stringify(episode), isOpen(episode.episode))
    if (isOpen(episode.episode)) return
    // Its end has been told: nothing of it stays behind.
    send(to, '', true)
    view.forgetEpisode(id)
    ended--
  }
  const pump = (): void => {
    for (const to of stale) {
      if (!connection.isUp() || inFlight >= LAN_WINDOW) return
      stale.delete(to)
      tell(to)
    }
  }
  const take = (event: GatewayEvent): void => {
    const wasEnded = event.kind === 'episode' && isEnded(event.episode.id)
    const { sections, episode } = view.take(event)
    for (const section of sections) stale.add(toSection(section))
    if (episode === undefined) return
    const isNowEnded = isEnded(episode)
    if (isNowEnded !== wasEnded) ended += isNowEnded ? 1 : -1
    stale.add(toEpisode(episode))
    if (ended <= MAX_ENDED_WAITING) return
    const oldest = view.episodes().find(isEnded)
    if (oldest === undefined) return
    view.forgetEpisode(oldest)
    ended--
    droppedEpisodes++
  }
  const isEnded = (id: string): boolean => {
    const message = view.episode(id)
    return message !== undefined && !isOpen(message.episode)
  }
  const markAll = (): void => {
    for (const id of view.sections()) stale.add(toSection(id))
    for (const id of view.episodes()) stale.add(toEpisode(id))
  }
  /** What came in a flood is not read event by event: what stands behind it is looked at as a whole. */
  const catchUp = (): void => {
    isBehind = false
    markAll()
    view = look()
    ended = 0
    markAll()
  }
  /** Behind everything that the commit itself has to do. */
  const read = (): void => {
    const rows = unread
    unread = []
    unreadBytes = 0
    if (isBehind) catchUp()
    else
      for (const json of rows)
        for (const event of parseRows<GatewayEvent>({ first: 0, count: 0, json })) take(event)
    pump()
  }

  const connection = open({
    topics: [topic('note'), toSection('+'), toEpisode('+')],
    onUp: () => {
      session++
      inFlight = readingsInFlight = 0
      markAll()
      if (health !== '') stale.add(topic('health'))
      onChange(true, '')
      pump()
    },
    onDown: (cause) => {
      session++
      onChange(false, cause)
    },
    onMessage: (from, payload) => {
      const { name, id } = parseLanTopic(from) ?? {}
      if (name === 'note') return onNote(payload.toString('utf8'))
      // What stands retained from an earlier life of this gateway, and is no more.
      const isKnown = name === 'section' ? view.section(id ?? '') : view.episode(id ?? '')
      if (isKnown !== undefined || payload.length === 0) return
      stale.add(from)
      pump()
    },
  })

  events.onCommit(({ json }) => {
    if (unread.length === 0) setImmediate(read)
    isBehind ||= unreadBytes + json.byteLength > MAX_WAITING_BYTES
    if (isBehind && unread.length > 0) return
    unread.push(isBehind ? NOTHING : Buffer.from(json))
    unreadBytes += json.byteLength
  })
  readings.onCommit((rows) => {
    const isTaken =
      connection.isUp() &&
      readingsInFlight < READINGS_WINDOW &&
      rows.count <= MAX_READINGS_PER_MESSAGE &&
      limit.take(rows.count)
    if (!isTaken) {
      droppedReadings += rows.count
      return
    }
    const own = session
    readingsInFlight++
    connection.publish(topic('reading'), toMessage(rows), { retain: false }, () => {
      if (own === session) readingsInFlight--
    })
  })

  return {
    configure: (next) => {
      layout = next
      for (const id of view.configure(next)) stale.add(toSection(id))
      pump()
    },
    health: (message) => {
      health = message
      stale.add(topic('health'))
      pump()
    },
    stats: () => ({ up: connection.isUp(), droppedReadings, droppedEpisodes }),
    // A broker that stands still must not hold up the gateway's end.
    close: () => Promise.race([connection.close(), pause(CLOSE_WITHIN_MS, undefined, { ref: false })]),
  }
}

/** A copy, because the rows are valid during the call only. */
const toMessage = ({ json }: Rows): Buffer => Buffer.concat([HEAD, json, TAIL])
