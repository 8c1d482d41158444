import { spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createBroker } from '@clearlane/broker/broker.ts'
import { createIdentities, hashSecret } from '@clearlane/broker/identities.ts'
import type { MeasurementFrame } from '@clearlane/protocol'
import { createDeframer, decodeFrame, encodeFrame, RuleSetSchema, toShortId } from '@clearlane/protocol'
import { connectAsync } from 'mqtt'
import { expect, test } from 'vitest'
import { ROOT } from './testing-estate.ts'

const DEVICE = '70b3d57ed001a001'
const EMPTY = { xNt: 33_000, yNt: -3_800, zNt: 36_200 }
const layout = {
  v: 1,
  site: 's',
  name: 'Test',
  version: 1,
  timeZone: 'Asia/Shanghai',
  lanes: [{ id: 'north', name: 'North', kind: 'fire-lane', lengthM: 8 }],
  sections: [{ id: 'a', name: 'A', lane: 'north', fromM: 0, toM: 8, gateway: 'gw' }],
  slots: [
    {
      id: 'a1',
      section: 'a',
      offsetM: 2,
      device: DEVICE,
      calibration: { ...EMPTY, temperatureC: 20, atMs: 1 },
    },
  ],
}
const rules = RuleSetSchema.parse({ v: 1, site: 's', version: 1, rules: { holdOffMs: 0 } })

