import type { AckFrame, Frame, MeasurementFrame } from '@clearlane/protocol'
import { decodeFrame, readOldestHeld, readSignal, toShortId } from '@clearlane/protocol'
import { describe, expect, test } from 'vitest'
import type { Device } from './device.ts'
import { createDevice, RING_FRAMES } from './device.ts'

const EUI = '70b3d57ed001a007'
const FIELD = [33_000, -3_800, 36_200] as const
const CAR = [33_000, -3_800, 44_000] as const
const BOOTED_MS = 1_000_000

const create = (over: Partial<Parameters<typeof createDevice>[0]> = {}): Device =>
  createDevice({
    device: EUI,
    boot: 3,
    ring: [],
    bootedMs: BOOTED_MS,
    heartbeatMs: 30_000,
    part: 2,
    signal: { rssiDbm: -87.3, snrDb: 6.5 },
    speed: 1,
    ...over,
  })
const read = (bytes: readonly Uint8Array[]): Frame[] =>
  bytes.map((one) => {
    const frame = decodeFrame(one.subarray(1, -1))
    if (!frame.ok) throw new Error(frame.fault.detail)
    return frame.value
  })
const readings = (bytes: readonly Uint8Array[]) =>
  read(bytes).filter(
    (frame): frame is MeasurementFrame => frame.kind === 'state' || frame.kind === 'heartbeat',
  )
const ack = (sequence: number, over: Partial<AckFrame> = {}): AckFrame => ({
  kind: 'ack',
  shortId: toShortId(EUI),
  boot: 3,
  sequence,
  timeMs: 9_000_000,
  clockSynced: true,
  ...over,
})
/** A device that has been greeted and has sent its first reading. */
const greeted = (over: Partial<Parameters<typeof createDevice>[0]> = {}): Device => {
  const device = create(over)
  device.connect(0)
  device.poll(0, BOOTED_MS)
  device.acknowledge(ack(0), BOOTED_MS)
  device.sample(FIELD, 20, BOOTED_MS)
  return device
}

describe('after boot', () => {
  test('says hello until it is answered, and nothing else before', () => {
    const device = create()
    device.connect(0)
    device.sample(FIELD, 20, BOOTED_MS)
    const kinds = [0, 500, 1_000, 2_000, 3_000, 5_000].map((wallMs) =>
      read(device.poll(wallMs, BOOTED_MS)).map(({ kind }) => kind),
    )
    expect(kinds).toEqual([['hello'], [], ['hello'], [], [], ['hello']])
    device.acknowledge(ack(0), BOOTED_MS)
    expect(read(device.poll(5_050, BOOTED_MS)).map(({ kind }) => kind)).toEqual(['state'])
  })

  test('dates what it kept once it knows the time', () => {
    const device = create()
    device.connect(0)
    device.sample(FIELD, 20, BOOTED_MS + 1_500)
    device.poll(0, BOOTED_MS + 1_500)
    device.acknowledge(ack(0, { timeMs: 9_000_000 }), BOOTED_MS + 2_000)
    expect(readings(device.poll(50, BOOTED_MS + 2_000))).toMatchObject([
      { clockSynced: true, timeMs: 8_999_500, trigger: 'boot' },
    ])
  })
})

describe('after a reset, through which its clock runs on', () => {
  const stored = (device: Device, atMs: number) => {
    const { boot, sequence, body } = device.sample(CAR, 20, atMs)!
    return { boot, sequence, body }
  }

  test('dates at once, when the clock had been set before', () => {
    const before = greeted()
    expect(before.clockErrorMs()).toBe(9_000_000 - BOOTED_MS)
    const device = create({ boot: 4, bootedMs: BOOTED_MS + 60_000, clockErrorMs: before.clockErrorMs() })
    expect(device.sample(FIELD, 20, BOOTED_MS + 61_000)).toMatchObject({ boot: 4, timeMs: 9_061_000 })
  })

  test('dates what earlier boots kept, once the clock is set', () => {
    const ring = [stored(create(), BOOTED_MS + 5_000)]
    const device = create({ boot: 4, bootedMs: BOOTED_MS + 60_000, ring })
    device.connect(0)
    device.poll(0, BOOTED_MS + 61_000)
    device.acknowledge(ack(0, { boot: 4, timeMs: 9_061_000 }), BOOTED_MS + 61_000)
    expect(readings(device.poll(50, BOOTED_MS + 61_000))).toMatchObject([
      { boot: 3, clockSynced: true, timeMs: 9_005_000 },
    ])
  })
})

