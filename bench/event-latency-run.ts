import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hashSecret } from '@clearlane/broker/identities.ts'
import { toGeneratedDevice } from '@clearlane/firmware-sim/sites/generated.ts'
import type { GatewayEvent, HealthMessage } from '@clearlane/protocol'
import { encodeFrame } from '@clearlane/protocol'
import { connectAsync } from 'mqtt'
import { startChild } from '../tools/child.ts'
import { findFreePorts } from '../tools/estate.ts'
import { percentile } from './figure.ts'
import { isBeside, prepareBeside } from './node-red-beside.ts'
import { untilListening } from './listening.ts'
import { createBenchLayout, createBenchRules, toBenchFrame } from './traffic.ts'

/**
 * Frame's last byte at the gateway to its episode event at an MQTT subscriber, over TLS, at a steady rate; and a bare
 * publish over the same broker, and over mosquitto. The delays are added to every sync of the gateway's two logs.
 * `node event-latency-run.ts EPISODES EVENTS_SYNC_DELAY_MS READINGS_SYNC_DELAY_MS [off | idle | looping]`: with the last
 * one Node-RED is what runs beside the gateway, and no bare publish is measured. Prints JSON.
 */
const [episodesWanted, eventsSyncDelayMs, syncDelayMs] = process.argv.slice(2, 5).map(Number) as [
  number,
  number,
  number,
]
const wantedBeside = process.argv[5]
const beside = wantedBeside !== undefined && isBeside(wantedBeside) ? wantedBeside : 'off'
const ROOT = join(import.meta.dirname, '..')
const SLOTS = 400
const READINGS_PER_SECOND = 1_000
const TICK_MS = 10
/** One reading in fifty begins or ends a stay. */
const CHANGE_EVERY = 50
/** As far apart as this run's events: processes that have just been awake answer several times as fast. */
const PACE_MS = 20
const BARE_PUBLISHES = 200
const SETTLE_MS = 1_000
const folder = mkdtempSync(join(tmpdir(), 'latency-'))
const file = (name: string): string => join(folder, name)

const createCertificate = (): void => {
  const config = file('openssl.cnf')
  writeFileSync(
    config,
    '[req]\ndistinguished_name=dn\nx509_extensions=ext\nprompt=no\n[dn]\nCN=127.0.0.1\n[ext]\nsubjectAltName=IP:127.0.0.1\nbasicConstraints=CA:TRUE\n',
  )
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-days',
      '2',
      '-keyout',
      file('key.pem'),
      '-out',
      file('cert.pem'),
      '-config',
      config,
    ],
    { stdio: 'ignore' },
  )
}

const measurePublish = async (url: string, topic: string, over: object) => {
  const [subscriber, publisher] = await Promise.all([
    connectAsync(url, {
      ...over,
      ...('username' in over ? { username: 'platform', password: 'p', clientId: 'platform:bare' } : {}),
    }),
    connectAsync(url, {
      ...over,
      ...('username' in over ? { username: 'gw', password: 'g', clientId: 'gw:bare' } : {}),
    }),
  ])
  for (const client of [subscriber, publisher])
    (client as unknown as { stream: { setNoDelay(on: boolean): void } }).stream.setNoDelay(true)
  await subscriber.subscribeAsync(topic, { qos: 1 })
  const times: number[] = []
  let sentMs = 0
  let heard: () => void = () => undefined
  subscriber.on('message', () => {
    times.push(performance.now() - sentMs)
    heard()
  })
  const payload = JSON.stringify({ v: 1, text: 'x'.repeat(600) })
  for (let sent = 0; sent < BARE_PUBLISHES; sent++) {
    await new Promise((resolve) => setTimeout(resolve, PACE_MS))
    const arrived = new Promise<void>((resolve) => (heard = resolve))
    sentMs = performance.now()
    publisher.publish(topic, payload, { qos: 1 })
    await arrived
  }
  await Promise.all([subscriber.endAsync(), publisher.endAsync()])
  return { p50: percentile(times, 0.5), p99: percentile(times, 0.99) }
}

createCertificate()
const ca = readFileSync(file('cert.pem'), 'utf8')
const [brokerPort, mosquittoPort] = (await findFreePorts(2)) as [number, number]
writeFileSync(
  file('identities.json'),
  JSON.stringify([
    {
      username: 'gw',
      secretHash: hashSecret('g'),
      identity: { kind: 'gateway', site: 'bench', gateway: 'gw' },
    },
    { username: 'platform', secretHash: hashSecret('p'), identity: { kind: 'platform' } },
  ]),
)
writeFileSync(file('secret'), 'g')
writeFileSync(
  file('broker.json'),
  JSON.stringify({
    port: brokerPort,
    identitiesFile: file('identities.json'),
    tls: { certFile: file('cert.pem'), keyFile: file('key.pem') },
  }),
)
const child = (name: string) =>
  startChild({
    name,
    entry: join(ROOT, name, 'main.ts'),
    configFile: file(`${name}.json`),
    logFile: file(`${name}.log`),
    cwd: ROOT,
    onRestart: (who, why) => process.stderr.write(`${who}: ${why}\n`),
  })
const broker = child('broker')
await broker.ready()

