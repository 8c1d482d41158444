import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createBroker } from '@clearlane/broker/broker.ts'
import { createIdentities, hashSecret } from '@clearlane/broker/identities.ts'
import { createRandom } from '@clearlane/firmware-sim/world/random.ts'
import type { Frame, HealthMessage } from '@clearlane/protocol'
import {
  crc32c,
  createDeframer,
  decodeCobs,
  decodeFrame,
  encodeCobs,
  encodeFrame,
  HealthMessageSchema,
  parseTopic,
  ReadingsMessageSchema,
  ReplyMessageSchema,
  toShortId,
  toTopic,
} from '@clearlane/protocol'
import { connectAsync } from 'mqtt'
import { afterEach, expect, test } from 'vitest'
import { z } from 'zod'
import { startChild } from '../tools/child.ts'
import { ROOT } from './testing-estate.ts'

const DEVICE = '70b3d57ed001a001'
/** A block: bad frames, a hello and a reading of so many unknown devices, bad messages of the centre, a good frame. */
const BAD_PER_BLOCK = 1_000
const UNKNOWN_PER_BLOCK = 100
const WARM_UP_BLOCKS = 600
const BLOCKS = 1_000
const MAX_GROWTH_MB = 20
const MAX_UNKNOWN_LISTED = 200
const MINUTE_MS = 60_000
/** The log is dated by the wall clock, the minute is measured by one that never steps. */
const SLACK_MS = 1_000
const PATIENCE = { timeout: 60_000, interval: 100 }
/** The reason of what is random: whichever it happens to meet. */
const ANY = 'any'
const LogLineSchema = z.looseObject({ msg: z.string(), time: z.number(), reason: z.string().optional() })

const layout = {
  v: 1,
  site: 's',
  name: '',
  version: 2,
  timeZone: 'Asia/Shanghai',
  lanes: [{ id: 'l', name: '', kind: 'fire-lane', lengthM: 8 }],
  sections: [{ id: 'a', name: '', lane: 'l', fromM: 0, toM: 8, gateway: 'gw' }],
  slots: [{ id: 'a1', section: 'a', offsetM: 2, device: DEVICE }],
}
const rules = { v: 1, site: 's', version: 1 }
const config = (change: object): string => JSON.stringify({ v: 1, layout, rules, ...change })

const reading = (shortId: number, sequence: number): Frame => ({
  kind: 'state',
  shortId,
  boot: 1,
  sequence,
  timeMs: Date.now(),
  clockSynced: true,
  ackWanted: true,
  retransmission: false,
  backfill: false,
  presence: 'unknown',
  trigger: 'period',
  confidence: 0,
  xNt: 33_000,
  yNt: -3_800,
  zNt: 36_200,
  temperatureC: 20,
  batteryMv: 3_600,
  health: 1,
  tlvs: [],
})
const hello = (shortId: number): Frame => ({
  kind: 'hello',
  shortId,
  boot: 1,
  sequence: 0,
  timeMs: 0,
  clockSynced: false,
  eui: `70b3d57e${shortId.toString(16).padStart(8, '0')}`,
  oldestBoot: 1,
  oldestSequence: 0,
  model: 1,
  hardware: 1,
  firmware: [1, 0, 0],
  part: 1,
  resetCause: 2,
  tlvs: [],
})

/** A body on the wire, with the check value that fits it unless another is given. */
const toWire = (body: Uint8Array, checkValue = crc32c(body)): Uint8Array => {
  const checked = Buffer.concat([body, new Uint8Array(4)])
  checked.writeUInt32LE(checkValue >>> 0, body.length)
  return between(encodeCobs(checked))
}
const between = (bytes: Uint8Array): Uint8Array => Buffer.concat([Buffer.of(0), bytes, Buffer.of(0)])
const GOOD = encodeFrame(reading(toShortId(DEVICE), 0))
const BODY = decodeCobs(GOOD.subarray(1, -1))!.slice(0, -4)
const withByte = (at: number, value: number): Uint8Array =>
  toWire(BODY.map((byte, index) => (index === at ? value : byte)))

