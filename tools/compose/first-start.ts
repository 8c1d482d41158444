import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { hashSecret } from '@clearlane/broker/identities.ts'
import { SiteFileSchema } from '@clearlane/firmware-sim/estate.ts'
import { RuleSetSchema } from '@clearlane/protocol'
import {
  INFLUX_TOKEN,
  INFLUXDB_NAME,
  INFLUXDB_URL,
  PORTS,
  ROOT,
  toData,
  toRun,
  writePrivate,
} from './places.ts'

/**
 * Ends when every service has its configuration and its secrets. A secret is made once and then kept; the configurations
 * are written at every start, so that a new version of this file counts.
 */
const SITE_FILE = join(ROOT, 'firmware-sim/sites/demo.json')
const RULES_FILE = join(ROOT, 'firmware-sim/sites/demo-rules.json')
const GATEWAY = 'gw-1'
const SECRET_BYTES = 24

/** The secret in a file; a new one when there is none. */
const secretAt = (path: string): string => {
  if (existsSync(path)) return readFileSync(path, 'utf8')
  const secret = randomBytes(SECRET_BYTES).toString('base64url')
  writePrivate(path, secret)
  return secret
}

const writeConfig = (service: Parameters<typeof toRun>[0], config: object): void =>
  writePrivate(toRun(service, 'config.json'), `${JSON.stringify(config, undefined, 2)}\n`)

const mqtt = (service: 'platform' | 'gateway', username: string) => ({
  url: `mqtt://127.0.0.1:${PORTS.broker}`,
  username,
  passwordFile: toRun(service, 'mqtt.secret'),
})

const writeAll = (): void => {
  const { layout } = SiteFileSchema.parse(JSON.parse(readFileSync(SITE_FILE, 'utf8')))
  const { rules } = RuleSetSchema.parse(JSON.parse(readFileSync(RULES_FILE, 'utf8')))
  const { site } = layout

  const identities = [
    {
      username: GATEWAY,
      secretHash: hashSecret(secretAt(toRun('gateway', 'mqtt.secret'))),
      identity: { kind: 'gateway', site, gateway: GATEWAY },
    },
    {
      username: 'platform',
      secretHash: hashSecret(secretAt(toRun('platform', 'mqtt.secret'))),
      identity: { kind: 'platform' },
    },
  ]
  writePrivate(toRun('broker', 'identities.json'), JSON.stringify(identities, undefined, 2))
  writeConfig('broker', {
    port: PORTS.broker,
    identitiesFile: toRun('broker', 'identities.json'),
    metrics: { port: PORTS.brokerMetrics },
  })

  writePrivate(toRun('platform', 'layout.json'), JSON.stringify(layout))
  writeConfig('platform', {
    dataDir: toData('platform'),
    site,
    http: { port: PORTS.platform },
    mqtt: mqtt('platform', 'platform'),
    layoutFile: toRun('platform', 'layout.json'),
    rulesFile: RULES_FILE,
    consoleDir: join(ROOT, 'console/dist'),
    grafanaUrl: 'http://127.0.0.1:3000',
    influx: {
      url: INFLUXDB_URL,
      org: INFLUXDB_NAME,
      bucket: INFLUXDB_NAME,
      tokenFile: toRun('platform', INFLUX_TOKEN),
    },
  })

  writeConfig('firmware-sim', {
    dataDir: toData('firmware-sim'),
    ledgerFile: join(toData('firmware-sim'), 'ledger.ndjson'),
    siteFile: SITE_FILE,
    link: { kind: 'tcp', port: PORTS.link },
    dwellMs: rules.dwellDayMs,
  })
  writeConfig('gateway', {
    dataDir: toData('gateway'),
    site,
    gateway: GATEWAY,
    links: [{ id: 'tcp', kind: 'tcp', host: '127.0.0.1', port: PORTS.link }],
    mqtt: mqtt('gateway', GATEWAY),
    metrics: { port: PORTS.gatewayMetrics },
  })

  secretAt(toRun('influxdb', 'admin-password'))
  secretAt(toRun('influxdb', 'admin-token'))
  secretAt(toRun('grafana', 'admin-password'))
}

writeAll()