/** One reading after another, each waiting for its acknowledgement, under strace: the calls in their order. */
const trace = async (gatewayRoom: string): Promise<string[]> => {
  const folder = mkdtempSync(join(tmpdir(), 'strace-'))
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
  const centre = await connectAsync(`mqtt://127.0.0.1:${broker.port}`, {
    username: 'platform',
    password: 'p',
    clientId: 'platform',
  })
  let events = 0
  const { promise: uplinkUp, resolve: onUplinkUp } = Promise.withResolvers<void>()
  centre.on('message', (topic) => {
    if (topic.endsWith('/active')) onUplinkUp()
    else events++
  })
  await centre.subscribeAsync(['cl/v1/s/+/episode', 'cl/v1/s/+/active'], { qos: 1 })

  const acknowledged = new Set<number>()
  const { promise: connected, resolve: onConnected } = Promise.withResolvers<Socket>()
  const server = createServer((socket) => {
    const deframer = createDeframer()
    socket.on('error', () => undefined)
    socket.on('data', (bytes) =>
      deframer.push(
        bytes,
        (encoded) => {
          const frame = decodeFrame(encoded)
          if (frame.ok && frame.value.kind === 'ack') acknowledged.add(frame.value.sequence)
        },
        () => undefined,
      ),
    )
    onConnected(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0

  const dataDir = join(folder, 'data')
  mkdirSync(dataDir)
  writeFileSync(join(dataDir, 'site.json'), JSON.stringify({ layout, rules }))
  writeFileSync(join(folder, 'secret'), 'g')
  writeFileSync(
    join(folder, 'gateway.json'),
    JSON.stringify({
      dataDir,
      site: 's',
      gateway: 'gw',
      links: [{ id: 'tcp', kind: 'tcp', host: '127.0.0.1', port }],
      mqtt: { url: `mqtt://127.0.0.1:${broker.port}`, username: 'gw', passwordFile: join(folder, 'secret') },
      log: { commitEveryMs: 20 },
    }),
  )
  const calls = join(folder, 'calls')
  const strace = spawn(
    'strace',
    [
      '-f',
      '-yy',
      '-s',
      '64',
      '-e',
      'trace=fdatasync,fsync,pwrite64,write,writev',
      '-e',
      'signal=none',
      '-o',
      calls,
      process.execPath,
      join(gatewayRoom, 'main.ts'),
      '--config',
      join(folder, 'gateway.json'),
    ],
    { stdio: 'ignore' },
  )
  const socket = await connected
  await uplinkUp
  const READINGS = 12
  for (let sequence = 0; sequence < READINGS; sequence++) {
    const frame: MeasurementFrame = {
      kind: 'state',
      shortId: toShortId(DEVICE),
      boot: 1,
      sequence,
      timeMs: Date.now(),
      clockSynced: true,
      ackWanted: true,
      retransmission: false,
      backfill: false,
      presence: 'unknown',
      trigger: 'change',
      confidence: 0,
      ...EMPTY,
      zNt: EMPTY.zNt + (sequence % 2) * 8_000,
      temperatureC: 20,
      batteryMv: 3_600,
      health: 1,
      tlvs: [],
    }
    socket.write(encodeFrame(frame))
    await expect.poll(() => acknowledged.has(sequence + 1), { timeout: 10_000, interval: 5 }).toBe(true)
  }
  await expect.poll(() => events, { timeout: 10_000 }).toBeGreaterThanOrEqual(READINGS)
  const ended = new Promise((resolve) => strace.once('exit', resolve))
  // Strace itself takes no signals while it traces; it ends with what it traces.
  for (const pid of readFileSync(`/proc/${strace.pid}/task/${strace.pid}/children`, 'utf8')
    .trim()
    .split(' ')) {
    process.kill(Number(pid), 'SIGTERM')
  }
  await ended
  await centre.endAsync()
  await broker.close()
  socket.destroy()
  server.close()
  const lines = readFileSync(calls, 'utf8')
    .split('\n')
    .map((line) => line.replace(`:${port}]`, ':LINK]'))
  rmSync(folder, { recursive: true, force: true })
  return lines
}

/** What left the gateway although what it speaks of was written and not yet synced. */
const findEarly = (
  lines: readonly string[],
): { readonly early: string[]; readonly acks: number; readonly events: number } => {
  const unsynced = { readings: false, events: false }
  const early: string[] = []
  let acks = 0
  let events = 0
  const syncing = new Map<string, 'readings' | 'events'>()
  for (const line of lines) {
    const thread = line.split(' ')[0]!
    const resumed = /sync resumed>\) +=/.test(line) ? syncing.get(thread) : undefined
    if (resumed !== undefined && line.endsWith('= 0')) unsynced[resumed] = false
    for (const log of ['readings', 'events'] as const) {
      if (!line.includes(`${log}.sqlite-wal>`)) continue
      if (line.includes('pwrite64(')) unsynced[log] = true
      // A sync counts once it has returned, perhaps on a later line of its thread.
      if (/f(data)?sync\(/.test(line)) syncing.set(thread, log)
      if (/f(data)?sync\(/.test(line) && line.includes('= 0')) unsynced[log] = false
    }
    if (/write\(\d+<TCP:.*:LINK\]/.test(line)) {
      acks++
      if (unsynced.readings) early.push(line)
    } else if (/writev?\(\d+<TCP:/.test(line) && line.includes('/episode')) {
      events++
      if (unsynced.events) early.push(line)
    }
  }
  return { early, acks, events }
}

test('everything is synced to disk before a device is acknowledged and before an event leaves', async () => {
  const { early, acks, events } = findEarly(await trace(join(ROOT, 'gateway')))
  expect(acks).toBeGreaterThanOrEqual(12)
  expect(events).toBeGreaterThanOrEqual(5)
  expect(early).toEqual([])
})

test('a build that does not sync is found out', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'no-sync-'))
  const room = join(folder, 'gateway')
  cpSync(join(ROOT, 'gateway'), room, { recursive: true, filter: (path) => !path.includes('node_modules') })
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  for (const worker of ['readings-worker.ts', 'events-worker.ts']) {
    const file = join(room, 'log', worker)
    const text = readFileSync(file, 'utf8')
    expect(text).toContain('synchronous = FULL')
    writeFileSync(file, text.replace('synchronous = FULL', 'synchronous = OFF'))
  }
  const { early } = findEarly(await trace(room))
  expect(early.length).toBeGreaterThan(10)
  rmSync(folder, { recursive: true })
})
