import { X509Certificate } from 'node:crypto'
import * as fs from 'node:fs'
import { createServer } from 'node:http'
import * as path from 'node:path'
import type { MetricsDoor, Result } from '@clearlane/protocol'
import { createRefusals, openMetricsDoor, readServiceConfig, toListenProblem } from '@clearlane/protocol'
import { pino } from 'pino'
import { createSystemClock, machineClockSource } from './clock/system-clock.ts'
import type { GatewayConfig } from './config/config.ts'
import { GATEWAY_SERVICE } from './config/config.ts'
import type { Documents } from './config/documents.ts'
import { readDocuments, writeDocuments } from './config/documents.ts'
import { createDecide } from './decide.ts'
import { createDedupe } from './dedupe.ts'
import { createDevices } from './devices.ts'
import { configureGateway, startGateway } from './gateway.ts'
import { toHealthMessage } from './health/health-message.ts'
import { createLinkStates } from './health/link-states.ts'
import { createGatewayMetrics } from './health/metrics.ts'
import { createUnknownDevices } from './health/unknown-devices.ts'
import type { Link } from './links/link.ts'
import { createSerialLink } from './links/serial/serial-link.ts'
import { createTcpLink } from './links/tcp/tcp-link.ts'
import { openLan } from './lan/lan.ts'
import { openEventsLog } from './log/events.ts'
import { openReadingsLog } from './log/readings.ts'
import { createNotes } from './uplink/notes.ts'
import { createReceive } from './uplink/receive.ts'
import { openUplink } from './uplink/send.ts'

const HEALTH_EVERY_MS = 10_000
const ACTIVE_EVERY_MS = 1_000
/** The dedupe memory is written this often; a start scans the rows since. */
const DEDUPE_STATE_EVERY_MS = 60_000

export type RunningGateway = {
  /** Opens the door for Prometheus; undefined where none is configured. */
  openMetrics(): Promise<MetricsDoor | undefined>
  stop(): Promise<void>
}

