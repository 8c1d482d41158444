import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import type { Socket } from 'node:net'
import { createServer as createTcpServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createBroker } from '@clearlane/broker/broker.ts'
import { createIdentities, hashSecret } from '@clearlane/broker/identities.ts'
import { createBrokerMetrics } from '@clearlane/broker/metrics.ts'
import { GATEWAY_SERVICE } from '@clearlane/gateway/config/config.ts'
import { runGateway } from '@clearlane/gateway/main.ts'
import { DEVICES, EMPTY, layout, rules } from '@clearlane/gateway/testing-house.ts'
import { health, reading, startTestPlatform } from '@clearlane/platform/testing-platform.ts'
import type { Frame } from '@clearlane/protocol'
import { encodeFrame, METRICS, openMetricsDoor, toShortId } from '@clearlane/protocol'
import { connectAsync } from 'mqtt'
import { expect, onTestFinished, test } from 'vitest'
import { expectTable, scrape } from './testing-metrics.ts'

const SECRET = 'correct-horse-battery'
const stored = [
  { username: 'gw', identity: { kind: 'gateway', site: 's', gateway: 'gw' } },
  { username: 'platform', identity: { kind: 'platform' } },
] as const

const startBroker = async () => {
  const broker = await createBroker({
    host: '127.0.0.1',
    port: 0,
    identities: createIdentities(stored.map((one) => ({ ...one, secretHash: hashSecret(SECRET) }))),
    drainTimeoutMs: 500,
    maxConnections: 10,
    onRefused: () => undefined,
  })
  onTestFinished(broker.close)
  const join = async (username: string) => {
    const client = await connectAsync(`mqtt://127.0.0.1:${broker.port}`, {
      username,
      password: SECRET,
      clientId: `${username}:test`,
      reconnectPeriod: 0,
    })
    onTestFinished(() => client.endAsync(true))
    return client
  }
  return { broker, join }
}

test('the broker tells its clients, its messages in and out, and what it refused', async () => {
  const { broker, join: joinBroker } = await startBroker()
  const metrics = await createBrokerMetrics(broker)
  const door = await openMetricsDoor(createServer, { host: '127.0.0.1', port: 0 }, metrics, () =>
    expect.unreachable(),
  )
  onTestFinished(door.close)
  const platform = await joinBroker('platform')
  await platform.subscribeAsync('cl/v1/s/+/telemetry', { qos: 1 })
  const gateway = await joinBroker('gw')
  for (let sent = 0; sent < 3; sent++) await gateway.publishAsync('cl/v1/s/gw/telemetry', 'x', { qos: 1 })
  // Nobody listens to this one.
  await gateway.publishAsync('cl/v1/s/gw/health', 'x', { qos: 1 })
  const first = await scrape(door.port)
  expectTable(first, METRICS.broker)
  expect(first.value('clearlane_broker_connected_clients')).toBe(2)
  expect(first.value('clearlane_broker_received_messages_total')).toBe(4)
  expect(first.value('clearlane_broker_sent_messages_total')).toBe(3)
  expect(first.value('clearlane_broker_slow_subscribers_dropped_total')).toBe(0)
  expect(first.families.get('clearlane_broker_refusals_total')?.samples).toEqual([])

  gateway.publish('cl/v1/s/gw-2/telemetry', 'x', { qos: 1 })
  const refused = async () =>
    (await scrape(door.port)).value('clearlane_broker_refusals_total', { reason: 'publish-refused' })
  await expect.poll(refused).toBe(1)
  await expect.poll(async () => (await scrape(door.port)).value('clearlane_broker_connected_clients')).toBe(1)
})

