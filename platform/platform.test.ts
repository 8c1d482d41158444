import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Layout, Reading } from '@clearlane/protocol'
import { RuleSetSchema } from '@clearlane/protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { health, layout, reading, startTestPlatform } from './testing-platform.ts'

let platform: Awaited<ReturnType<typeof startTestPlatform>>
beforeAll(async () => {
  platform = await startTestPlatform()
})
afterAll(() => platform.close())

describe('a gateway', () => {
  test('is told the layout and the rules in force when it connects', async () => {
    await expect.poll(() => platform.received.some(({ topic }) => topic.endsWith('/config'))).toBe(true)
    const config = JSON.parse(platform.received.find(({ topic }) => topic.endsWith('/config'))!.text) as {
      layout: Layout
      rules: unknown
    }
    expect(config.layout).toEqual(layout)
    expect(RuleSetSchema.safeParse(config.rules).success).toBe(true)
  })

  test('hears what is committed, once it is, and a repeat stands once', async () => {
    await platform.send([reading(0), reading(1)], 1)
    await expect.poll(() => platform.lastAck()?.readings).toBe(2)
    await platform.send([reading(1), reading(2)], 2)
    await expect.poll(() => platform.lastAck()?.readings).toBe(3)
    const { body } = await platform.get('/log?channel=readings')
    const counters = (body.items as { rows: Reading[] }[]).flatMap(({ rows }) =>
      rows.map((row) => row.counter),
    )
    expect(counters).toEqual([0, 1, 2])
  })

  test('that sends behind a hole is asked to send again from it', async () => {
    await platform.send([reading(9)], 10)
    await expect.poll(() => platform.lastAck()).toMatchObject({ readings: 3, rewind: ['readings'] })
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
      await platform.gateway.publishAsync('cl/v1/s/gw/telemetry', payload, { qos: 1 })
      await expect
        .poll(async () =>
          ((await platform.get('/status')).body['refusals'] as { reason: string }[]).map((one) => one.reason),
        )
        .toContain(reason)
      const row = platform.lastAck()!.readings
      await platform.send([reading(row)], row + 1)
      await expect.poll(() => platform.lastAck()?.readings).toBe(row + 1)
    },
  )
})

describe('the API', () => {
  test('answers readings of a slot in order, page by page', async () => {
    await expect.poll(platform.historyLag).toBe(0)
    const first = await platform.get('/readings?slot=a1&limit=2')
    expect(first.body.items).toMatchObject([{ counter: 0 }, { counter: 1 }])
    const second = await platform.get(`/readings?slot=a1&limit=2&cursor=${String(first.body['next'])}`)
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
    expect(await platform.get(path)).toMatchObject({
      status,
      body: { code, message: expect.stringMatching(/\w/) },
    })
  })

  test('has an OpenAPI document that names every path', async () => {
    const { body } = await platform.get('/openapi.json')
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
      fetch(`${platform.api}/api/v1/slots/${slot}/device`, {
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
      .poll(() => platform.received.filter(({ topic }) => topic.endsWith('/config')).length)
      .toBeGreaterThan(1)
  })

  test('refuses a change made from an old version', async () => {
    const response = await fetch(`${platform.api}/api/v1/layout?version=1&by=Wang`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(layout),
    })
    expect(response.status).toBe(409)
  })

  test('refuses a page of another site and another host name', async () => {
    const other = await fetch(`${platform.api}/api/v1/slots/a2/device`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: 'https://evil.example' },
      body: '{"device":null}',
    })
    expect(other.status).toBe(403)
  })

  test('tells live listeners first everything, then each platform.change, by its schema', async () => {
    const listener = await platform.listen()
    await listener.until((event) => event.kind === 'hello')
    await platform.gateway.publishAsync('cl/v1/s/gw/health', health({}), { qos: 1 })
    await listener.until((event) => event.kind === 'section')
    expect(listener.heard.map(({ kind }) => kind)).toContain('gateway')
    listener.leave()
  })

  test('tells when a slot was heard last, though its state stays', async () => {
    const listener = await platform.listen()
    await listener.until((event) => event.kind === 'hello')
    await platform.send([reading(70, { receivedMs: 9_000 })], (platform.lastAck()?.readings ?? 0) + 1)
    await listener.until((event) => event.kind === 'heard' && event.slots['a1'] === 9_000)
    const devices = [
      { device: '70b3d57ed001a001', slot: 'a1', lastHeardMs: 9_500, lowBattery: false, missing: 0 },
    ]
    await platform.gateway.publishAsync('cl/v1/s/gw/health', health({ devices }), { qos: 1 })
    await listener.until(
      (event) => event.kind === 'heard' && event.slots['a1'] === 9_500 && (event.gateways['gw'] ?? 0) > 9_500,
    )
    const later = await platform.listen()
    await later.until((event) => event.kind === 'hello' && event.sections[0]?.slots[0]?.lastHeardMs === 9_500)
    listener.leave()
    later.leave()
    expect(listener.heard.filter(({ kind }) => kind === 'section')).toEqual([])
  })
})

test('while its history is locked the platform commits, acknowledges and answers; then the history follows', async () => {
  await expect.poll(platform.historyLag).toBe(0)
  const lock = new DatabaseSync(join(platform.folder, 'data', 'history.sqlite'))
  lock.exec('BEGIN EXCLUSIVE')
  const row = platform.lastAck()!.readings
  const { eventMs: _eventMs, ...undated } = reading(50, { boot: 'b2', clock: 'unknown' })
  await platform.send([reading(51), undated], row + 1)
  await expect.poll(() => platform.lastAck()?.readings).toBe(row + 2)
  await platform.gateway.publishAsync('cl/v1/s/gw/health', health({ boot: 'b2', bootUtcMs: 1_000 }), {
    qos: 1,
  })
  await expect
    .poll(async () => (await platform.get('/gateways/gw')).body)
    .toMatchObject({ health: { boot: 'b2' } })
  expect(await platform.historyLag()).toBeGreaterThan(0)
  expect(await platform.get('/readings?slot=a1')).toMatchObject({ status: 200 })
  lock.exec('ROLLBACK')
  lock.close()
  await expect.poll(platform.historyLag).toBe(0)
  // What was said of the boot while the file was locked is said again with the next health message.
  await platform.gateway.publishAsync('cl/v1/s/gw/health', health({ boot: 'b2', bootUtcMs: 1_000 }), {
    qos: 1,
  })
  await expect
    .poll(async () => (await platform.get('/readings?slot=a1')).body.items)
    .toEqual(expect.arrayContaining([reading(51), { ...undated, eventMs: 1_050 }]))
})