/** One bad input after another, of every kind, each with the reason under which it is to be counted. */
const badInputs = (random: () => number): { readonly reason: string; readonly bytes: Uint8Array }[] => {
  const below = (limit: number): number => Math.floor(random() * limit)
  const noise = (length: number): Uint8Array => Uint8Array.from({ length }, () => 1 + below(255))
  const flipped = (): Uint8Array => {
    const at = 2 + below(GOOD.length - 3)
    return GOOD.map((byte, index) => (index === at ? byte ^ (1 << below(8)) || 0xff : byte))
  }
  const kinds: readonly (() => { readonly reason: string; readonly bytes: Uint8Array })[] = [
    () => ({ reason: ANY, bytes: between(noise(1 + below(200))) }),
    () => ({ reason: ANY, bytes: GOOD.subarray(0, 2 + below(GOOD.length - 3)) }),
    () => ({ reason: ANY, bytes: flipped() }),
    () => ({ reason: 'frame-crc', bytes: toWire(BODY, crc32c(BODY) ^ (1 << below(32))) }),
    () => ({ reason: 'frame-too-long', bytes: between(noise(250 + below(600))) }),
    () => ({ reason: 'frame-too-short', bytes: toWire(BODY.subarray(0, 1 + below(17))) }),
    () => ({ reason: 'frame-cobs', bytes: Uint8Array.of(0, 0xfe, 1, 2, 3, 0) }),
    () => ({ reason: 'frame-version', bytes: withByte(0, 0x21 + 16 * below(13)) }),
    () => ({ reason: 'frame-type', bytes: withByte(0, 0x16 + below(10)) }),
    () => ({ reason: 'frame-flags', bytes: withByte(1, 0x10 + below(0xf0)) }),
    () => ({ reason: 'frame-time', bytes: withByte(17, 4 + below(250)) }),
    () => ({ reason: 'frame-tlv', bytes: toWire(Buffer.concat([BODY, Buffer.of(1, 1 + below(200))])) }),
    () => ({
      reason: 'frame-direction',
      bytes: encodeFrame({ ...hello(below(1_000)), kind: 'ack' }),
    }),
    () => ({
      reason: 'sequence-too-far',
      bytes: encodeFrame(reading(toShortId(DEVICE), 1_000_000 + below(1_000_000))),
    }),
  ]
  return Array.from({ length: BAD_PER_BLOCK }, (_, index) => kinds[index % kinds.length]!())
}

/** What a centre may get wrong, by topic. */
const BAD_MESSAGES = [
  { name: 'config', reason: 'config-json', text: '{"v":1,' },
  { name: 'config', reason: 'config-shape', text: '[]' },
  { name: 'config', reason: 'layout-shape', text: config({ layout: { ...layout, slots: 7 } }) },
  {
    name: 'config',
    reason: 'layout-invalid',
    text: config({ layout: { ...layout, version: 9, lanes: [...layout.lanes, ...layout.lanes] } }),
  },
  {
    name: 'config',
    reason: 'layout-invalid',
    text: config({ layout: { ...layout, version: 9, lanes: [] } }),
  },
  {
    name: 'config',
    reason: 'layout-invalid',
    text: config({ layout: { ...layout, version: 9, slots: [{ id: 'a1', section: 'a', offsetM: 9 }] } }),
  },
  { name: 'config', reason: 'rules-shape', text: config({ rules: { ...rules, rules: { onNt: 'much' } } }) },
  { name: 'config', reason: 'rules-invalid', text: config({ rules: { ...rules, lanes: { nowhere: {} } } }) },
  { name: 'config', reason: 'config-older', text: config({ layout: { ...layout, version: 1 } }) },
  { name: 'command', reason: 'command-json', text: 'end it' },
  { name: 'command', reason: 'command-shape', text: '{"v":1,"id":"c","kind":"dance"}' },
  {
    name: 'command',
    reason: 'no-open-episode',
    text: '{"v":1,"id":"c","kind":"end-episode","episode":"e","by":"b","reason":"r"}',
  },
  { name: 'ack', reason: 'ack-json', text: '' },
  { name: 'ack', reason: 'ack-shape', text: '{"v":1,"readings":-1}' },
] as const
/** Acknowledgements, and commands that do not say who asks, have nobody to be answered. */
const ANSWERED = BAD_MESSAGES.filter(({ name, reason }) => name !== 'ack' && reason !== 'command-json')