test('the platform tells its rows, its projections, its listeners and its requests', async () => {
  const platform = await startTestPlatform()
  onTestFinished(platform.close)
  const port = Number(new URL(platform.api).port)
  // What is said before the platform listens is said to nobody.
  await expect.poll(async () => (await scrape(port)).value('clearlane_platform_broker_up')).toBe(1)
  await platform.send([reading(1), reading(2)], 1)
  // Rows 3 and 4 were given up by their gateway.
  await platform.send([reading(5)], 5, 2)
  await platform.gateway.publishAsync('cl/v1/s/gw/health', health({ layoutVersion: 1 }), { qos: 1 })
  const rows = async () =>
    (await scrape(port)).value('clearlane_platform_ingested_rows_total', {
      gateway: 'gw',
      channel: 'readings',
    })
  await expect.poll(rows).toBe(3)
  await expect.poll(platform.historyLag).toBe(0)
  await platform.gateway.publishAsync('cl/v1/s/gw/telemetry', 'no JSON', { qos: 1 })
  const listener = await platform.listen()
  onTestFinished(listener.leave)
  const listeners = async () => (await scrape(port)).value('clearlane_platform_live_listeners')
  await expect.poll(listeners).toBe(1)
  for (const path of ['/gateways/gw', '/gateways/one', '/gateways/two', '/log?limit=many'])
    await platform.get(path)
  await fetch(`${platform.api}/some/page?of=the&console`)
  await expect
    .poll(async () =>
      (await scrape(port)).value('clearlane_platform_refusals_total', { reason: 'telemetry-json' }),
    )
    .toBe(1)

  const { value, ...all } = await scrape(port)
  expectTable({ value, ...all }, METRICS.platform)
  expect(value('clearlane_platform_skipped_rows_total', { channel: 'readings' })).toBe(2)
  expect(value('clearlane_platform_gateway_up', { gateway: 'gw' })).toBe(1)
  // A minute may have begun meanwhile, and its sample with it.
  expect(value('clearlane_platform_log_entries_total')).toBeGreaterThanOrEqual(2)
  expect(value('clearlane_platform_projection_lag_entries', { projection: 'history' })).toBe(0)
  expect(value('clearlane_platform_open_episodes')).toBe(0)
  const requests = (route: string, status: string) =>
    value('clearlane_platform_http_requests_total', { method: 'GET', route, status })
  expect(requests('/api/v1/gateways/:gateway', '200')).toBe(1)
  expect(requests('/api/v1/gateways/:gateway', '404')).toBe(2)
  expect(requests('/api/v1/log', '400')).toBe(1)
  expect(requests('/api/v1/live', '200')).toBe(1)
  expect(requests('/metrics', '200')).toBeGreaterThan(0)
  expect(all.text).not.toContain('some')
  expect(all.text).not.toContain('platform-secret')
})

const START_MS = Date.now() - 600_000
const state = (sequence: number, atMs: number, xNt: number, device: string = DEVICES[0]): Uint8Array =>
  encodeFrame({
    kind: 'state',
    shortId: toShortId(device),
    boot: 1,
    sequence,
    timeMs: START_MS + atMs,
    clockSynced: true,
    ackWanted: true,
    retransmission: false,
    backfill: false,
    presence: 'unknown',
    trigger: 'change',
    confidence: 0,
    xNt,
    yNt: EMPTY.yNt,
    zNt: EMPTY.zNt,
    temperatureC: 20,
    batteryMv: 3_600,
    health: 1,
    tlvs: [],
  } satisfies Frame)

/** A gateway between a wire and a broker, both of the test's own, with one lane of two sensors. */
const startGatewayOnWire = async () => {
  const { broker, join: joinBroker } = await startBroker()
  const centre = await joinBroker('platform')
  const topic = (name: string): string => `cl/v1/s/gw/${name}`
  const epochs: string[] = []
  centre.on('message', (_topic, payload) => {
    epochs.push((JSON.parse(payload.toString()) as { epoch: string }).epoch)
  })
  await centre.subscribeAsync('cl/v1/s/+/telemetry', { qos: 1 })
  await centre.publishAsync(topic('config'), JSON.stringify({ v: 1, layout, rules }), {
    qos: 1,
    retain: true,
  })

  const { promise: wired, resolve: onWired } = Promise.withResolvers<Socket>()
  const wire = createTcpServer(onWired)
  await new Promise<void>((resolve) => wire.listen(0, '127.0.0.1', resolve))
  const folder = mkdtempSync(join(tmpdir(), 'metrics-'))
  writeFileSync(join(folder, 'secret'), SECRET)
  const gateway = await runGateway(
    GATEWAY_SERVICE.schema.parse({
      dataDir: join(folder, 'data'),
      site: 's',
      gateway: 'gw',
      links: [
        { id: 'wire', kind: 'tcp', host: '127.0.0.1', port: (wire.address() as { port: number }).port },
      ],
      mqtt: { url: `mqtt://127.0.0.1:${broker.port}`, username: 'gw', passwordFile: join(folder, 'secret') },
      metrics: { port: 0 },
      log: { commitEveryMs: 10 },
    }),
  )
  const door = await gateway.openMetrics()
  const socket = await wired
  onTestFinished(async () => {
    await gateway.stop()
    socket.destroy()
    wire.close()
    rmSync(folder, { recursive: true })
  })
  return {
    port: door!.port,
    hear: (...frames: readonly Uint8Array[]) => socket.write(Buffer.concat(frames)),
    heardEpoch: () => epochs[0],
    acknowledge: (epoch: string, counts: { readings: number; events: number }) =>
      centre.publishAsync(topic('ack'), JSON.stringify({ v: 1, gateway: 'gw', epoch, ...counts }), {
        qos: 1,
      }),
  }
}

