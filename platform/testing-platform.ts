import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createBroker } from '@clearlane/broker/broker.ts'
import { createIdentities, hashSecret } from '@clearlane/broker/identities.ts'
import type {
  Episode,
  EpisodeEvent,
  GatewayEvent,
  HealthMessage,
  Layout,
  LiveEvent,
  Reading,
  Transition,
} from '@clearlane/protocol'
import { AckMessageSchema, LiveEventSchema, StatusSchema } from '@clearlane/protocol'
import { connectAsync } from 'mqtt'
import { pino } from 'pino'
import { PlatformConfigSchema } from './config.ts'
import { createPlatform } from './platform.ts'

export const layout: Layout = {
  v: 1,
  site: 's',
  name: 'Test',
  version: 1,
  timeZone: 'Asia/Shanghai',
  lanes: [{ id: 'north', name: 'North', kind: 'fire-lane', lengthM: 8 }],
  sections: [{ id: 'a', name: 'A', lane: 'north', fromM: 0, toM: 8, gateway: 'gw' }],
  slots: [
    { id: 'a1', section: 'a', offsetM: 2, device: '70b3d57ed001a001' },
    { id: 'a2', section: 'a', offsetM: 6 },
  ],
}
export const reading = (counter: number, over: Partial<Reading> = {}): Reading => ({
  device: '70b3d57ed001a001',
  session: 1,
  counter,
  trigger: 'period',
  eventMs: 1_000 + counter,
  receivedMs: 1_100 + counter,
  boot: 'b1',
  monotonicMs: counter,
  clock: 'gateway',
  backfill: false,
  link: 'tcp',
  slot: 'a1',
  section: 'a',
  xNt: 1,
  yNt: 2,
  zNt: 3,
  ...over,
})

/** A transition of an episode of section `a`, as it stands after it. */
export const event = (
  transition: Transition,
  id: string,
  revision: number,
  over: Partial<Episode>,
): EpisodeEvent => ({
  kind: 'episode',
  transition,
  decidedMs: 1_000,
  evidence: [],
  episode: {
    id,
    revision,
    lane: 'north',
    sections: ['a'],
    suspect: 'unknown',
    detectedMs: 1_000,
    confirmed: false,
    unobserved: false,
    rulesVersion: 1,
    layoutVersion: 1,
    ...over,
  },
})

export const health = (over: Partial<HealthMessage>): string =>
  JSON.stringify({
    v: 1,
    gateway: 'gw',
    epoch: 'e1',
    boot: 'b1',
    atMs: 1,
    clock: 'gateway',
    layoutVersion: 2,
    rulesVersion: 1,
    readings: { committedRow: 0, acknowledgedRow: 0, droppedRows: 0, parkedRows: 0, bytes: 0 },
    events: { committedRow: 0, acknowledgedRow: 0, droppedRows: 0, parkedRows: 0, bytes: 0 },
    links: [],
    refusals: [],
    counters: {},
    unknownDevices: [],
    unknownDeviceCount: 0,
    devices: [],
    ...over,
  } satisfies HealthMessage)