test('the journey of an answer puts the clock of a device off by as much in a fast run as in the field', () => {
  const device = create({ speed: 60 })
  device.connect(0)
  device.poll(0, BOOTED_MS)
  device.acknowledge(ack(0, { timeMs: BOOTED_MS }), BOOTED_MS + 60 * 100)
  expect(device.sample(FIELD, 20, BOOTED_MS + 10_000)).toMatchObject({ timeMs: BOOTED_MS + 9_900 })
})

describe('a reading', () => {
  test('is sent on change and at each heartbeat, and has no opinion on presence', () => {
    const device = greeted()
    expect(device.sample(FIELD, 20, BOOTED_MS + 1_000)).toBeUndefined()
    expect(device.sample(CAR, 20, BOOTED_MS + 2_000)).toMatchObject({ sequence: 1 })
    expect(device.sample(CAR, 20, BOOTED_MS + 31_000)).toBeUndefined()
    expect(device.sample(CAR, 20, BOOTED_MS + 32_000)).toMatchObject({ sequence: 2 })
    const frames = readings(device.poll(60, BOOTED_MS + 32_000))
    expect(frames.map(({ kind, trigger, presence }) => [kind, trigger, presence])).toEqual([
      ['heartbeat', 'period', 'unknown'],
      ['state', 'boot', 'unknown'],
      ['state', 'change', 'unknown'],
    ])
    expect(readOldestHeld(frames[0]!.tlvs)).toEqual({ boot: 3, sequence: 0 })
    expect(readSignal(frames[0]!.tlvs)).toEqual({ rssiDbm: -87.3, snrDb: 6.5 })
  })

  test('is kept until it is acknowledged, cumulatively and for its own boot only', () => {
    const device = greeted()
    for (let second = 1; second <= 5; second++)
      device.sample(second % 2 ? CAR : FIELD, 20, BOOTED_MS + second * 1_000)
    expect(device.unacknowledged()).toBe(6)
    expect(device.acknowledge(ack(9, { boot: 2 }), BOOTED_MS)).toBeUndefined()
    expect(device.acknowledge(ack(4), BOOTED_MS)).toEqual({ boot: 3, below: 4 })
    expect(device.unacknowledged()).toBe(2)
  })

  test('that nobody acknowledges is sent again, equal but for its flag', () => {
    const device = greeted()
    const [first] = readings(device.poll(60, BOOTED_MS)) as [MeasurementFrame]
    expect(readings(device.poll(2_000, BOOTED_MS))).toEqual([])
    const [again] = readings(device.poll(3_100, BOOTED_MS)) as [MeasurementFrame]
    expect(again).toEqual({ ...first, retransmission: true })
  })

  test('that nobody answers makes it say hello again, since it may have been forgotten', () => {
    const device = greeted()
    const kinds = [0, 3, 12, 39, 99, 130].map((seconds) =>
      read(device.poll(seconds * 1_000 + 60, BOOTED_MS)).map(({ kind }) => kind),
    )
    expect(kinds).toEqual([['state'], ['state'], ['state'], ['state'], ['hello', 'state'], ['hello']])
    device.acknowledge(ack(0), BOOTED_MS)
    expect(read(device.poll(131_000, BOOTED_MS)).map(({ kind }) => kind)).toEqual(['state'])
    device.acknowledge(ack(1), BOOTED_MS)
    expect(device.poll(300_000, BOOTED_MS)).toEqual([])
  })

  test('overwrites the oldest when the ring is full, and the heartbeat says so', () => {
    const device = greeted({ heartbeatMs: 1_000 })
    for (let count = 1; count < RING_FRAMES + 10; count++) device.sample(FIELD, 20, BOOTED_MS + count * 1_000)
    expect(device.unacknowledged()).toBe(RING_FRAMES)
    const newest = readings(device.poll(60, BOOTED_MS))[0]!
    expect(newest.sequence).toBe(RING_FRAMES + 9)
    expect(readOldestHeld(newest.tlvs)).toEqual({ boot: 3, sequence: 10 })
  })
})

test('after a lost link the newest state goes first, then the backfill, oldest first, fifty under way', () => {
  const device = greeted()
  device.disconnect()
  for (let second = 1; second <= 100; second++)
    device.sample(second % 2 ? CAR : FIELD, 20, BOOTED_MS + second * 1_000)
  const frames = readings([...device.connect(10_000), ...device.poll(10_000, BOOTED_MS)])
  expect(frames[0]).toMatchObject({ sequence: 100, backfill: false })
  expect(frames.slice(1).map(({ sequence }) => sequence)).toEqual(
    Array.from({ length: 50 }, (_, index) => index),
  )
  expect(frames.slice(1).every(({ backfill }) => backfill)).toBe(true)
  device.acknowledge(ack(50), BOOTED_MS)
  expect(readings(device.poll(10_050, BOOTED_MS))[0]).toMatchObject({ sequence: 50, backfill: true })
})