test('the gateway tells what it hears, what it holds, and whether the centre has it', async () => {
  const { port, hear, heardEpoch, acknowledge } = await startGatewayOnWire()
  const value = async (...[name, labels]: Parameters<Awaited<ReturnType<typeof scrape>>['value']>) =>
    (await scrape(port)).value(name, labels)
  await expect.poll(() => value('clearlane_gateway_known_devices')).toBe(DEVICES.length)
  expect(await value('clearlane_gateway_silent_devices')).toBe(DEVICES.length)
  expect(await value('clearlane_gateway_last_acknowledgement_seconds')).toBeUndefined()

  const broken = state(0, 0, EMPTY.xNt).with(3, 99)
  const OCCUPIED_NT = EMPTY.xNt + 20_000
  hear(
    state(0, 0, EMPTY.xNt),
    state(0, 0, EMPTY.xNt),
    broken,
    state(0, 0, EMPTY.xNt, '70b3d57ed001a0ff'),
    state(1, 10_000, OCCUPIED_NT),
    state(2, 40_000, OCCUPIED_NT),
    state(3, 50_000, OCCUPIED_NT),
  )
  const committed = { channel: 'readings' }
  await expect.poll(() => value('clearlane_gateway_log_committed_rows_total', committed)).toBe(4)
  await expect.poll(() => value('clearlane_gateway_open_episodes')).toBe(1)
  await expect.poll(heardEpoch).toBeDefined()

  const first = await scrape(port)
  expectTable(first, METRICS.gateway)
  expect(first.text).not.toContain(SECRET)
  expect(first.value('clearlane_gateway_readings_heard_total')).toBe(5)
  expect(first.value('clearlane_gateway_readings_duplicate_total')).toBe(1)
  expect(first.value('clearlane_gateway_readings_late_total')).toBe(0)
  expect(first.value('clearlane_gateway_readings_missing')).toBe(0)
  expect(first.families.get('clearlane_gateway_refusals_total')?.samples).toMatchObject([{ value: 1 }])
  expect(first.value('clearlane_gateway_unknown_devices_total')).toBe(1)
  expect(first.value('clearlane_gateway_silent_devices')).toBe(DEVICES.length - 1)
  expect(first.value('clearlane_gateway_log_waiting_rows', committed)).toBe(4)
  expect(first.value('clearlane_gateway_log_size_bytes', committed)).toBeGreaterThan(0)
  expect(first.value('clearlane_gateway_uplink_up')).toBe(1)
  expect(first.value('clearlane_gateway_link_up', { link: 'wire' })).toBe(1)
  expect(first.value('clearlane_gateway_clock_known')).toBe(1)
  const events = first.value('clearlane_gateway_log_committed_rows_total', { channel: 'events' })!
  expect(events).toBeGreaterThan(0)
  const commits = first.value('clearlane_gateway_event_commit_duration_seconds_count')!
  expect(commits).toBeGreaterThan(0)
  expect(commits).toBeLessThanOrEqual(events)
  expect(first.value('clearlane_gateway_event_commit_duration_seconds_sum')).toBeGreaterThan(0)

  await acknowledge(heardEpoch()!, { readings: 4, events })
  await expect.poll(() => value('clearlane_gateway_log_waiting_rows', committed)).toBe(0)
  expect(await value('clearlane_gateway_last_acknowledgement_seconds')).toBeLessThan(30)
})

test('the door answers GET /metrics for this machine, nothing else, and says when a metric cannot be read', async () => {
  const failures: unknown[] = []
  let isBroken = false
  const metrics = {
    contentType: 'text/plain',
    text: async () => {
      if (isBroken) throw new Error('no disk')
      return 'fine'
    },
  }
  const door = await openMetricsDoor(createServer, { host: '127.0.0.1', port: 0 }, metrics, (cause) =>
    failures.push(cause),
  )
  onTestFinished(door.close)
  const ask = (path: string, method = 'GET', host = '127.0.0.1') =>
    new Promise<number | undefined>((resolve, reject) => {
      request({ port: door.port, path, method, headers: { host } }, (response) => {
        response.resume()
        resolve(response.statusCode)
      })
        .once('error', reject)
        .end()
    })
  expect(await ask('/metrics')).toBe(200)
  expect(await ask('/metrics', 'HEAD', 'localhost:9464')).toBe(200)
  expect(await ask('/metrics?format=text', 'GET', '[::1]:9464')).toBe(200)
  expect(await ask('/metrics', 'POST')).toBe(405)
  expect(await ask('/')).toBe(404)
  expect(await ask('/metrics', 'GET', 'elsewhere.example')).toBe(403)
  isBroken = true
  expect(await ask('/metrics')).toBe(500)
  expect(failures).toEqual([new Error('no disk')])
})
