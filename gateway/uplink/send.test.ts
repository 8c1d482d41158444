import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createBroker } from '@clearlane/broker/broker.ts'
import { createIdentities, hashSecret } from '@clearlane/broker/identities.ts'
import type { AckMessage, Reading, ReadingsMessage } from '@clearlane/protocol'
import {
  AckMessageSchema,
  EventsMessageSchema,
  parseJson,
  parseTopic,
  ReadingsMessageSchema,
} from '@clearlane/protocol'
import { Aedes } from 'aedes'
import type { MqttClient } from 'mqtt'
import { connectAsync } from 'mqtt'
import { createServer } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import type { EventsLog } from '../log/events.ts'
import { openEventsLog } from '../log/events.ts'
import type { ReadingsLog } from '../log/readings.ts'
import { openReadingsLog } from '../log/readings.ts'
import { openUplink } from './send.ts'

const closes: (() => Promise<unknown> | void)[] = []
afterEach(async () => {
  for (const close of closes.splice(0).reverse()) await close()
})
const fail = (failure: Error): never => {
  throw failure
}
const reading = (counter: number) =>
  ({
    device: '70b3d57ed001a001',
    session: 1,
    counter,
    trigger: 'period',
    eventMs: counter,
    receivedMs: counter,
    boot: 'b',
    monotonicMs: counter,
    clock: 'gateway',
    backfill: false,
    link: 'tcp',
    slot: 'a1',
    section: 'a',
    xNt: 1,
    yNt: 2,
    zNt: 3,
  }) satisfies Reading

const startBroker = async () => {
  const broker = await createBroker({
    host: '127.0.0.1',
    port: 0,
    identities: createIdentities([
      {
        username: 'gw',
        secretHash: hashSecret('g'),
        identity: { kind: 'gateway', site: 's', gateway: 'gw' },
      },
      { username: 'platform', secretHash: hashSecret('p'), identity: { kind: 'platform' } },
    ]),
    drainTimeoutMs: 500,
    maxConnections: 10,
    onRefused: () => undefined,
  })
  closes.push(() => broker.close())
  return broker.port
}

const startGateway = async (
  port: number,
  over: { stalledAfterMs?: number } = {},
  fill: (readings: ReadingsLog, events: EventsLog) => Promise<void> = async () => undefined,
) => {
  const folder = mkdtempSync(join(tmpdir(), 'uplink-'))
  closes.push(() => rmSync(folder, { recursive: true }))
  const events = await openEventsLog({ file: join(folder, 'events.sqlite'), onFailure: fail })
  const readings = await openReadingsLog({
    file: join(folder, 'readings.sqlite'),
    commitEveryMs: 5,
    onFailure: fail,
  })
  await fill(readings, events)
  const parked: string[] = []
  const uplink = openUplink({
    url: `mqtt://127.0.0.1:${port}`,
    username: 'gw',
    password: 'g',
    clientId: 'gw:1',
    keepaliveS: 30,
    site: 's',
    gateway: 'gw',
    readings,
    events,
    ackWaitMs: 50,
    onUp: () => undefined,
    onDown: () => undefined,
    onMessage: (topic, payload): AckMessage | undefined => {
      const ack =
        parseTopic(topic)?.name === 'ack' ? parseJson('ack', AckMessageSchema, payload.toString()) : undefined
      return ack?.ok === true ? ack.value : undefined
    },
    onParked: (channel, first, last) => parked.push(`${channel} ${first} to ${last}`),
    ...over,
  })
  closes.push(async () => {
    await uplink.close()
    await readings.close()
    await events.close()
  })
  return { readings, events, parked, uplink }
}

/** A centre of the test's own: keeps what comes, and acknowledges when it is told to. */
const startCentre = async (port: number) => {
  const client: MqttClient = await connectAsync(`mqtt://127.0.0.1:${port}`, {
    username: 'platform',
    password: 'p',
    clientId: 'platform:1',
  })
  const messages: ReadingsMessage[] = []
  const order: string[] = []
  client.on('message', (topic, payload) => {
    order.push(parseTopic(topic)!.name)
    if (topic.endsWith('telemetry'))
      messages.push(ReadingsMessageSchema.parse(JSON.parse(payload.toString())))
    else EventsMessageSchema.parse(JSON.parse(payload.toString()))
  })
  await client.subscribeAsync(['cl/v1/s/+/telemetry', 'cl/v1/s/+/episode'], { qos: 1 })
  closes.push(() => client.endAsync())
  const acknowledge = (epoch: string, row: number, over: Partial<AckMessage> = {}) =>
    client.publishAsync(
      'cl/v1/s/gw/ack',
      JSON.stringify({ v: 1, gateway: 'gw', epoch, readings: row, events: 0, ...over }),
      { qos: 1, retain: true },
    )
  const counters = () => messages.flatMap(({ rows }) => rows.map((row) => row.counter))
  return { messages, order, acknowledge, counters }
}