/** A real platform behind a real broker, and a gateway's connection that a test speaks through. */
export const startTestPlatform = async (over: object = {}) => {
  const folder = mkdtempSync(join(tmpdir(), 'platform-'))
  const received: { topic: string; text: string }[] = []
  const identities = createIdentities([
    {
      username: 'gw',
      secretHash: hashSecret('gw-secret'),
      identity: { kind: 'gateway', site: 's', gateway: 'gw' },
    },
    { username: 'platform', secretHash: hashSecret('platform-secret'), identity: { kind: 'platform' } },
  ])
  const broker = await createBroker({
    host: '127.0.0.1',
    port: 0,
    identities,
    drainTimeoutMs: 500,
    maxConnections: 10,
    onRefused: () => undefined,
  })
  writeFileSync(join(folder, 'secret'), 'platform-secret\n')
  writeFileSync(join(folder, 'layout.json'), JSON.stringify(layout))
  writeFileSync(join(folder, 'rules.json'), JSON.stringify({ v: 1, site: 's', version: 1 }))
  const url = `mqtt://127.0.0.1:${broker.port}`
  const platform = await createPlatform(
    PlatformConfigSchema.parse({
      dataDir: join(folder, 'data'),
      site: 's',
      http: { port: 0 },
      // Readings of tests are of 1970.
      history: { fullDays: 36_500, keepDays: 36_500 },
      mqtt: { url, username: 'platform', passwordFile: join(folder, 'secret') },
      layoutFile: join(folder, 'layout.json'),
      rulesFile: join(folder, 'rules.json'),
      ...over,
    }),
    pino({ level: 'silent' }),
  )
  const api = `http://127.0.0.1:${platform.port}`
  const gateway = await connectAsync(url, { username: 'gw', password: 'gw-secret', clientId: 'gw:1' })
  gateway.on('message', (topic, payload) => received.push({ topic, text: payload.toString() }))
  await gateway.subscribeAsync(['cl/v1/s/gw/ack', 'cl/v1/s/gw/config', 'cl/v1/s/gw/command'], { qos: 1 })
  const get = async (path: string) => {
    const response = await fetch(`${api}/api/v1${path}`)
    return {
      status: response.status,
      body: (await response.json()) as Record<string, unknown> & { items?: unknown[] },
    }
  }
  const send = (rows: readonly Reading[], first: number, after = first - 1) =>
    gateway.publishAsync(
      'cl/v1/s/gw/telemetry',
      JSON.stringify({
        v: 1,
        gateway: 'gw',
        epoch: 'e1',
        channel: 'readings',
        after,
        first,
        last: first + rows.length - 1,
        rows,
      }),
      { qos: 1 },
    )
  const lastAck = () =>
    received
      .filter(({ topic }) => topic.endsWith('/ack'))
      .map(({ text }) => AckMessageSchema.parse(JSON.parse(text)))
      .at(-1)
  const sendEvents = (rows: readonly GatewayEvent[], first: number) =>
    gateway.publishAsync(
      'cl/v1/s/gw/episode',
      JSON.stringify({
        v: 1,
        gateway: 'gw',
        epoch: 'e1',
        channel: 'events',
        after: first - 1,
        first,
        last: first + rows.length - 1,
        rows,
      }),
      { qos: 1 },
    )
  const change = async (
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ) => {
    const response = await fetch(`${api}/api/v1${path}`, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      ...(body !== undefined && { body: body instanceof Uint8Array ? body : JSON.stringify(body) }),
    })
    return { status: response.status, body: (await response.json()) as Record<string, unknown> }
  }
  /** Follows the live feed. */
  const listen = async () => {
    const abort = new AbortController()
    const response = await fetch(`${api}/api/v1/live`, { signal: abort.signal })
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
    const heard: LiveEvent[] = []
    let text = ''
    return {
      heard,
      until: async (isIt: (event: LiveEvent) => boolean): Promise<void> => {
        while (!heard.some(isIt)) {
          const { value, done } = await reader.read()
          if (done) return
          text += value
          for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
            heard.push(LiveEventSchema.parse(JSON.parse(text.slice('data: '.length, end))))
            text = text.slice(end + 2)
          }
        }
      },
      leave: () => abort.abort(),
    }
  }
  const historyLag = async (): Promise<number> => {
    const { projections } = StatusSchema.parse((await get('/status')).body)
    return projections.find(({ name }) => name === 'history')!.lag
  }

  return {
    folder,
    api,
    gateway,
    received,
    get,
    change,
    send,
    sendEvents,
    lastAck,
    listen,
    historyLag,
    close: async (): Promise<void> => {
      await platform.close()
      await gateway.endAsync()
      await broker.close()
      rmSync(folder, { recursive: true })
    },
  }
}
