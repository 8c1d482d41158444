import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { createBroker } from '@clearlane/broker/broker.ts'
import { createIdentities, hashSecret } from '@clearlane/broker/identities.ts'
import type { HealthMessage, Layout, Reading } from '@clearlane/protocol'
import { AckMessageSchema, LiveEventSchema, RuleSetSchema, StatusSchema } from '@clearlane/protocol'
import type { MqttClient } from 'mqtt'
import { connectAsync } from 'mqtt'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { PlatformConfigSchema } from './config.ts'
import type { Platform } from './platform.ts'
import { createPlatform } from './platform.ts'

const layout: Layout = {
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
const reading = (counter: number, over: Partial<Reading> = {}): Reading => ({
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

const folder = mkdtempSync(join(tmpdir(), 'platform-'))
let platform: Platform
let gateway: MqttClient
let api: string
const received: { topic: string; text: string }[] = []
const closes: (() => Promise<unknown>)[] = []

beforeAll(async () => {
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
  platform = await createPlatform(
    PlatformConfigSchema.parse({
      dataDir: join(folder, 'data'),
      site: 's',
      http: { port: 0 },
      mqtt: { url, username: 'platform', passwordFile: join(folder, 'secret') },
      layoutFile: join(folder, 'layout.json'),
      rulesFile: join(folder, 'rules.json'),
    }),
    pino({ level: 'silent' }),
  )
  api = `http://127.0.0.1:${platform.port}`
  gateway = await connectAsync(url, { username: 'gw', password: 'gw-secret', clientId: 'gw:1' })
  gateway.on('message', (topic, payload) => received.push({ topic, text: payload.toString() }))
  await gateway.subscribeAsync(['cl/v1/s/gw/ack', 'cl/v1/s/gw/config', 'cl/v1/s/gw/command'], { qos: 1 })
  closes.push(
    () => platform.close(),
    () => gateway.endAsync(),
    () => broker.close(),
  )
})
afterAll(async () => {
  for (const close of closes) await close()
  rmSync(folder, { recursive: true })
})

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
const historyLag = async (): Promise<number> => {
  const { projections } = StatusSchema.parse((await get('/status')).body)
  return projections.find(({ name }) => name === 'history')!.lag
}
const health = (over: Partial<HealthMessage>): string =>
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

describe('a gateway', () => {
  test('is told the layout and the rules in force when it connects', async () => {
    await expect.poll(() => received.some(({ topic }) => topic.endsWith('/config'))).toBe(true)
    const config = JSON.parse(received.find(({ topic }) => topic.endsWith('/config'))!.text) as {
      layout: Layout
      rules: unknown
    }
    expect(config.layout).toEqual(layout)
    expect(RuleSetSchema.safeParse(config.rules).success).toBe(true)
  })

  test('hears what is committed, once it is, and a repeat stands once', async () => {
    await send([reading(0), reading(1)], 1)
    await expect.poll(() => lastAck()?.readings).toBe(2)
    await send([reading(1), reading(2)], 2)
    await expect.poll(() => lastAck()?.readings).toBe(3)
    const { body } = await get('/log?channel=readings')
    const counters = (body.items as { rows: Reading[] }[]).flatMap(({ rows }) =>
      rows.map((row) => row.counter),
    )
    expect(counters).toEqual([0, 1, 2])
  })

  test('that sends behind a hole is asked to send again from it', async () => {
    await send([reading(9)], 10)
    await expect.poll(() => lastAck()).toMatchObject({ readings: 3, rewind: ['readings'] })
  })

  test.each([
    { name: 'no JSON', payload: '{"v":1,', reason: 'telemetry-json' },
    {
      name: 'a reading without a field',
      payload: JSON.stringify({
        v: 1,
        gateway: 'gw',
        epoch: 'e1',
        channel: 'readings',
        after: 3,
        first: 4,
        last: 4,
        rows: [{ device: 'x' }],
      }),
      reason: 'telemetry-shape',
    },
    {
      name: 'rows that do not fill their range',
      payload: JSON.stringify({
        v: 1,
        gateway: 'gw',
        epoch: 'e1',
        channel: 'readings',
        after: 3,
        first: 4,
        last: 9,
        rows: [reading(3)],
      }),
      reason: 'rows-mismatch',
    },
    {
      name: 'the name of another gateway',
      payload: JSON.stringify({
        v: 1,
        gateway: 'other',
        epoch: 'e1',
        channel: 'readings',
        after: 3,
        first: 4,
        last: 4,
        rows: [reading(3)],
      }),
      reason: 'gateway-mismatch',
    },
  ])(
    'that sends $name is refused with its reason, and the next message is taken',
    async ({ payload, reason }) => {
      await gateway.publishAsync('cl/v1/s/gw/telemetry', payload, { qos: 1 })
      await expect
        .poll(async () =>
          ((await get('/status')).body['refusals'] as { reason: string }[]).map((one) => one.reason),
        )
        .toContain(reason)
      const row = lastAck()!.readings
      await send([reading(row)], row + 1)
      await expect.poll(() => lastAck()?.readings).toBe(row + 1)
    },
  )
})

describe('the API', () => {
  test('answers readings of a slot in order, page by page', async () => {
    await expect.poll(historyLag).toBe(0)
    const first = await get('/readings?slot=a1&limit=2')
    expect(first.body.items).toMatchObject([{ counter: 0 }, { counter: 1 }])
    const second = await get(`/readings?slot=a1&limit=2&cursor=${String(first.body['next'])}`)
    expect(second.body.items).toMatchObject([{ counter: 2 }, { counter: 3 }])
  })

  test.each([
    { path: '/readings', status: 400, code: 'bad-request' },
    { path: '/readings?slot=a1&limit=0', status: 400, code: 'bad-request' },
    { path: '/readings?slot=a1&cursor=5~~', status: 400, code: 'bad-request' },
    { path: '/episodes?cursor=%27~x', status: 400, code: 'bad-request' },
    { path: '/episodes/none', status: 404, code: 'not-found' },
    { path: '/nothing', status: 404, code: 'not-found' },
    { path: '/gateways/none', status: 404, code: 'not-found' },
  ])('refuses $path with $code and a sentence', async ({ path, status, code }) => {
    expect(await get(path)).toMatchObject({ status, body: { code, message: expect.stringMatching(/\w/) } })
  })

  test('has an OpenAPI document that names every path', async () => {
    const { body } = await get('/openapi.json')
    expect(Object.keys(body['paths'] as object)).toContain('/api/v1/slots/{slot}/device')
  })

  test('binds a device in one step, and refuses one that is bound already', async () => {
    const bind = (slot: string, device: string | null) =>
      fetch(`${api}/api/v1/slots/${slot}/device`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ device }),
      })
    const twice = await bind('a2', '70b3d57ed001a001')
    expect([twice.status, ((await twice.json()) as { message: string }).message]).toEqual([
      422,
      expect.stringContaining('already in slot a1'),
    ])
    const done = await bind('a2', '70b3d57ed001a002')
    expect(done.status).toBe(200)
    expect(((await done.json()) as Layout).version).toBe(2)
    await expect
      .poll(() => received.filter(({ topic }) => topic.endsWith('/config')).length)
      .toBeGreaterThan(1)
  })

  test('refuses a change made from an old version', async () => {
    const response = await fetch(`${api}/api/v1/layout?version=1&by=Wang`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(layout),
    })
    expect(response.status).toBe(409)
  })

  test('refuses a page of another site and another host name', async () => {
    const other = await fetch(`${api}/api/v1/slots/a2/device`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: 'https://evil.example' },
      body: '{"device":null}',
    })
    expect(other.status).toBe(403)
  })

  test('tells live listeners first everything, then each change, by its schema', async () => {
    const abort = new AbortController()
    const response = await fetch(`${api}/api/v1/live`, { signal: abort.signal })
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
    let text = ''
    const kinds: string[] = []
    const readUntil = async (kind: string): Promise<void> => {
      while (!kinds.includes(kind)) {
        const { value, done } = await reader.read()
        if (done) return
        text += value
        for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
          kinds.push(LiveEventSchema.parse(JSON.parse(text.slice('data: '.length, end))).kind)
          text = text.slice(end + 2)
        }
      }
    }
    await readUntil('hello')
    await gateway.publishAsync('cl/v1/s/gw/health', health({}), { qos: 1 })
    await readUntil('section')
    expect(kinds).toContain('gateway')
    abort.abort()
  })
})

