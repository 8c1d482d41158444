import type { Frame, Layout, Reading } from '@clearlane/protocol'
import {
  createDeframer,
  createRefusals,
  decodeFrame,
  encodeFrame,
  RuleSetSchema,
  toShortId,
} from '@clearlane/protocol'
import fc from 'fast-check'
import { Subject } from 'rxjs'
import { expect, test } from 'vitest'
import type { Clock } from './clock/clock.ts'
import { createDedupe } from './dedupe.ts'
import { createDevices } from './devices.ts'
import { startGateway } from './gateway.ts'
import { createLinkStates } from './health/link-states.ts'
import { createUnknownDevices } from './health/unknown-devices.ts'
import type { LinkEvent } from './links/link.ts'
import type { Rows } from './log/outbox.ts'

const DEVICE = '70b3d57ed001a001'
const STRANGER = 0x1234
const NOW_MS = 1_795_521_434_154

const layout: Layout = {
  v: 1,
  site: 's',
  name: '',
  version: 1,
  timeZone: 'Asia/Shanghai',
  lanes: [{ id: 'l', name: '', kind: 'fire-lane', lengthM: 8 }],
  sections: [{ id: 'a', name: '', lane: 'l', fromM: 0, toM: 8, gateway: 'gw' }],
  slots: [{ id: 'a1', section: 'a', offsetM: 2, device: DEVICE }],
}

const header = { boot: 1, timeMs: NOW_MS, clockSynced: true }
const reading = (shortId: number, sequence: number): Frame => ({
  ...header,
  kind: 'state',
  shortId,
  sequence,
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
const hello = (eui: string): Frame => ({
  ...header,
  kind: 'hello',
  shortId: toShortId(eui),
  sequence: 0,
  eui,
  oldestBoot: 1,
  oldestSequence: 0,
  model: 1,
  hardware: 1,
  firmware: [1, 0, 0],
  part: 1,
  resetCause: 2,
  tlvs: [],
})
const frame = (sequence: number): Uint8Array => encodeFrame(reading(toShortId(DEVICE), sequence))

/** The whole flow over one port of the test's own. What was heard is on disk when the test says so. */
const start = () => {
  const port$ = new Subject<LinkEvent>()
  const clock: Clock = {
    boot: 'b',
    nowMs: () => NOW_MS,
    monotonicMs: () => 0,
    isKnown: () => true,
    onKnown: () => undefined,
    createAlarm: () => ({ set: () => undefined, clear: () => undefined }),
  }
  const devices = createDevices('gw')
  devices.configure(layout, RuleSetSchema.parse({ v: 1, site: 's', version: 1 }))
  const kept: Reading[] = []
  const judged: number[] = []
  let onCommit: (rows: Rows) => void = () => undefined
  let acknowledged = 0
  const answers = createDeframer()
  const hearing = startGateway({
    links: [{ id: 'tcp', events$: port$ }],
    clock,
    devices,
    unknown: createUnknownDevices(),
    dedupe: createDedupe(),
    readings: {
      append: (one) => kept.push(one),
      hasRoom: () => true,
      onCommit: (listener) => {
        onCommit = listener
      },
    },
    decide: {
      reading: ({ counter }) => judged.push(counter),
      readingsCommitted: () => undefined,
      configure: () => undefined,
    },
    refusals: createRefusals({ nowMs: clock.nowMs, monotonicMs: () => 0, log: () => undefined }),
    linkStates: createLinkStates(['tcp'], clock.nowMs, () => undefined),
  })
  const send = (bytes: Uint8Array): void =>
    answers.push(
      bytes,
      (encoded) => {
        const answer = decodeFrame(encoded)
        if (answer.ok) acknowledged = Math.max(acknowledged, answer.value.sequence)
      },
      () => expect.unreachable(),
    )
  port$.next({ kind: 'open', send })
  return {
    hear: (bytes: Uint8Array) => port$.next({ kind: 'bytes', bytes }),
    commit: () => onCommit({ first: 1, count: kept.length, json: new Uint8Array() }),
    kept: () => kept.map(({ counter }) => counter),
    judged,
    acknowledged: () => acknowledged,
    stop: () => hearing.unsubscribe(),
  }
}

/** Everything that a wire can carry beside the next good frame of a device that is known. */
const noise = fc.oneof(
  fc.uint8Array({ maxLength: 60 }),
  fc.uint8Array({ maxLength: 60 }).map((bytes) => bytes.map((byte) => byte || 1)),
  fc.integer({ min: 240, max: 900 }).map((length) => new Uint8Array(length).fill(7)),
  fc.constantFrom(
    frame(0),
    encodeFrame(reading(STRANGER, 5)),
    encodeFrame(hello('00000000000000ff')),
    encodeFrame(hello(DEVICE)),
    encodeFrame({ ...hello(DEVICE), kind: 'ack' }),
    frame(4_000_000_000),
  ),
  fc.integer({ min: 1, max: frame(0).length - 1 }).map((length) => frame(0).subarray(0, length)),
  fc
    .tuple(fc.integer({ min: 0, max: frame(0).length - 1 }), fc.integer({ min: 1, max: 255 }))
    .map(([at, bits]) => frame(0).map((byte, index) => (index === at ? byte ^ bits : byte))),
)

test('whatever bytes come, and wherever they are cut, the flow goes on, and each good frame is kept, judged and acknowledged once', () => {
  fc.assert(
    fc.property(
      fc.array(noise, { minLength: 1, maxLength: 30 }),
      fc.array(fc.integer({ min: 1, max: 80 }), { minLength: 1, maxLength: 20 }),
      (noises, cuts) => {
        const gateway = start()
        const stream = Buffer.concat(noises.flatMap((bytes, sequence) => [frame(sequence), bytes]))
        for (let at = 0, turn = 0; at < stream.length; turn++) {
          const length = cuts[turn % cuts.length]!
          gateway.hear(stream.subarray(at, at + length))
          gateway.commit()
          at += length
        }
        const sent = noises.map((_, sequence) => sequence)
        expect(gateway.kept()).toEqual(sent)
        expect(gateway.judged).toEqual(sent)
        expect(gateway.acknowledged()).toBe(sent.length)
        gateway.stop()
      },
    ),
    { numRuns: 300 },
  )
})
