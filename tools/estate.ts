import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { hashSecret } from '@clearlane/broker/identities.ts'
import { addToken, toTokensFile } from '@clearlane/platform/query/query-tokens.ts'
import { calibrate, SiteFileSchema } from '@clearlane/firmware-sim/estate.ts'
import type { GATEWAY_SERVICE } from '@clearlane/gateway/config/config.ts'
import type { DomainTime } from '@clearlane/protocol'
import { RuleSetSchema } from '@clearlane/protocol'
import type { z } from 'zod'
import type { Child } from './child.ts'
import { startChild } from './child.ts'

/** The whole house over one data folder: broker, platform, gateway and simulator, with their secrets and settings. */
export type Estate = {
  readonly api: string
  readonly brokerPort: number
  readonly child: Readonly<Record<Service, Child>>
  /** Stops everything but the broker, lets `change` touch the platform's files, and starts the platform alone. */
  changePlatformFiles(change: (platformDir: string) => void): Promise<string>
  /** Stops the simulator first, then gateway, broker and platform. */
  stop(): Promise<void>
}
export type Service = 'broker' | 'platform' | 'gateway' | 'firmware-sim'

export type EstateOptions = {
  readonly root: string
  readonly dataDir: string
  readonly time: DomainTime
  readonly httpPort: number
  readonly seed: number
  readonly siteFile: string
  readonly rulesFile: string
  readonly heartbeatMs?: number | undefined
  readonly arrivalsPerHour?: number | undefined
  readonly momentScale?: number | undefined
  readonly headingOffsetDegrees?: number | undefined
  /** Two ends of a serial line: the simulator's and the gateway's. Without it the bytes go over TCP. */
  readonly serial?: readonly [string, string] | undefined
  readonly keepaliveS?: number | undefined
  /** Added to every sync of the gateway's readings, as a slow card would. */
  readonly readingsSyncDelayMs?: number | undefined
  /** Added to every sync of the platform's log, and to every commit of its history. */
  readonly platformLogSyncDelayMs?: number | undefined
  readonly platformHistorySyncDelayMs?: number | undefined
  /** A place in front of the simulator's or the broker's port, for trials with broken links. */
  readonly ports?: Partial<Record<'gatewayBroker' | 'platformBroker' | 'gatewayLink', number>> | undefined
  /** Where gateway and broker answer Prometheus; nowhere when left out. */
  readonly metricsPorts?: Readonly<Record<'gateway' | 'broker', number>> | undefined
  /** The broker of the gateway's box, and Node-RED; there are none when left out. */
  readonly box?: Pick<z.input<typeof GATEWAY_SERVICE.schema>, 'lan' | 'nodeRed'> | undefined
  readonly consoleDir: string
  readonly grafanaUrl?: string | undefined
  readonly onRestart: (name: string, why: string) => void
}

const USERS = { gateway: 'gw-1', platform: 'platform' } as const

