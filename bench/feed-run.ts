import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hashSecret } from '@clearlane/broker/identities.ts'
import type { EpisodeEvent } from '@clearlane/protocol'
import { connectAsync } from 'mqtt'
import { startChild } from '../tools/child.ts'
import { findFreePorts } from '../tools/estate.ts'
import { percentile } from './figure.ts'
import { createBenchLayout, createBenchRules } from './traffic.ts'

/**
 * A gateway's event at the broker to each of many live listeners of the platform. `node feed-run.ts LISTENERS CHANGES`.
 * Prints JSON: how long a change took to each listener, and what the platform weighs with all of them.
 */
const [listeners, changes] = process.argv.slice(2, 4).map(Number) as [number, number]
const ROOT = join(import.meta.dirname, '..')
const SLOTS = 100
const folder = mkdtempSync(join(tmpdir(), 'feed-'))
const file = (name: string): string => join(folder, name)

const [brokerPort, httpPort] = (await findFreePorts(2)) as [number, number]
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
writeFileSync(file('secret'), 'p')
writeFileSync(file('layout.json'), JSON.stringify(createBenchLayout(SLOTS, 'gw')))
writeFileSync(file('rules.json'), JSON.stringify(createBenchRules()))
writeFileSync(
  file('broker.json'),
  JSON.stringify({ port: brokerPort, identitiesFile: file('identities.json') }),
)
writeFileSync(
  file('platform.json'),
  JSON.stringify({
    dataDir: file('platform'),
    site: 'bench',
    http: { port: httpPort },
    mqtt: { url: `mqtt://127.0.0.1:${brokerPort}`, username: 'platform', passwordFile: file('secret') },
    layoutFile: file('layout.json'),
    rulesFile: file('rules.json'),
  }),
)
const start = (name: string) =>
  startChild({
    name,
    entry: join(ROOT, name, 'main.ts'),
    configFile: file(`${name}.json`),
    logFile: file(`${name}.log`),
    cwd: ROOT,
    onRestart: (who, why) => process.stderr.write(`${who}: ${why}\n`),
  })
const broker = start('broker')
await broker.ready()
const platform = start('platform')
await platform.ready()

/** Resident memory of the platform, MB, as the kernel counts it. */
const rssMb = (): number =>
  Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${platform.pid()}/status`, 'utf8'))?.[1]) / 1_024

const latencies: number[] = []
let sentMs = 0
let marker = ''
let waitingFor = 0
let onAll: () => void = () => undefined
const listen = (): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    get({ port: httpPort, path: '/api/v1/live', agent: false }, (response) => {
      let text = ''
      response.on('data', (bytes: Buffer) => {
        text = `${text.slice(-200)}${bytes.toString()}`
        if (marker === '' || !text.includes(marker)) return
        text = ''
        latencies.push(performance.now() - sentMs)
        if (--waitingFor === 0) onAll()
      })
      response.once('data', () => resolve(response))
    }).once('error', reject)
  })
const alone = rssMb()
const streams: IncomingMessage[] = []
for (let count = 0; count < listeners; count++) streams.push(await listen())

const gateway = await connectAsync(`mqtt://127.0.0.1:${brokerPort}`, {
  username: 'gw',
  password: 'g',
  clientId: 'gw:1',
})
const toEvent = (id: string, revision: number): EpisodeEvent => ({
  kind: 'episode',
  transition: 'detected',
  decidedMs: Date.now(),
  episode: {
    id,
    revision,
    lane: 'l0',
    sections: ['s0'],
    suspect: 'unknown',
    detectedMs: Date.now(),
    confirmed: false,
    unobserved: false,
    rulesVersion: 1,
    layoutVersion: 1,
  },
  evidence: [],
})
for (let row = 1; row <= changes; row++) {
  const id = `change-${row}`
  const all = new Promise<void>((resolve) => (onAll = resolve))
  marker = `"id":"${id}"`
  waitingFor = listeners
  sentMs = performance.now()
  const message = {
    v: 1,
    gateway: 'gw',
    epoch: 'e1',
    channel: 'events',
    after: row - 1,
    first: row,
    last: row,
    rows: [toEvent(id, 1)],
  }
  gateway.publish('cl/v1/bench/gw/episode', JSON.stringify(message), { qos: 1 })
  await all
}
const loaded = rssMb()
await gateway.endAsync()
for (const stream of streams) stream.destroy()
await platform.stop()
await broker.stop()
rmSync(folder, { recursive: true })
process.stdout.write(
  `${JSON.stringify({ p50: percentile(latencies, 0.5), p95: percentile(latencies, 0.95), heard: latencies.length, rssMb: loaded, aloneMb: alone })}\n`,
)
process.exit()
