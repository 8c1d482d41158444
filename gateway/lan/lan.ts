import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { HealthMessage, Layout } from '@clearlane/protocol'
import type { Logger } from 'pino'
import type { Supervised } from '../children/supervise.ts'
import { supervise } from '../children/supervise.ts'
import type { GatewayConfig } from '../config/config.ts'
import type { Decide } from '../decide-port.ts'
import type { Outbox } from '../log/outbox.ts'
import { spawnNodeRed } from '../node-red/node-red-process.ts'
import { openConnection } from '../uplink/connection.ts'
import type { LanFeed } from './feed.ts'
import { createLanFeed } from './feed.ts'
import { LAN_USERS, spawnLanBroker, toBrokerConfig, toSecretFile } from './lan-broker.ts'

/** Everything on the box beside the gateway: its broker, what it is told, and Node-RED. Any of it may be away. */
export type Lan = Pick<LanFeed, 'configure' | 'health'> & {
  /** What of it stands in the health message. */
  report(): Pick<HealthMessage, 'lan' | 'nodeRed'>
  stop(): Promise<void>
}

export type LanOptions = {
  readonly config: GatewayConfig
  readonly lan: NonNullable<GatewayConfig['lan']>
  readonly active: Decide['active']
  readonly layout: Layout | undefined
  readonly events: Pick<Outbox, 'onCommit'>
  readonly readings: Pick<Outbox, 'onCommit'>
  readonly boot: string
  readonly nowMs: () => number
  readonly onNote: (text: string) => void
  readonly log: Logger
  /** Something that the health message says has changed. */
  readonly onChange: () => void
}

const KEEPALIVE_S = 10
/** A process that fails so often in a row is first started without its flows, and at last not at all. */
const ENDS_BEFORE_SAFE = 3
const ENDS_BEFORE_GIVEN_UP = 6
const SECRET_EVERY_MS = 500
/** Buffers and code stand beside the heap. */
const MEMORY_BESIDE_HEAP_MB = 192

export const openLan = (options: LanOptions): Lan => {
  const { config, lan, boot, nowMs, log, onChange } = options
  const { site, gateway, dataDir, nodeRed } = config
  const secretsDir = lan.secretsDir ?? join(dataDir, 'lan')
  mkdirSync(secretsDir, { recursive: true, mode: 0o700 })
  const ca = lan.caFile === undefined ? undefined : readFileSync(lan.caFile, 'utf8')
  let feed: LanFeed | undefined
  let layout = options.layout
  let isStopping = false
  let waiting: NodeJS.Timeout | undefined
  const children: Supervised[] = []
  let flows: Supervised | undefined

  if (lan.broker !== undefined) {
    const brokerConfig = toBrokerConfig(config, lan.broker, secretsDir)
    children.push(
      supervise({
        spawn: () => spawnLanBroker(secretsDir, brokerConfig),
        endsBeforeSafe: Number.POSITIVE_INFINITY,
        endsBeforeGivenUp: Number.POSITIVE_INFINITY,
        nowMs,
        onChange: ({ state, reason }) => {
          if (state === 'waiting') log.warn({ reason }, 'lan broker ended, starting it again')
        },
      }),
    )
  }
  const secretOf = (user: (typeof LAN_USERS)[keyof typeof LAN_USERS]): string =>
    readFileSync(toSecretFile(secretsDir, user), 'utf8').trim()

  const openFeed = (): LanFeed =>
    createLanFeed({
      ...options,
      site,
      gateway,
      layout,
      monotonicMs: () => performance.now(),
      open: (handlers) =>
        openConnection({
          ...handlers,
          url: lan.url,
          username: LAN_USERS.gateway,
          password: secretOf(LAN_USERS.gateway),
          clientId: `${LAN_USERS.gateway}:${boot}`,
          keepaliveS: KEEPALIVE_S,
          ca,
        }),
      onChange: (isUp, cause) => {
        log.info({ isUp, cause }, 'lan broker')
        onChange()
      },
    })
  const openNodeRed = ({ host, port, heapMb, hungAfterMs }: NonNullable<typeof nodeRed>): Supervised =>
    supervise({
      spawn: (isSafe) =>
        spawnNodeRed(
          {
            host,
            port,
            isSafe,
            userDir: join(dataDir, 'node-red'),
            lan: {
              url: lan.url,
              username: LAN_USERS.nodeRed,
              password: secretOf(LAN_USERS.nodeRed),
              site,
              gateway,
              ...(ca !== undefined && { ca }),
            },
          },
          heapMb,
        ),
      endsBeforeSafe: ENDS_BEFORE_SAFE,
      endsBeforeGivenUp: ENDS_BEFORE_GIVEN_UP,
      hungAfterMs,
      maxMemoryBytes: (heapMb + MEMORY_BESIDE_HEAP_MB) * 1024 * 1024,
      nowMs,
      onChange: (state) => {
        log.info(state, 'node-red')
        onChange()
      },
    })
  /** The broker makes the secrets when it first starts. */
  const begin = (): void => {
    const users = nodeRed === undefined ? [LAN_USERS.gateway] : [LAN_USERS.gateway, LAN_USERS.nodeRed]
    if (!users.every((user) => existsSync(toSecretFile(secretsDir, user)))) {
      waiting = setTimeout(begin, SECRET_EVERY_MS)
      return
    }
    if (isStopping) return
    feed = openFeed()
    if (nodeRed === undefined) return
    flows = openNodeRed(nodeRed)
    children.push(flows)
  }
  // Whoever opens this is not ready to be told of changes yet.
  waiting = setTimeout(begin, 0)

  return {
    configure: (next) => {
      layout = next
      feed?.configure(next)
    },
    health: (message) => feed?.health(message),
    report: () => ({
      lan: feed?.stats() ?? { up: false, droppedReadings: 0, droppedEpisodes: 0 },
      ...(nodeRed !== undefined && {
        nodeRed: flows?.state() ?? {
          state: 'waiting' as const,
          sinceMs: nowMs(),
          restarts: 0,
          reason: NO_BROKER,
        },
      }),
    }),
    stop: async () => {
      isStopping = true
      clearTimeout(waiting)
      await feed?.close()
      await Promise.all(children.map((child) => child.stop()))
    },
  }
}
const NO_BROKER = 'the broker of the box has made no secrets yet'