const rssMb = (pid: number): number =>
  Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1_024

/** The serial server that the gateway connects to; `write` waits while the gateway takes nothing. */
const startSerialServer = async () => {
  let acknowledged = 0
  const { promise: connected, resolve: onConnected } = Promise.withResolvers<Socket>()
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    const deframer = createDeframer()
    socket.on('error', () => undefined)
    socket.on('data', (bytes) =>
      deframer.push(
        bytes,
        (encoded) => {
          const frame = decodeFrame(encoded)
          if (frame.ok && frame.value.kind === 'ack')
            acknowledged = Math.max(acknowledged, frame.value.sequence)
        },
        () => undefined,
      ),
    )
    onConnected(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    acknowledged: () => acknowledged,
    write: async (bytes: Uint8Array): Promise<void> => {
      const socket = await connected
      if (!socket.write(bytes)) await new Promise((resolve) => socket.once('drain', resolve))
    },
    close: async (): Promise<void> => {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

const startCentre = async (brokerPort: number) => {
  const client = await connectAsync(`mqtt://127.0.0.1:${brokerPort}`, {
    username: 'platform',
    password: 'p',
    clientId: 'platform',
  })
  const counters = new Set<number>()
  let health: HealthMessage | undefined
  let accepted = 0
  let refused = 0
  const topic = (name: Parameters<typeof toTopic>[0]['name']) => toTopic({ site: 's', gateway: 'gw', name })
  client.on('message', (from, payload) => {
    const value: unknown = JSON.parse(payload.toString())
    const name = parseTopic(from)?.name
    if (name === 'health') health = HealthMessageSchema.parse(value)
    if (name === 'reply') {
      if (ReplyMessageSchema.parse(value).ok) accepted++
      else refused++
    }
    if (name !== 'telemetry') return
    const { epoch, last, rows } = ReadingsMessageSchema.parse(value)
    for (const { counter } of rows) counters.add(counter)
    client.publish(topic('ack'), JSON.stringify({ v: 1, gateway: 'gw', epoch, readings: last, events: 0 }), {
      qos: 1,
      retain: true,
    })
  })
  await client.subscribeAsync([topic('health'), topic('reply'), topic('telemetry')], { qos: 1 })
  return {
    counters,
    health: () => health,
    accepted: () => accepted,
    refused: () => refused,
    send: (name: 'config' | 'command' | 'ack', text: string) =>
      client.publishAsync(topic(name), text, { qos: 1 }),
    close: () => client.endAsync(),
  }
}

const closes: (() => Promise<unknown> | void)[] = []
afterEach(async () => {
  for (const close of closes.splice(0).reverse()) await close()
})

test('a million bad inputs are counted by reason, and cost the gateway no memory and no good frame', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bad-input-'))
  closes.push(() => rmSync(folder, { recursive: true }))
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
  const serial = await startSerialServer()
  closes.push(() => serial.close())
  const centre = await startCentre(broker.port)
  closes.push(() => centre.close())
  const configFile = join(folder, 'gateway.json')
  writeFileSync(join(folder, 'secret'), 'g')
  writeFileSync(
    configFile,
    JSON.stringify({
      dataDir: join(folder, 'data'),
      site: 's',
      gateway: 'gw',
      links: [{ id: 'tcp', kind: 'tcp', host: '127.0.0.1', port: serial.port }],
      mqtt: {
        url: `mqtt://127.0.0.1:${broker.port}`,
        username: 'gw',
        passwordFile: join(folder, 'secret'),
      },
    }),
  )
  const restarts: string[] = []
  const logFile = join(folder, 'gateway.log')
  const gateway = startChild({
    name: 'gateway',
    entry: join(ROOT, 'gateway/main.ts'),
    configFile,
    logFile,
    cwd: ROOT,
    onRestart: (name, why) => restarts.push(`${name}: ${why}`),
  })
  closes.push(() => gateway.stop())
  await gateway.ready()
  await expect.poll(() => centre.health()?.gateway).toBe('gw')
  await centre.send('config', config({}))
  await expect.poll(() => centre.accepted()).toBe(1)

  const bad = badInputs(createRandom('bad-input'))
  const badBytes = Buffer.concat(bad.map(({ bytes }) => bytes))
  const pid = gateway.pid()!
  let sequence = 0
  let strangers = 0
  let blocks = 0
  /** Resolves when everything before it was taken: the wire keeps its order, and so does the broker. */
  const flood = async (count: number): Promise<void> => {
    for (const last = blocks + count; blocks < last; blocks++) {
      const unknown = Array.from({ length: UNKNOWN_PER_BLOCK }, () => strangers++)
      await serial.write(
        Buffer.concat([
          badBytes,
          ...unknown.flatMap((shortId) => [encodeFrame(hello(shortId)), encodeFrame(reading(shortId, 0))]),
          encodeFrame(reading(toShortId(DEVICE), sequence++)),
        ]),
      )
      await Promise.all(BAD_MESSAGES.map(({ name, text }) => centre.send(name, text)))
    }
    await expect.poll(() => serial.acknowledged(), PATIENCE).toBe(sequence)
    await expect.poll(() => centre.refused(), PATIENCE).toBe(blocks * ANSWERED.length)
  }
  await flood(WARM_UP_BLOCKS)
  const warmMb = rssMb(pid)
  await flood(BLOCKS)
  const grownMb = rssMb(pid) - warmMb
  expect(grownMb, `the gateway had ${warmMb} MB after the warm-up`).toBeLessThan(MAX_GROWTH_MB)
  expect(restarts).toEqual([])

  // Nothing good was lost.
  await expect.poll(() => centre.counters.size, PATIENCE).toBe(sequence)
  expect(Math.max(...centre.counters)).toBe(sequence - 1)

  // Everything bad was counted: at least so often, since noise comes under the reason that it happens to meet.
  const sent = new Map<string, number>()
  for (const { reason } of [...bad, ...BAD_MESSAGES]) sent.set(reason, (sent.get(reason) ?? 0) + blocks)
  sent.delete(ANY)
  const counted = (): Map<string, number> =>
    new Map(centre.health()?.refusals.map(({ reason, count }) => [reason, count]))
  const missing = (): string[] =>
    [...sent].filter(([reason, count]) => (counted().get(reason) ?? 0) < count).map(([reason]) => reason)
  await expect.poll(missing, PATIENCE).toEqual([])
  const all = [...counted().values()].reduce((sum, count) => sum + count, 0)
  expect(all).toBe(blocks * (bad.length + BAD_MESSAGES.length))
  expect(centre.health()).toMatchObject({ layoutVersion: layout.version, rulesVersion: rules.version })
  expect(centre.health()?.unknownDeviceCount).toBeGreaterThanOrEqual(strangers)
  expect(centre.health()?.unknownDevices.length).toBeLessThanOrEqual(MAX_UNKNOWN_LISTED)

  await gateway.stop()
  const refusals = readFileSync(logFile, 'utf8')
    .split('\n')
    .flatMap((line) => (line === '' ? [] : [LogLineSchema.parse(JSON.parse(line))]))
    .filter(({ msg }) => msg === 'refused')
  expect(new Set(refusals.map(({ reason }) => reason))).toEqual(new Set(counted().keys()))
  for (const [index, { reason, time }] of refusals.entries()) {
    const before = refusals.slice(0, index).findLast((one) => one.reason === reason)
    if (before !== undefined) expect(time - before.time, reason).toBeGreaterThan(MINUTE_MS - SLACK_MS)
  }
})
