import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Reading } from '@clearlane/protocol'
import { createRefusals, encodeFrame, RuleSetSchema, toShortId } from '@clearlane/protocol'
import { Subject } from 'rxjs'
import { expect, test } from 'vitest'
import { createDedupe } from './dedupe.ts'
import { createDevices } from './devices.ts'
import { startGateway } from './gateway.ts'
import { createLinkStates } from './health/link-states.ts'
import { createUnknownDevices } from './health/unknown-devices.ts'
import type { LinkEvent } from './links/link.ts'

// RSS swings by tens of megabytes with the size that V8 gives its young generation; what is kept after a collection
// does not.
setFlagsFromString('--expose_gc')
const collect = runInNewContext('gc') as () => void

const DEVICE = '70b3d57ed001a001'
const MILLION = 1_000_000
const MAX_GROWTH_MB = 5

const frame = (shortId: number, sequence: number) =>
  encodeFrame({
    kind: 'state',
    shortId,
    boot: 1,
    sequence,
    timeMs: 1_795_521_434_154,
    clockSynced: true,
    ackWanted: true,
    retransmission: false,
    backfill: false,
    presence: 'unknown',
    trigger: 'change',
    confidence: 0,
    xNt: 1,
    yNt: 2,
    zNt: 3,
    temperatureC: 20,
    batteryMv: 3_600,
    health: 1,
    tlvs: [],
  })

test('a million bad inputs and a hundred thousand unknown devices are counted by reason, cost no memory and no good frame', async () => {
  const port$ = new Subject<LinkEvent>()
  const devices = createDevices('gw')
  devices.configure(
    {
      v: 1,
      site: 's',
      name: '',
      version: 1,
      timeZone: 'Asia/Shanghai',
      lanes: [{ id: 'l', name: '', kind: 'fire-lane', lengthM: 8 }],
      sections: [{ id: 'a', name: '', lane: 'l', fromM: 0, toM: 8, gateway: 'gw' }],
      slots: [{ id: 'a1', section: 'a', offsetM: 2, device: DEVICE }],
    },
    RuleSetSchema.parse({ v: 1, site: 's', version: 1 }),
  )
  const unknown = createUnknownDevices()
  const logged: string[] = []
  const refusals = createRefusals({
    nowMs: () => 0,
    monotonicMs: () => performance.now(),
    log: ({ reason }) => logged.push(reason),
  })
  const nowMs = (): number => 1_795_521_434_154
  const clock = {
    boot: 'b',
    nowMs,
    monotonicMs: () => 0,
    isKnown: () => true,
    onKnown: () => undefined,
    createAlarm: () => ({ set: () => undefined, clear: () => undefined }),
  }
  const kept: Reading[] = []
  const log = {
    append: (reading: Reading) => kept.push(reading),
    hasRoom: () => true,
    onCommit: () => undefined,
  }
  const hearing = startGateway({
    links: [{ id: 'tcp', events$: port$ }],
    clock,
    devices,
    unknown,
    dedupe: createDedupe(),
    readings: log as unknown as Parameters<typeof startGateway>[0]['readings'],
    decide: { reading: () => undefined } as unknown as Parameters<typeof startGateway>[0]['decide'],
    refusals,
    linkStates: createLinkStates(['tcp'], nowMs, () => undefined),
  })
  port$.next({ kind: 'open', send: () => undefined })

  const good = frame(toShortId(DEVICE), 0)
  const flipped = Uint8Array.from(good, (byte, index) => (index === 9 ? byte ^ 0x10 || 1 : byte))
  const otherVersion = Uint8Array.from([0, 3, 0x21, 4, 0])
  const bad = [
    flipped,
    good.subarray(0, 20),
    new Uint8Array(400).fill(9),
    otherVersion,
    Uint8Array.from([0, 9, 1, 0]),
  ]
  const feed = (bytes: Uint8Array): void => port$.next({ kind: 'bytes', bytes })
  const keptMb = (): number => {
    collect()
    const { heapUsed, external } = process.memoryUsage()
    return (heapUsed + external) / 1024 ** 2
  }
  for (let count = 0; count < 500_000; count++) feed(bad[count % bad.length]!)
  for (let count = 0; count < 50_000; count++) feed(frame(count, 0))
  const before = keptMb()
  for (let count = 0; count < MILLION; count++) feed(bad[count % bad.length]!)
  for (let count = 0; count < 100_000; count++) feed(frame(count, 0))
  await new Promise((resolve) => setImmediate(resolve))
  expect(keptMb() - before).toBeLessThan(MAX_GROWTH_MB)

  for (let sequence = 0; sequence < 100; sequence++)
    feed(Buffer.concat([bad[sequence % bad.length]!, frame(toShortId(DEVICE), sequence)]))
  expect(kept.map(({ counter }) => counter)).toEqual(Array.from({ length: 100 }, (_, index) => index))
  const counted = Object.fromEntries(refusals.list().map(({ reason, count }) => [reason, count]))
  expect(counted['frame-crc']).toBeGreaterThan(100_000)
  expect(counted['frame-too-long']).toBeGreaterThan(100_000)
  expect(unknown.count()).toBeGreaterThanOrEqual(100_000)
  expect(unknown.list().length).toBeLessThanOrEqual(200)
  expect(logged.length).toBeLessThan(20)
  hearing.unsubscribe()
})
