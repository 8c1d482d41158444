import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { serve } from '@hono/node-server'
import type { CommandMessage, ReplyMessage, Status } from '@clearlane/protocol'
import {
  createRefusals,
  fromJson,
  parseLayout,
  parseRuleSet,
  toDomainMs,
  TOPIC_NAMES_FROM_GATEWAY,
  toTopic,
} from '@clearlane/protocol'
import type { Logger } from 'pino'
import { createApi } from './api/api.ts'
import { createRequestCounts } from './api/request-counts.ts'
import type { PlatformConfig } from './config.ts'
import { openDocuments } from './documents/documents.ts'
import { openEpisodes } from './episodes/episodes.ts'
import { openSeenBook } from './episodes/seen.ts'
import { boundHistory } from './history/bound-history.ts'
import { createSamples } from './history/samples.ts'
import { openSqliteHistory } from './history/sqlite-history.ts'
import { openInflux } from './influx/influx.ts'
import { openConnection } from './ingest/connection.ts'
import { createIngest } from './ingest/ingest.ts'
import { createLive } from './live.ts'
import { openSqliteLog } from './log/sqlite-log.ts'
import { createPlatformMetrics } from './metrics.ts'
import { openNotes } from './notes/notes.ts'
import { followLog } from './projection.ts'
import { createQueryRoutes } from './query/query-routes.ts'
import { createQueryRunner } from './query/query-runner.ts'
import { toTokensFile } from './query/query-tokens.ts'
import { isSafeUrl } from './safe-url.ts'
import { createViews } from './views.ts'
import { openWebhookBook } from './webhooks/webhook-book.ts'
import type { Webhook } from './webhooks/webhook.ts'
import { startWebhooks, systemTimer } from './webhooks/webhooks.ts'

export type Platform = { readonly port: number; close(): Promise<void> }

const REPLY_WAIT_MS = 5_000
const CHECK_GATEWAYS_EVERY_MS = 1_000
const TELL_HEARD_EVERY_MS = 2_000
const LOOK_FOR_SAMPLE_EVERY_MS = 250
/** Acknowledgements of one gateway are gathered this long: one message says it all. */
const ACK_EVERY_MS = 20
const HISTORY_WITHIN_MS = 5_000
const MAX_WAITING_FOR_HISTORY = 32
/** The ends of a query are its own limits; `withinMs` and `memoryMb` are for what they do not see. */
const QUERIES = { threads: 2, maxWaiting: 64, patienceMs: 20_000, withinMs: 15_000, memoryMb: 512 } as const