/** Opens everything in order, and closes it in reverse. */
export const runGateway = async (config: GatewayConfig): Promise<RunningGateway> => {
  const log = pino({ name: 'gateway' }, pino.destination(2))
  const { dataDir, site, gateway } = config
  fs.mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  const fail = (failure: Error): void =>
    log.error({ err: failure }, 'disk failure, nothing is acknowledged until it is over')

  const events = await openEventsLog({
    file: path.join(dataDir, 'events.sqlite'),
    syncDelayMs: config.log.eventsSyncDelayMs,
    onFailure: fail,
  })
  const readings = await openReadingsLog({
    file: path.join(dataDir, 'readings.sqlite'),
    commitEveryMs: config.log.commitEveryMs,
    retentionMs: config.log.retentionDays * 86_400_000,
    knownAfterMs: config.clock.knownAfterMs,
    maxBytes: config.log.maxBytes,
    syncDelayMs: config.log.syncDelayMs,
    onFailure: fail,
  })

  const saved = readings.recoveredState()
  const dedupe = createDedupe(saved?.state)
  let latestSeenMs = 0
  for await (const { first, rows } of readings.scan((saved?.row ?? 0) + 1)) {
    for (const [index, reading] of rows.entries()) {
      dedupe.enter(reading.device, reading.session, reading.counter, first + index, reading.eventMs)
      latestSeenMs = Math.max(latestSeenMs, reading.receivedMs)
    }
  }
  dedupe.commit(readings.committedRow())

  const clock = createSystemClock({
    source: machineClockSource,
    time: config.time,
    knownAfterMs: config.clock.knownAfterMs,
    latestSeenMs: Math.max(latestSeenMs, config.clock.knownAfterMs),
  })
  if (!clock.isKnown()) log.warn('clock not known, deciding on monotonic time')
  const refusals = createRefusals({
    nowMs: clock.nowMs,
    monotonicMs: () => performance.now(),
    log: (refusal) => log.warn(refusal, 'refused'),
  })
  const unknown = createUnknownDevices()
  const devices = createDevices(gateway)

  const stored = readDocuments(dataDir)
  if (!stored.ok) refusals.refuse(stored.fault.reason, stored.fault.detail)
  let documents: Documents | undefined = stored.ok ? stored.value : undefined
  const decide = await createDecide({
    gateway,
    events,
    readings: {
      ...readings,
      append: (reading) => {
        const row = readings.append(reading)
        dedupe.enter(reading.device, reading.session, reading.counter, row, reading.eventMs)
        return row
      },
    },
    clock,
    holeSinceMs: dedupe.holeSinceMs,
    layout: documents?.layout,
    rules: documents?.rules,
    onFailure: fail,
  })
  if (documents !== undefined) devices.configure(documents.layout, documents.rules)

  const linkStates = createLinkStates(
    config.links.map((link) => link.id),
    clock.nowMs,
    (state) => {
      log.info({ link: state.id, state: state.state, detail: state.detail }, 'link changed')
      publishHealth()
    },
  )
  const configure = (next: Documents): Result<undefined> => {
    const kept = writeDocuments(dataDir, next)
    if (!kept.ok) return kept
    documents = next
    configureGateway({ devices, unknown, decide }, next.layout, next.rules)
    lan?.configure(next.layout)
    log.info({ layout: next.layout.version, rules: next.rules.version }, 'configuration in force')
    publishHealth()
    return kept
  }

  const uplink = openUplink({
    url: config.mqtt.url,
    username: config.mqtt.username,
    password: fs.readFileSync(config.mqtt.passwordFile, 'utf8').trim(),
    clientId: `${config.mqtt.username}:${clock.boot}`,
    keepaliveS: config.mqtt.keepaliveS,
    ca: config.mqtt.caFile === undefined ? undefined : fs.readFileSync(config.mqtt.caFile, 'utf8'),
    site,
    gateway,
    readings,
    events,
    onUp: () => {
      log.info('uplink up')
      publishActive()
      publishHealth()
      notes.up()
    },
    onDown: (cause) => {
      log.warn({ cause }, 'uplink down')
      notes.down()
    },
    onMessage: (topic, payload) => receive(topic, payload),
    onParked: (channel, first, last) => {
      refusals.refuse('parked', `${channel} rows ${first} to ${last}: the broker ends the session on them`)
    },
  })
  const notes = createNotes({
    gateway,
    boot: clock.boot,
    refusals,
    nowMs: clock.nowMs,
    monotonicMs: () => performance.now(),
    publish: uplink.note,
  })
  const receive = createReceive({
    decide,
    refusals,
    present: () => documents,
    configure,
    resend: uplink.resend,
    reply: uplink.reply,
  })

  const lan =
    config.lan === undefined
      ? undefined
      : openLan({
          config,
          lan: config.lan,
          active: decide.active,
          layout: documents?.layout,
          events,
          readings,
          boot: clock.boot,
          nowMs: clock.nowMs,
          onNote: notes.take,
          log,
          onChange: () => publishHealth(),
        })
  const beside = () => lan?.report() ?? {}
  const counted = { clock, readings, events, linkStates, refusals, decide, unknown, devices, dedupe }
  let activeRow = -1
  function publishActive(): void {
    const active = decide.active()
    activeRow = active.eventRow
    const message = JSON.stringify({
      v: 1,
      gateway,
      epoch: events.epoch,
      takenMs: clock.nowMs(),
      ...active,
    })
    uplink.publishRetained('active', message)
  }
  function publishHealth(): void {
    if (!uplink.isUp() && lan === undefined) return
    const message = JSON.stringify(
      toHealthMessage({ gateway, documents: () => documents, beside, ...counted }),
    )
    if (uplink.isUp()) uplink.publishRetained('health', message)
    lan?.health(message)
  }
  let wasBehind = false
  const activeTimer = setInterval(() => {
    if (uplink.isUp() && decide.active().eventRow !== activeRow) publishActive()
    // That everything is at the centre is worth saying at once.
    const isBehind = [readings, events].some((one) => one.acknowledgedRow() < one.committedRow())
    if (wasBehind && !isBehind) publishHealth()
    wasBehind = isBehind
  }, ACTIVE_EVERY_MS)
  const healthTimer = setInterval(publishHealth, HEALTH_EVERY_MS)
  const saveDedupe = (): void => readings.saveState(dedupe.save(), readings.committedRow())
  const dedupeTimer = setInterval(saveDedupe, DEDUPE_STATE_EVERY_MS)

  const links: Link[] = config.links.map((link) =>
    link.kind === 'tcp' ? createTcpLink(link) : createSerialLink(link),
  )
  const hearing = startGateway({
    links,
    clock,
    devices,
    unknown,
    dedupe,
    readings,
    decide,
    refusals,
    linkStates,
  })

  let door: MetricsDoor | undefined
  return {
    openMetrics: async () => {
      if (config.metrics === undefined) return undefined
      const metrics = await createGatewayMetrics({ ...counted, uplink, maxBytes: config.log.maxBytes })
      door = await openMetricsDoor(createServer, config.metrics, metrics, (cause) =>
        log.error({ err: cause }, 'metrics not read'),
      )
      return door
    },
    stop: async () => {
      await door?.close()
      for (const timer of [activeTimer, healthTimer, dedupeTimer]) clearInterval(timer)
      await readings.flush()
      hearing.unsubscribe()
      await readings.flush()
      await decide.close()
      publishHealth()
      await Promise.all([uplink.close(), lan?.stop()])
      saveDedupe()
      clock.close()
      await readings.close()
      await events.close()
    },
  }
}

/** What is wrong with the port for Prometheus is said in a sentence; whatever else goes wrong keeps its trace. */
const endOnPort = (cause: unknown): never => {
  const problem = toListenProblem(cause, 'metrics.port')
  if (problem === undefined) throw cause
  process.stderr.write(`gateway: ${problem}\n`)
  process.exit(2)
}

if (import.meta.main) {
  const start = readServiceConfig(GATEWAY_SERVICE, process.argv.slice(2), { fs, path, X509Certificate })
  if (start.kind === 'run') {
    const running = await runGateway(start.config)
    await running.openMetrics().catch(endOnPort)
    process.send?.({ kind: 'ready' })
    let isStopping = false
    const stop = (): void => {
      if (isStopping) return
      isStopping = true
      void running.stop().then(() => process.exit(0))
    }
    for (const signal of ['SIGINT', 'SIGTERM', 'disconnect'] as const) process.once(signal, stop)
  } else {
    const stream = start.kind === 'print' ? process.stdout : process.stderr
    stream.write(`${start.text}\n`)
    process.exitCode = start.kind === 'print' ? 0 : 2
  }
}