test('while its history is locked the platform commits, acknowledges and answers; then the history follows', async () => {
  await expect.poll(historyLag).toBe(0)
  const lock = new DatabaseSync(join(folder, 'data', 'history.sqlite'))
  lock.exec('BEGIN EXCLUSIVE')
  const row = lastAck()!.readings
  const { eventMs: _eventMs, ...undated } = reading(50, { boot: 'b2', clock: 'unknown' })
  await send([reading(51), undated], row + 1)
  await expect.poll(() => lastAck()?.readings).toBe(row + 2)
  await gateway.publishAsync('cl/v1/s/gw/health', health({ boot: 'b2', bootUtcMs: 1_000 }), { qos: 1 })
  await expect.poll(async () => (await get('/gateways/gw')).body).toMatchObject({ health: { boot: 'b2' } })
  expect(await historyLag()).toBeGreaterThan(0)
  expect(await get('/readings?slot=a1')).toMatchObject({ status: 200 })
  lock.exec('ROLLBACK')
  lock.close()
  await expect.poll(historyLag).toBe(0)
  // What was said of the boot while the file was locked is said again with the next health message.
  await gateway.publishAsync('cl/v1/s/gw/health', health({ boot: 'b2', bootUtcMs: 1_000 }), { qos: 1 })
  await expect
    .poll(async () => (await get('/readings?slot=a1')).body.items)
    .toEqual(expect.arrayContaining([reading(51), { ...undated, eventMs: 1_050 }]))
})