export const startEstate = async (options: EstateOptions): Promise<Estate> => {
  const { root, dataDir, time, siteFile, rulesFile, serial, keepaliveS, ports, metricsPorts } = options
  const folder = (name: string): string => {
    const path = join(dataDir, name)
    mkdirSync(path, { recursive: true, mode: 0o700 })
    return path
  }
  const secrets = folder('secrets')
  const configs = folder('config')
  const logs = folder('log')
  const site = SiteFileSchema.parse(JSON.parse(readFileSync(siteFile, 'utf8')))
  const rules = RuleSetSchema.parse(JSON.parse(readFileSync(rulesFile, 'utf8')))
  const headingOffsetDegrees = options.headingOffsetDegrees ?? 0
  const identitiesFile = provisionSecrets(secrets, site.layout.site)
  const layoutFile = join(configs, 'layout.json')
  writeFileSync(
    layoutFile,
    JSON.stringify(
      headingOffsetDegrees === 0 ? site.layout : calibrate(site.layout, headingOffsetDegrees, 1),
    ),
  )

  const write = (name: Service, config: object): string => {
    const file = join(configs, `${name}.json`)
    writeFileSync(file, `${JSON.stringify(config, undefined, 2)}\n`, { mode: 0o600 })
    return file
  }
  const started: Child[] = []
  const start = (name: Service, config: object): Child => {
    const child = startChild({
      name,
      entry: join(root, name, 'main.ts'),
      configFile: write(name, config),
      logFile: join(logs, `${name}.log`),
      cwd: root,
      onRestart: options.onRestart,
    })
    started.unshift(child)
    return child
  }
  const stopAll = async (): Promise<void> => {
    for (const child of started) await child.stop()
  }
  const [brokerPort, linkPort, freePort] = await findFreePorts(3)
  const mqtt = (user: keyof typeof USERS, port: number | undefined) => ({
    url: `mqtt://127.0.0.1:${port ?? brokerPort}`,
    username: USERS[user],
    passwordFile: join(secrets, `${user}.secret`),
    ...(keepaliveS !== undefined && { keepaliveS }),
  })

  try {
    const metrics = (name: 'gateway' | 'broker') =>
      metricsPorts !== undefined && { metrics: { port: metricsPorts[name] } }
    const broker = start('broker', { port: brokerPort, identitiesFile, ...metrics('broker') })
    await broker.ready()
    const platformDir = folder('platform')
    provisionQueryToken(secrets, platformDir, site.layout.site)
    const platformConfig = {
      dataDir: platformDir,
      site: site.layout.site,
      // Fixed for the run, so that a platform that is started again is found where it was.
      http: { port: options.httpPort === 0 ? freePort : options.httpPort },
      mqtt: mqtt('platform', ports?.platformBroker),
      log: { syncDelayMs: options.platformLogSyncDelayMs ?? 0 },
      history: { syncDelayMs: options.platformHistorySyncDelayMs ?? 0 },
      layoutFile,
      rulesFile,
      consoleDir: options.consoleDir,
      ...(options.grafanaUrl !== undefined && { grafanaUrl: options.grafanaUrl }),
      time,
    }
    const platform = start('platform', platformConfig)
    const { port } = await platform.ready()
    const simulator = start('firmware-sim', {
      dataDir: folder('firmware-sim'),
      ledgerFile: join(dataDir, 'ledger.ndjson'),
      siteFile,
      link: serial === undefined ? { kind: 'tcp', port: linkPort } : { kind: 'serial', path: serial[0] },
      seed: options.seed,
      dwellMs: rules.rules.dwellDayMs,
      headingOffsetDegrees,
      ...(options.heartbeatMs !== undefined && { heartbeatMs: options.heartbeatMs }),
      ...(options.arrivalsPerHour !== undefined && { arrivalsPerHour: options.arrivalsPerHour }),
      ...(options.momentScale !== undefined && { momentScale: options.momentScale }),
      time,
    })
    await simulator.ready()
    const gateway = start('gateway', {
      dataDir: folder('gateway'),
      site: site.layout.site,
      gateway: USERS.gateway,
      links: [
        serial === undefined
          ? { id: 'tcp', kind: 'tcp', host: '127.0.0.1', port: ports?.gatewayLink ?? linkPort }
          : { id: 'serial', kind: 'serial', path: serial[1], baud: 115_200 },
      ],
      mqtt: mqtt('gateway', ports?.gatewayBroker),
      ...metrics('gateway'),
      ...options.box,
      log: { syncDelayMs: options.readingsSyncDelayMs ?? 0 },
      time,
    })
    await gateway.ready()
    // The simulator stops before the gateway, so that its last frames are still heard.
    started.splice(started.indexOf(simulator), 1)
    started.unshift(simulator)
    return {
      api: `http://127.0.0.1:${port}`,
      brokerPort: brokerPort!,
      child: { broker, platform, gateway, 'firmware-sim': simulator },
      changePlatformFiles: async (change) => {
        for (const child of [simulator, gateway, platform]) await child.stop()
        change(platformDir)
        const again = await start('platform', platformConfig).ready()
        return `http://127.0.0.1:${again.port}`
      },
      stop: stopAll,
    }
  } catch (cause) {
    await stopAll()
    throw cause
  }
}

/** Random secrets on the first start, one file each, and the hashes of them for the broker. */
const provisionSecrets = (folder: string, site: string): string => {
  const identitiesFile = join(folder, 'identities.json')
  if (existsSync(identitiesFile)) return identitiesFile
  const identities = (Object.keys(USERS) as (keyof typeof USERS)[]).map((user) => {
    const secret = randomBytes(24).toString('base64url')
    writeFileSync(join(folder, `${user}.secret`), secret, { mode: 0o600 })
    const identity =
      user === 'gateway' ? { kind: 'gateway', site, gateway: USERS.gateway } : { kind: 'platform' }
    return { username: USERS[user], secretHash: hashSecret(secret), identity }
  })
  writeFileSync(identitiesFile, JSON.stringify(identities, undefined, 2), { mode: 0o600 })
  return identitiesFile
}

/** A token on the first start, with which Grafana may read the site's history. */
const provisionQueryToken = (folder: string, platformDir: string, site: string): void => {
  const file = join(folder, 'query.token')
  if (existsSync(file)) return
  const token = addToken(toTokensFile(platformDir), { name: 'grafana', site })
  writeFileSync(file, token, { mode: 0o600 })
}

export const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })

/** Loopback ports that are free now. */
export const findFreePorts = async (count: number): Promise<number[]> => {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve) => {
          const server = createServer()
          server.listen(0, '127.0.0.1', () => resolve(server))
        }),
    ),
  )
  const ports = servers.map((server) => {
    const address = server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  })
  await Promise.all(servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))))
  return ports
}