const { promise: connected, resolve: onConnected } = Promise.withResolvers<Socket>()
const server = createServer((socket) => {
  socket.setNoDelay(true)
  socket.on('data', () => undefined)
  socket.on('error', () => undefined)
  onConnected(socket)
})
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const address = server.address()
const linkPort = typeof address === 'object' && address !== null ? address.port : 0
const dataDir = file('data')
mkdirSync(dataDir)
writeFileSync(
  join(dataDir, 'site.json'),
  JSON.stringify({ layout: createBenchLayout(SLOTS, 'gw'), rules: createBenchRules({ holdOffMs: 0 }) }),
)
writeFileSync(
  file('gateway.json'),
  JSON.stringify({
    dataDir,
    site: 'bench',
    gateway: 'gw',
    links: [{ id: 'tcp', kind: 'tcp', host: '127.0.0.1', port: linkPort }],
    mqtt: {
      url: `mqtts://127.0.0.1:${brokerPort}`,
      username: 'gw',
      passwordFile: file('secret'),
      caFile: file('cert.pem'),
    },
    log: { syncDelayMs, eventsSyncDelayMs },
    ...(await prepareBeside(beside, dataDir)),
  }),
)
const url = `mqtts://127.0.0.1:${brokerPort}`
const centre = await connectAsync(url, { username: 'platform', password: 'p', clientId: 'platform:1', ca })
;(centre as unknown as { stream: { setNoDelay(on: boolean): void } }).stream.setNoDelay(true)
const sentMs = new Map<string, number>()
const latencies: number[] = []
const { promise: uplinkUp, resolve: onUplinkUp } = Promise.withResolvers<void>()
const { promise: besideUp, resolve: onBesideUp } = Promise.withResolvers<void>()
const isNodeRedRunning = (health: Buffer): boolean =>
  (JSON.parse(health.toString()) as HealthMessage).nodeRed?.state === 'running'
centre.on('message', (topic, payload) => {
  const atMs = performance.now()
  if (topic.endsWith('/active')) onUplinkUp()
  if (topic.endsWith('/health') && isNodeRedRunning(payload)) onBesideUp()
  if (!topic.endsWith('/episode')) return
  const { rows, epoch, last } = JSON.parse(payload.toString()) as {
    rows: GatewayEvent[]
    epoch: string
    last: number
  }
  for (const row of rows) {
    if (row.kind !== 'episode' || row.transition !== 'detected') continue
    const [device, , sequence] = row.episode.id.split('-')
    const from = sentMs.get(`${device}-${sequence}`)
    if (from !== undefined) latencies.push(atMs - from)
  }
  centre.publish(
    'cl/v1/bench/gw/ack',
    JSON.stringify({ v: 1, gateway: 'gw', epoch, readings: 0, events: last }),
    { qos: 1, retain: true },
  )
})
await centre.subscribeAsync(['cl/v1/bench/+/episode', 'cl/v1/bench/+/active'], { qos: 1 })
const gateway = child('gateway')
await gateway.ready()
const socket = await connected
await uplinkUp
if (beside !== 'off') {
  await centre.subscribeAsync('cl/v1/bench/+/health', { qos: 1 })
  await besideUp
  await centre.unsubscribeAsync('cl/v1/bench/+/health')
  // The flow begins a moment after its start.
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS))
}

const sequences = new Uint32Array(SLOTS)
const occupied = new Uint8Array(SLOTS)
let count = 0
await new Promise<void>((resolve) => {
  const timer = setInterval(() => {
    for (let sent = 0; sent < (READINGS_PER_SECOND * TICK_MS) / 1_000; sent++) {
      // Every slot in turn changes: an odd step visits them all.
      const slot = (count * 7) % SLOTS
      if (count % CHANGE_EVERY === 0) occupied[slot] = 1 - occupied[slot]!
      const sequence = sequences[slot]!++
      socket.write(encodeFrame(toBenchFrame(slot, sequence, Date.now(), occupied[slot] === 1)))
      sentMs.set(`${toGeneratedDevice(slot)}-${sequence}`, performance.now())
      count++
    }
    if (latencies.length < episodesWanted) return
    clearInterval(timer)
    resolve()
  }, TICK_MS)
})
await gateway.stop()
await centre.endAsync()
const bare =
  wantedBeside === undefined
    ? await measurePublish(url, 'cl/v1/bench/gw/telemetry', { username: 'x', ca })
    : undefined

writeFileSync(
  file('mosquitto.conf'),
  `listener ${mosquittoPort} 127.0.0.1\nallow_anonymous true\ncafile ${file('cert.pem')}\ncertfile ${file('cert.pem')}\nkeyfile ${file('key.pem')}\nset_tcp_nodelay true\nuser root\n`,
)
const mosquitto =
  wantedBeside === undefined
    ? spawn('/usr/sbin/mosquitto', ['-c', file('mosquitto.conf')], { stdio: 'ignore' })
    : undefined
const isMosquittoThere = await new Promise<boolean>((resolve) => {
  if (mosquitto === undefined) return resolve(false)
  mosquitto.once('error', () => resolve(false))
  mosquitto.once('spawn', () => resolve(true))
})
if (isMosquittoThere) await untilListening(mosquittoPort)
const overMosquitto = isMosquittoThere
  ? await measurePublish(`mqtts://127.0.0.1:${mosquittoPort}`, 'bare', { ca })
  : undefined
mosquitto?.kill('SIGTERM')
await broker.stop()
server.close()
rmSync(folder, { recursive: true })
process.stdout.write(
  `${JSON.stringify({ episodes: latencies.length, readings: count, p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99), bare, mosquitto: overMosquitto })}\n`,
)
process.exit()