/** Opens everything in order, and closes it in reverse. */
export const createPlatform = async (config: PlatformConfig, log: Logger): Promise<Platform> => {
  const { dataDir, site, time } = config
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  const nowMs = (): number => Math.floor(time === undefined ? Date.now() : toDomainMs(time, Date.now()))
  const refusals = createRefusals({
    nowMs,
    monotonicMs: () => performance.now(),
    log: (refusal) => log.warn(refusal, 'refused'),
  })
  const fail = (failure: unknown): void =>
    log.error({ err: failure }, 'disk failure, nothing is acknowledged until it is over')

  const documents = openDocuments(join(dataDir, 'documents.sqlite'), readSeed(config), nowMs())
  const platformLog = await openSqliteLog({
    file: join(dataDir, 'log.sqlite'),
    syncDelayMs: config.log.syncDelayMs,
    onFailure: fail,
  })
  const historyFile = join(dataDir, 'history.sqlite')
  const history = await openSqliteHistory({
    file: historyFile,
    syncDelayMs: config.history.syncDelayMs,
    retention: config.history,
    onTrouble: (message) => refusals.refuse('history-trouble', message),
  })
  const influx =
    config.influx === undefined
      ? undefined
      : await openInflux({
          config: config.influx,
          file: join(dataDir, 'influx.sqlite'),
          position: platformLog.position,
          nowMs,
          onRefused: refusals.refuse,
        })
  const notes = openNotes({
    file: join(dataDir, 'notes.sqlite'),
    refusals,
    nowMs,
    monotonicMs: () => performance.now(),
    onTaken: (note) => live.publish({ kind: 'note', nowMs: nowMs(), note }),
    onFailure: fail,
  })
  const seenBook = openSeenBook(join(dataDir, 'seen.sqlite'))
  const episodes = openEpisodes(
    join(dataDir, 'episodes.sqlite'),
    seenBook,
    ({ episodes: changed, slots }) => {
      views.tell(slots, changed)
      webhooks.take(changed)
    },
  )
  const webhooks = startWebhooks({
    webhooks: readWebhooks(config.webhooks),
    book: openWebhookBook(join(dataDir, 'webhooks.sqlite')),
    find: episodes.find,
    open: episodes.open,
    layout: documents.layout,
    timer: systemTimer,
    onGivenUp: (detail) => refusals.refuse('webhook-given-up', detail),
    onFailure: fail,
  })
  const live = createLive(() => refusals.refuse('listener-dropped', 'a live listener did not keep up'))
  const views = createViews({
    site,
    documents,
    episodes,
    log: platformLog,
    live,
    speed: time?.speed ?? 1,
    nowMs,
    wallMs: Date.now,
    monotonicMs: () => performance.now(),
  })
  const projections = [history, episodes, ...(influx === undefined ? [] : [influx])]
  const following = followLog(platformLog, projections, (name, cause) =>
    refusals.refuse(
      'projection-held-up',
      `${name}: ${cause instanceof Error ? cause.message : String(cause)}`,
    ),
  )

  const samples = createSamples({ site, views, log: platformLog, nowMs, onCommitted: () => following.wake() })

  /** Gateways whose boot is being dated. What fails, or comes meanwhile, comes again with the next health message. */
  const dating = new Set<string>()
  const dateBoot = async (gateway: string, gatewayBoot: string, utcMs: number): Promise<void> => {
    if (dating.has(gateway)) return
    dating.add(gateway)
    try {
      await history.dateBoot(gatewayBoot, utcMs)
    } catch (cause) {
      log.warn({ err: cause, gateway }, 'boot not dated, trying again')
    } finally {
      dating.delete(gateway)
    }
  }

  /** What fails comes again with the next health message. */
  const noteInForce = (gateway: string, version: number): void => {
    try {
      if (!documents.noteInForce(gateway, version, nowMs())) return
    } catch (cause) {
      log.warn({ err: cause, gateway }, 'layout in force not written down, trying again')
      return
    }
    live.publish({ kind: 'layout', nowMs: nowMs(), version: documents.layout().version })
  }

  const pendingAcks = new Map<string, { epoch: string; rewind: Set<'readings' | 'events'> }>()
  let ackTimer: NodeJS.Timeout | undefined
  const sendAcks = (): void => {
    ackTimer = undefined
    for (const [gateway, { epoch, rewind }] of pendingAcks) {
      const row = (channel: 'readings' | 'events'): number =>
        platformLog
          .progress()
          .find(
            (one) =>
              one.site === site && one.gateway === gateway && one.epoch === epoch && one.channel === channel,
          )?.row ?? 0
      const message = {
        v: 1,
        gateway,
        epoch,
        readings: row('readings'),
        events: row('events'),
        ...(rewind.size > 0 && { rewind: [...rewind] }),
      }
      publish(gateway, 'ack', message, true)
    }
    pendingAcks.clear()
  }
  const acknowledge = (gateway: string, epoch: string, rewind: readonly ('readings' | 'events')[]): void => {
    const pending = pendingAcks.get(gateway)
    const next = pending?.epoch === epoch ? pending : { epoch, rewind: new Set<'readings' | 'events'>() }
    for (const channel of rewind) next.rewind.add(channel)
    pendingAcks.set(gateway, next)
    ackTimer ??= setTimeout(sendAcks, ACK_EVERY_MS)
  }

  const replies = new Map<string, (reply: ReplyMessage) => void>()
  const ingest = createIngest({
    site,
    log: platformLog,
    refusals,
    nowMs,
    acknowledge,
    onCommitted: (entry) => {
      if (entry.channel === 'readings') {
        const rows = JSON.parse(entry.text) as { readonly slot: string; readonly receivedMs: number }[]
        for (const { slot, receivedMs } of rows) views.heardSlot(slot, receivedMs)
      }
      following.wake()
    },
    onHealth: (gateway, health, isRetained) => {
      views.heardGateway(gateway, health, isRetained)
      if (!isRetained) noteInForce(gateway, health.layoutVersion)
      if (health.bootUtcMs !== undefined) void dateBoot(gateway, health.boot, health.bootUtcMs)
      const { layout, rules } = { layout: documents.layout(), rules: documents.rules() }
      if (health.layoutVersion !== layout.version || health.rulesVersion !== rules.version)
        publishConfig(gateway)
    },
    onReply: (reply) => {
      replies.get(reply.id)?.(reply)
      if (!reply.ok) refusals.refuse('gateway-refused', reply.detail)
    },
    onNote: notes.take,
  })

  const boot = randomBytes(4).toString('hex')
  let isUp = false
  let upSinceMs = nowMs()
  const connection = openConnection({
    url: config.mqtt.url,
    username: config.mqtt.username,
    password: readFileSync(config.mqtt.passwordFile, 'utf8').trim(),
    clientId: `${config.mqtt.username}:${boot}`,
    keepaliveS: config.mqtt.keepaliveS,
    ca: config.mqtt.caFile === undefined ? undefined : readFileSync(config.mqtt.caFile, 'utf8'),
    topics: TOPIC_NAMES_FROM_GATEWAY.map((name) => toTopic({ site, gateway: '+', name })),
    onUp: () => {
      isUp = true
      upSinceMs = nowMs()
      log.info('broker connected')
      for (const gateway of new Set(documents.layout().sections.map((section) => section.gateway)))
        publishConfig(gateway)
      // What was under way while nobody listened is gone: a gateway that waits for our word would wait in vain.
      for (const { gateway, epoch } of platformLog.progress())
        acknowledge(gateway, epoch, ['events', 'readings'])
    },
    onDown: (cause) => {
      isUp = false
      upSinceMs = nowMs()
      log.warn({ cause }, 'broker lost')
    },
    onMessage: ingest.take,
  })
  function publish(
    gateway: string,
    name: 'ack' | 'command' | 'config',
    message: object,
    retain: boolean,
  ): void {
    connection.publish(toTopic({ site, gateway, name }), JSON.stringify(message), { retain }, () => undefined)
  }
  function publishConfig(gateway: string): void {
    publish(gateway, 'config', { v: 1, layout: documents.layout(), rules: documents.rules() }, true)
  }
  documents.onChange(() => {
    for (const gateway of new Set(documents.layout().sections.map((section) => section.gateway)))
      publishConfig(gateway)
    live.publish({ kind: 'layout', nowMs: nowMs(), version: documents.layout().version })
  })

  const command = async (gateway: string, message: CommandMessage): Promise<ReplyMessage | undefined> => {
    const { promise, resolve } = Promise.withResolvers<ReplyMessage | undefined>()
    replies.set(message.id, resolve)
    const timer = setTimeout(resolve, REPLY_WAIT_MS, undefined)
    publish(gateway, 'command', message, false)
    const reply = await promise
    clearTimeout(timer)
    replies.delete(message.id)
    return reply
  }
  const status = (): Status => {
    const count = (channel: 'readings' | 'events'): number =>
      platformLog.progress().reduce((sum, one) => (one.channel === channel ? sum + one.count : sum), 0)
    const position = platformLog.position()
    return {
      nowMs: nowMs(),
      speed: time?.speed ?? 1,
      log: { position, readings: count('readings'), events: count('events') },
      projections: projections.map((projection) => ({
        name: projection.name,
        position: projection.cursor(),
        lag: position - projection.cursor(),
      })),
      refusals: refusals.list(),
      broker: { connected: isUp, sinceMs: upSinceMs },
      ...(config.grafanaUrl !== undefined && { grafanaUrl: config.grafanaUrl }),
    }
  }
  const requests = createRequestCounts()
  const queries = createQueryRunner({ file: historyFile, ...QUERIES })
  const app = createApi({
    site,
    documents,
    episodes,
    history: boundHistory(history, {
      withinMs: HISTORY_WITHIN_MS,
      maxWaiting: MAX_WAITING_FOR_HISTORY,
      onFailure: (cause) => log.warn({ err: cause }, 'history does not answer'),
    }),
    log: platformLog,
    views,
    live,
    status,
    webhooks: webhooks.list,
    influx: () => (influx === undefined ? [] : [influx.view()]),
    notes: notes.list,
    metrics: createPlatformMetrics({
      log: platformLog,
      episodes,
      views,
      live,
      ingest,
      refusals,
      requests,
      influx,
      status,
    }),
    requests,
    nowMs,
    command,
    newId: () => randomBytes(8).toString('hex'),
    query: createQueryRoutes({
      site,
      tokensFile: toTokensFile(dataDir),
      runner: queries,
      nowMs,
      onFailure: (cause) => log.error({ err: cause }, 'query failed'),
    }),
    consoleDir: config.consoleDir,
    onFailure: ({ cause, ...request }) => log.error({ err: cause, ...request }, 'request failed'),
  })
  const server = serve({ fetch: app.fetch, hostname: config.http.host, port: config.http.port })
  await new Promise<void>((resolve, reject) => {
    server.once('listening', resolve)
    server.once('error', reject)
  })
  const address = server.address()
  const checking = setInterval(views.checkGateways, CHECK_GATEWAYS_EVERY_MS)
  const sampling = setInterval(samples.look, LOOK_FOR_SAMPLE_EVERY_MS)
  const tellingHeard = setInterval(views.tellHeard, TELL_HEARD_EVERY_MS)

  return {
    port: typeof address === 'object' && address !== null ? address.port : config.http.port,
    close: async () => {
      clearInterval(checking)
      clearInterval(sampling)
      clearInterval(tellingHeard)
      if ('closeAllConnections' in server) server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
      await queries.close()
      await ingest.idle()
      clearTimeout(ackTimer)
      sendAcks()
      await connection.close()
      // What holds the history up must not hold up the end: closing it ends the slice that is under way.
      await Promise.all([following.close(), history.close(), influx?.close()])
      await webhooks.close()
      await platformLog.close()
      episodes.close()
      seenBook.close()
      notes.close()
      documents.close()
    },
  }
}

const readWebhooks = (configured: PlatformConfig['webhooks']): Webhook[] =>
  configured.map(({ id, kind, language, urlFile, secretFile }) => {
    const url = readFileSync(urlFile, 'utf8').trim()
    if (!isSafeUrl(url)) throw new Error(`${urlFile}: it holds no address that begins with https://`)
    const secret = secretFile === undefined ? undefined : readFileSync(secretFile, 'utf8').trim()
    return { id, kind, language, url, secret }
  })

const readSeed = ({ layoutFile, rulesFile }: PlatformConfig) => {
  const layout = fromJson(parseLayout)(readFileSync(layoutFile, 'utf8'))
  if (!layout.ok) throw new Error(`${layoutFile}: ${layout.fault.detail}`)
  const rules = fromJson(parseRuleSet)(readFileSync(rulesFile, 'utf8'))
  if (!rules.ok) throw new Error(`${rulesFile}: ${rules.fault.detail}`)
  return { layout: layout.value, rules: rules.value }
}
