import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { createBroker } from '@clearlane/broker/broker.ts'
import { createIdentities, hashSecret } from '@clearlane/broker/identities.ts'
import type {
  EpisodeEvent,
  GatewayEvent,
  HealthMessage,
  Layout,
  LiveEvent,
  Reading,
} from '@clearlane/protocol'
import {
  AckMessageSchema,
  DeviceViewSchema,
  EpisodeViewSchema,
  LayoutVersionSchema,
  LiveEventSchema,
  MAX_PLAN_BYTES,
  RuleSetSchema,
  SlotSeriesSchema,
  StatusSchema,
} from '@clearlane/protocol'
import type { MqttClient } from 'mqtt'
import { connectAsync } from 'mqtt'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ErrorCode } from './api/error-codes.ts'
import { ERROR_STATUS } from './api/error-codes.ts'
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
const change = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
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
    const paths = Object.entries(body['paths'] as Record<string, object>)
    const requests = paths.flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path}`),
    )
    expect(requests).toEqual(
      expect.arrayContaining(
        [
          'post /slots/{slot}/device',
          'get /slots/{slot}/series',
          'get /devices',
          'get /devices/{device}',
          'get /episodes/count',
          'post /episodes/{id}/seen',
          'get /layout/versions',
          'get /plan',
          'put /plan',
          'delete /plan',
        ].map((one) => one.replace(' ', ' /api/v1')),
      ),
    )
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
    const listener = await listen()
    await listener.until((event) => event.kind === 'hello')
    await gateway.publishAsync('cl/v1/s/gw/health', health({}), { qos: 1 })
    await listener.until((event) => event.kind === 'section')
    expect(listener.heard.map(({ kind }) => kind)).toContain('gateway')
    listener.leave()
  })
})

const DAY_MS = 86_400_000
const LONG = 'x'.repeat(100_000)
describe('what the console asks for in a wrong way is refused with its code and a sentence', () => {
  test.each([
    { path: '/slots/none/series?from=0&to=1', status: 404, says: 'the layout has no slot none' },
    { path: '/slots/a1/series', status: 400, says: 'from: a time in ms UTC' },
    { path: '/slots/a1/series?from=0', status: 400, says: 'to: a time in ms UTC' },
    { path: '/slots/a1/series?from=x&to=1', status: 400, says: 'from: a time in ms UTC' },
    { path: '/slots/a1/series?from=0.5&to=1', status: 400, says: 'from: a time in ms UTC, a whole number' },
    { path: '/slots/a1/series?from=0&to=1e300', status: 400, says: 'to: a time in ms UTC' },
    { path: '/slots/a1/series?from=2&to=2', status: 400, says: 'to: it must be later than `from`' },
    { path: '/slots/a1/series?from=2&to=1', status: 400, says: 'to: it must be later than `from`' },
    { path: `/slots/a1/series?from=0&to=${92 * DAY_MS + 1}`, status: 400, says: 'to: at most 92 days' },
    { path: '/slots/a1/series?from=0&to=9&points=49', status: 400, says: 'points: ' },
    { path: '/slots/a1/series?from=0&to=9&points=2001', status: 400, says: 'points: ' },
    { path: '/slots/a1/series?from=0&to=9&points=many', status: 400, says: 'points: ' },
    { path: '/devices/70b3d57ed001afff', status: 404, says: 'stands in no slot' },
    { path: '/devices/west', status: 400, says: 'a device id is an EUI-64' },
    { path: '/episodes?state=shut', status: 400, says: 'state: ' },
    { path: '/episodes?lane=%27%3B--', status: 400, says: 'lane: an id is' },
    { path: `/episodes?section=${'x'.repeat(65)}`, status: 400, says: 'section: an id is' },
    { path: '/episodes?from=soon', status: 400, says: 'from: a time in ms UTC' },
    { path: `/episodes?cursor=${'9'.repeat(400)}~x`, status: 400, says: 'cursor: give back `next`' },
    { path: '/episodes?cursor=5', status: 400, says: 'cursor: give back `next`' },
    { path: '/episodes/count?state=shut', status: 400, says: 'state: ' },
    { path: '/episodes/count?to=1e300', status: 400, says: 'to: a time in ms UTC' },
    { path: '/layout?version=99', status: 404, says: 'the layout has no version 99' },
    { path: '/layout?version=-1', status: 404, says: 'the layout has no version -1' },
    { path: '/layout?version=new', status: 400, says: 'version: a version, a number' },
    { path: '/layout?version=1e300', status: 400, says: 'version: a version' },
    { path: '/plan', status: 404, says: 'no image of the plan' },
  ])('GET $path', async ({ path, status, says }) => {
    const { body, ...answer } = await get(path)
    expect(answer.status).toBe(status)
    expect(body['message']).toContain(says)
    expect(body['code']).toBe(status === 404 ? 'not-found' : 'bad-request')
  })

  const PNG = Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 1, 2, 3])
  test.each([
    {
      name: 'a layout of nobody',
      method: 'PUT',
      path: '/layout?version=1',
      body: layout,
      code: 'bad-request',
      says: 'by: say who makes the change',
    },
    {
      name: 'a layout of somebody without a name',
      method: 'PUT',
      path: '/layout?version=1&by=%20',
      body: layout,
      code: 'bad-request',
      says: 'by: say who does it',
    },
    {
      name: 'a layout of a name too long',
      method: 'PUT',
      path: `/layout?version=1&by=${'x'.repeat(201)}`,
      body: layout,
      code: 'bad-request',
      says: 'by: Too big',
    },
    {
      name: 'a layout of no version',
      method: 'PUT',
      path: '/layout?by=Wang',
      body: layout,
      code: 'bad-request',
      says: 'version: a version, a number',
    },
    {
      name: 'a layout of the wrong shape',
      method: 'PUT',
      path: '/layout?version=1&by=Wang',
      body: { ...layout, slots: [{ ...layout.slots[0], offsetM: 'far' }] },
      code: 'document-invalid',
      says: 'slots[0].offsetM: ',
    },
    {
      name: 'a layout that contradicts itself twice',
      method: 'PUT',
      path: '/layout?version=1&by=Wang',
      body: {
        ...layout,
        sections: [{ ...layout.sections[0], toM: 9 }],
        slots: [{ ...layout.slots[0], offsetM: 10 }],
      },
      code: 'document-invalid',
      says: /^sections\[0\]: [^;]+; slots\[0\]\.offsetM: [^;]+$/,
    },
    {
      name: 'a plan without extent',
      method: 'PUT',
      path: '/layout?version=1&by=Wang',
      body: { ...layout, plan: { widthM: 0, heightM: 1 } },
      code: 'document-invalid',
      says: 'plan.widthM: ',
    },
    {
      name: 'a slot that is not there',
      method: 'POST',
      path: '/slots/none/device',
      body: { device: null },
      code: 'not-found',
      says: 'the layout has no slot none',
    },
    {
      name: 'a device that is none',
      method: 'POST',
      path: '/slots/a2/device',
      body: { device: 'west' },
      code: 'bad-request',
      says: 'device: a device id is an EUI-64',
    },
    {
      name: 'a binding of nothing',
      method: 'POST',
      path: '/slots/a2/device',
      body: {},
      code: 'bad-request',
      says: 'device: ',
    },
    {
      name: 'a move that is none',
      method: 'POST',
      path: '/slots/a2/device',
      body: { device: null, move: 'yes' },
      code: 'bad-request',
      says: 'move: ',
    },
    {
      name: 'a binding by no name',
      method: 'POST',
      path: '/slots/a2/device',
      body: { device: null, by: '' },
      code: 'bad-request',
      says: 'by: say who does it',
    },
    {
      name: 'an episode that is not there',
      method: 'POST',
      path: '/episodes/none/seen',
      body: { by: 'Wang' },
      code: 'not-found',
      says: 'there is no such episode',
    },
    {
      name: 'seen by nobody',
      method: 'POST',
      path: '/episodes/none/seen',
      body: {},
      code: 'bad-request',
      says: 'by: ',
    },
    {
      name: 'seen by a number',
      method: 'POST',
      path: '/episodes/none/seen',
      body: { by: 7 },
      code: 'bad-request',
      says: 'by: ',
    },
    {
      name: 'seen by a name too long',
      method: 'POST',
      path: '/episodes/none/seen',
      body: { by: LONG },
      code: 'bad-request',
      says: 'by: Too big',
    },
    {
      name: 'a list instead of who has seen it',
      method: 'POST',
      path: '/episodes/none/seen',
      body: [],
      code: 'bad-request',
      says: 'expected object',
    },
    {
      name: 'a drawing with scripts',
      method: 'PUT',
      path: '/plan',
      body: Buffer.from('<svg onload="alert(1)"/>'),
      type: 'image/svg+xml',
      code: 'not-an-image',
      says: 'the plan stays as it was',
    },
    {
      name: 'a page that says it is a PNG',
      method: 'PUT',
      path: '/plan',
      body: Buffer.from('<!doctype html>'),
      type: 'image/png',
      code: 'not-an-image',
      says: 'not the PNG',
    },
    {
      name: 'a PNG that says it is a JPEG',
      method: 'PUT',
      path: '/plan',
      body: PNG,
      type: 'image/jpeg',
      code: 'not-an-image',
      says: 'not the PNG',
    },
    {
      name: 'an empty image',
      method: 'PUT',
      path: '/plan',
      body: new Uint8Array(),
      type: 'image/png',
      code: 'not-an-image',
      says: 'not the PNG',
    },
    {
      name: 'no image to take away',
      method: 'DELETE',
      path: '/plan',
      body: undefined,
      code: 'not-found',
      says: 'no image of the plan',
    },
  ])('$method $path: $name', async ({ method, path, body, type, code, says }) => {
    const answer = await change(method, path, body, type === undefined ? {} : { 'content-type': type })
    expect(answer.body['message']).toMatch(says)
    expect([answer.status, answer.body['code']]).toEqual([ERROR_STATUS[code as ErrorCode], code])
  })

  test.each([
    { name: 'that says how large it is', chunks: undefined },
    { name: 'that does not say how large it is', chunks: 50 },
  ])('an image of 50 MB $name', async ({ chunks }) => {
    const mib = new Uint8Array(1024 * 1024)
    const body =
      chunks === undefined
        ? new Uint8Array(50 * mib.length)
        : ReadableStream.from(Array.from({ length: chunks }, () => mib))
    const response = await fetch(`${api}/api/v1/plan`, {
      method: 'PUT',
      headers: { 'content-type': 'image/png' },
      body,
      duplex: 'half',
    })
    expect([response.status, await response.json()]).toEqual([
      413,
      { code: 'too-large', message: expect.stringContaining('more than 8 MiB') },
    ])
  })
})

test("the plan's image comes back as it was put, as the image that it is and nothing else", async () => {
  const image = new Uint8Array(MAX_PLAN_BYTES)
  image.set([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  const put = await change('PUT', '/plan', image, { 'content-type': 'image/png' })
  expect(put).toEqual({ status: 200, body: { type: 'image/png', bytes: MAX_PLAN_BYTES } })
  const first = await fetch(`${api}/api/v1/plan`)
  expect(Buffer.compare(Buffer.from(await first.arrayBuffer()), image)).toBe(0)
  expect(Object.fromEntries(first.headers)).toMatchObject({
    'content-type': 'image/png',
    'x-content-type-options': 'nosniff',
    'content-security-policy': expect.stringContaining('sandbox'),
  })
  const tag = first.headers.get('etag') ?? ''
  const again = await fetch(`${api}/api/v1/plan`, { headers: { 'if-none-match': tag } })
  expect([again.status, (await again.arrayBuffer()).byteLength]).toEqual([304, 0])
  expect((await change('DELETE', '/plan')).status).toBe(200)
  expect((await get('/plan')).status).toBe(404)
})

describe('a device', () => {
  const DEVICE = '70b3d57ed001a00d'
  const devices = async () =>
    ((await get('/devices')).body.items ?? [])
      .map((one) => DeviceViewSchema.parse(one))
      .filter(({ device }) => device === DEVICE)
  const versionsBy = async () =>
    ((await get('/layout/versions')).body.items ?? []).map((one) => LayoutVersionSchema.parse(one).by)

  test('is bound, moved and moved back; undo is the opposite call, and each is a version of somebody', async () => {
    await change('POST', '/slots/a1/device', { device: DEVICE, by: 'Wang' })
    expect(await devices()).toMatchObject([{ slot: 'a1' }])
    expect(await change('POST', '/slots/a2/device', { device: DEVICE })).toMatchObject({
      status: 422,
      body: { code: 'document-invalid', message: expect.stringContaining('already in slot a1') },
    })
    const moved = await change('POST', '/slots/a2/device', { device: DEVICE, move: true })
    expect(moved.status).toBe(200)
    expect(await devices()).toMatchObject([{ slot: 'a2' }])
    await change('POST', '/slots/a1/device', { device: DEVICE, move: true, by: 'Li' })
    expect(await devices()).toMatchObject([{ slot: 'a1' }])
    expect((await versionsBy()).slice(0, 3)).toEqual(['Li', 'console', 'Wang'])
    const version = Number(moved.body['version'])
    expect((await get(`/layout?version=${version}`)).body).toEqual(moved.body)
  })

  test('is shown as its gateway last spoke of it', async () => {
    const told = {
      device: DEVICE,
      slot: 'a1',
      lastHeardMs: 5,
      lowBattery: true,
      batteryMv: 3_000,
      missing: 2,
    }
    await gateway.publishAsync('cl/v1/s/gw/health', health({ devices: [told] }), { qos: 1 })
    const view = {
      ...told,
      section: 'a',
      sectionName: 'A',
      laneName: 'North',
      gateway: 'gw',
      isGatewayConnected: true,
    }
    await expect.poll(async () => (await get(`/devices/${DEVICE}`)).body).toEqual(view)
    await gateway.publishAsync('cl/v1/s/gw/health', health({ devices: [{ ...told, lastHeardMs: 0 }] }), {
      qos: 1,
    })
    await expect.poll(async () => (await get(`/devices/${DEVICE}`)).body).not.toHaveProperty('lastHeardMs')
  })

  test('has a layout in force from when its gateway first says so', async () => {
    const version = Number((await get('/layout')).body['version'])
    const versions = async () =>
      ((await get('/layout/versions')).body.items ?? []).map((one) => LayoutVersionSchema.parse(one))
    const inForce = async () => (await versions())[0]?.inForce
    expect(await inForce()).toEqual([])
    const listener = await listen()
    await gateway.publishAsync('cl/v1/s/gw/health', health({ layoutVersion: version }), { qos: 1 })
    await listener.until((event) => event.kind === 'layout' && event.version === version)
    listener.leave()
    expect(await inForce()).toEqual([{ gateway: 'gw', sinceMs: expect.any(Number) }])
  })
})

describe('an episode', () => {
  const episode = (id: string, revision: number): EpisodeEvent => ({
    kind: 'episode',
    transition: revision === 1 ? 'detected' : 'confirmed',
    atMs: 1_000 * revision,
    decidedMs: 1,
    episode: {
      id,
      revision,
      lane: 'north',
      sections: ['a'],
      suspect: 'unknown',
      detectedMs: 1_000,
      confirmed: revision > 1,
      unobserved: false,
      rulesVersion: 1,
      layoutVersion: 1,
    },
    evidence: [],
  })
  const presence: GatewayEvent = {
    kind: 'presence',
    slot: 'a1',
    section: 'a',
    presence: 'occupied',
    revision: 1,
    sinceMs: 900,
    decidedMs: 1,
    evidence: { slot: 'a1', residualNt: 1_234, thresholdNt: 900, reason: 'above the threshold' },
  }

  test('is found by lane, section and state, and counted', async () => {
    await sendEvents([presence, episode('x', 1), episode('x', 2)], 1)
    await expect.poll(async () => (await get('/episodes/count?state=blocked')).body).toEqual({ count: 1 })
    for (const filter of ['lane=north', 'section=a&state=open', 'state=alarmed', 'open=true', 'to=1001'])
      expect((await get(`/episodes?${filter}`)).body.items, filter).toMatchObject([{ episode: { id: 'x' } }])
    for (const filter of ['lane=south', 'section=a&state=ended', 'open=false', 'from=1001'])
      expect((await get(`/episodes?${filter}`)).body.items, filter).toEqual([])
  })

  test('is said to be seen without its gateway, once a name, and live listeners are told', async () => {
    const listener = await listen()
    await listener.until((event) => event.kind === 'hello')
    const first = await change('POST', '/episodes/x/seen', { by: ' Wang ' })
    const seen = [{ by: 'Wang', atMs: expect.any(Number) }]
    expect(EpisodeViewSchema.parse(first.body).seen).toEqual(seen)
    expect((await change('POST', '/episodes/x/seen', { by: 'Wang' })).body).toEqual(first.body)
    await listener.until((event) => event.kind === 'episode' && event.episode.seen.length === 1)
    listener.leave()
    const later = await listen()
    await later.until((event) => event.kind === 'hello' && event.episodes[0]?.seen[0]?.by === 'Wang')
    later.leave()
  })

  test('stands in the series of its slot with the presence, the field and the rules in force', async () => {
    await expect.poll(historyLag).toBe(0)
    const series = SlotSeriesSchema.parse((await get('/slots/a1/series?from=1000&to=11000&points=50')).body)
    expect(series).toMatchObject({
      slot: 'a1',
      fromMs: 1_000,
      toMs: 11_000,
      presence: [{ sinceMs: 900, presence: 'occupied', evidence: { residualNt: 1_234 } }],
      marks: [
        { atMs: 1_000, transition: 'detected', episode: 'x' },
        { atMs: 2_000, transition: 'confirmed', episode: 'x' },
      ],
      onNt: 900,
      offNt: 600,
    })
    expect(series.readings).toBeGreaterThan(0)
    expect(series.atMs.length).toBeGreaterThan(0)
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
