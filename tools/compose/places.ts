import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Where things stand in the containers. A test says other places; `docker-compose.yml` says these. */
const read = (name: string, otherwise: string): string => process.env[name] ?? otherwise

export const ROOT = read('CLEARLANE_ROOT', '/opt/clearlane')
/** Configurations and secrets: a volume for each service, and only the service and the first start see it. */
const RUN = read('CLEARLANE_RUN', '/run/clearlane')
const DATA = read('CLEARLANE_DATA', '/var/lib/clearlane')

export type ServiceName = 'broker' | 'platform' | 'gateway' | 'firmware-sim' | 'influxdb' | 'grafana'
export const toRun = (service: ServiceName, file: string): string => join(RUN, service, file)
export const toData = (service: ServiceName): string => join(DATA, service)

/** All on the loopback of the one network namespace that the containers share. */
const toPort = (name: string, otherwise: number): number =>
  Number(read(`CLEARLANE_PORT_${name}`, String(otherwise)))
export const PORTS = {
  broker: toPort('BROKER', 1_883),
  platform: toPort('PLATFORM', 8_080),
  link: toPort('LINK', 4_001),
  gatewayMetrics: toPort('GATEWAY_METRICS', 9_464),
  brokerMetrics: toPort('BROKER_METRICS', 9_465),
  influxdb: toPort('INFLUXDB', 8_086),
} as const

export const INFLUXDB_URL = `http://127.0.0.1:${PORTS.influxdb}`
/** The names of the organisation, the bucket and so of the database in InfluxQL. */
export const INFLUXDB_NAME = 'clearlane'
export const INFLUX_TOKEN = 'influx.token'
export const HISTORY_TOKEN = 'history-token'

/** Whole or not at all, and for its owner only. */
export const writePrivate = (path: string, text: string): void => {
  writeFileSync(`${path}.new`, text, { mode: 0o600, flush: true })
  renameSync(`${path}.new`, path)
}