describe('the centre', () => {
  test('gets every row in order, and only its word frees them', async () => {
    const port = await startBroker()
    const centre = await startCentre(port)
    const { readings, events } = await startGateway(port)
    for (let counter = 0; counter < 1_200; counter++) readings.append(reading(counter))
    await expect.poll(() => centre.counters().length, { timeout: 5_000 }).toBe(1_200)
    expect(centre.counters()).toEqual(Array.from({ length: 1_200 }, (_, index) => index))
    expect(centre.messages.every(({ after, first }) => after === first - 1)).toBe(true)
    expect(readings.acknowledgedRow()).toBe(0)
    await centre.acknowledge(events.epoch, 1_200)
    await expect.poll(() => readings.acknowledgedRow()).toBe(1_200)
  })

  test('that lacks something gets it again from there', async () => {
    const port = await startBroker()
    const centre = await startCentre(port)
    const { readings, events } = await startGateway(port)
    for (let counter = 0; counter < 10; counter++) readings.append(reading(counter))
    await expect.poll(() => centre.counters().length).toBe(10)
    await centre.acknowledge(events.epoch, 4, { rewind: ['readings'] })
    await expect.poll(() => centre.counters().slice(10)).toEqual([4, 5, 6, 7, 8, 9])
  })

  test('whose broker forgets gets it again by itself', async () => {
    const port = await startBroker()
    const { readings, events } = await startGateway(port, { stalledAfterMs: 300 })
    for (let counter = 0; counter < 3; counter++) readings.append(reading(counter))
    await expect.poll(() => readings.committedRow()).toBe(3)
    // Nobody listens yet: the broker takes the message, says so, and it is gone.
    const centre = await startCentre(port)
    await expect.poll(() => new Set(centre.counters()).size, { timeout: 5_000 }).toBe(3)
    await centre.acknowledge(events.epoch, 3)
    await expect.poll(() => readings.acknowledgedRow()).toBe(3)
  })

  test('that is slow is not sent more than it can keep, however much waits for it', async () => {
    const WAITING = 6_000
    const port = await startBroker()
    const centre = await startCentre(port)
    const { readings, events } = await startGateway(port, {}, async (log) => {
      for (let counter = 0; counter < WAITING; counter++) log.append(reading(counter))
      await log.flush()
    })
    let aheadMax = 0
    for (let row = 0; row < WAITING; row = centre.counters().length) {
      const wanted = Math.min(WAITING, row + 500)
      await expect.poll(() => centre.counters().length).toBeGreaterThanOrEqual(wanted)
      aheadMax = Math.max(aheadMax, centre.counters().length - readings.acknowledgedRow())
      await centre.acknowledge(events.epoch, centre.counters().length)
    }
    expect(aheadMax).toBeLessThanOrEqual(2_500)
    expect(centre.counters()).toEqual(Array.from({ length: WAITING }, (_, index) => index))
  })

  test('hears events before readings', async () => {
    const port = await startBroker()
    const centre = await startCentre(port)
    await startGateway(port, {}, async (readings, events) => {
      for (let counter = 0; counter < 2_000; counter++) readings.append(reading(counter))
      await readings.flush()
      await events.append({
        events: [
          {
            kind: 'correction',
            reading: { device: '70b3d57ed001a001', session: 1, counter: 1 },
            slot: 'a1',
            section: 'a',
            eventMs: 1,
            settledMs: 2,
            decidedMs: 3,
          },
        ],
        told: [],
        presences: [],
        readings: [],
        readingsCommittedRow: 0,
      })
    })
    await expect.poll(() => centre.order.includes('telemetry')).toBe(true)
    expect(centre.order[0]).toBe('episode')
  })
})

test('a message on which the broker ends every session is parked, alone, and the rest flows', async () => {
  const POISON = 7
  const received = new Set<number>()
  // A broker that refuses one reading, as one with a stricter limit would: it closes the connection on it.
  const aedes = await Aedes.createBroker({
    authorizePublish: (_client, packet, callback) => {
      const parsed = packet.topic.endsWith('telemetry')
        ? (JSON.parse(packet.payload.toString()) as ReadingsMessage)
        : undefined
      const counters = parsed?.rows.map((row) => row.counter) ?? []
      if (counters.includes(POISON)) return callback(new Error('refused'))
      for (const counter of counters) received.add(counter)
      return callback(null)
    },
  })
  const server = createServer(aedes.handle)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closes.push(() => new Promise<void>((resolve) => aedes.close(() => server.close(() => resolve()))))
  const address = server.address()
  const { readings, parked } = await startGateway(
    typeof address === 'object' && address !== null ? address.port : 0,
  )
  for (let counter = 0; counter < 16; counter++) readings.append(reading(counter))
  await expect.poll(() => received.size, { timeout: 30_000 }).toBe(15)
  expect(received.has(POISON)).toBe(false)
  expect(parked).toEqual([`readings ${POISON + 1} to ${POISON + 1}`])
  expect(readings.stats().parkedRows).toBe(1)
}, 40_000)
