import type { Presence } from '../reading.ts'
import type { Fault, Result } from '../result.ts'
import { fault, ok } from '../result.ts'
import { crc32c } from './crc32c.ts'
import { decodeCobs, toCobsLength, writeCobs } from './cobs.ts'

/**
 * The frame of our own firmware, version 1. On a wire: `00 | COBS( body | CRC-32C LE ) | 00`; the leading 00
 * flushes line noise. All numbers little-endian, except the EUI-64, which stands as it is printed.
 *
 * ```
 *        0      1       2        6        8            12          16       18
 *       ┌──────┬───────┬────────┬────────┬────────────┬───────────┬────────┬─────────────
 *  all  │ver·ty│ flags │ short  │ boot   │ sequence   │ seconds   │ milli- │ the rest,
 *       │ u8   │ u8    │ id u32 │ u16    │ u32        │ u32       │ s u16  │ by type
 *       └──────┴───────┴────────┴────────┴────────────┴───────────┴────────┴─────────────
 *        18        19      22      25      28         30          32       33
 *       ┌─────────┬───────┬───────┬───────┬──────────┬───────────┬────────┬─────────────
 *  1,2  │presence │ X i24 │ Y i24 │ Z i24 │ temp i16 │ battery   │ health │ TLV…
 *       │·trigger │  nT   │  nT   │  nT   │ 0.01 °C  │ u16 mV    │ u8     │
 *       └─────────┴───────┴───────┴───────┴──────────┴───────────┴────────┴─────────────
 *        18          26       28          32       34         36       39      40     41
 *       ┌───────────┬────────┬───────────┬────────┬──────────┬────────┬───────┬───────┬──────
 *  0    │ EUI-64    │ oldest │ oldest    │ model  │ hardware │firmware│ part  │ reset │ TLV…
 *       │           │ boot   │ sequence  │ u16    │ u16      │ 3 × u8 │ u8    │ cause │
 *       └───────────┴────────┴───────────┴────────┴──────────┴────────┴───────┴───────┴──────
 * ```
 * Type 5 (ACK, gateway to device) ends at 18: every frame of that boot with a sequence below `sequence` is
 * committed; its time is the gateway's.
 */
export const FRAME_VERSION = 1
export const MAX_FRAME_BODY = 240
/** Body, CRC and the byte or two that COBS adds. */
export const MAX_FRAME_ENCODED = MAX_FRAME_BODY + 4 + 2

const TYPE = { hello: 0, state: 1, heartbeat: 2, ack: 5 } as const
const HEADER_LENGTH = 18
const MEASUREMENT_LENGTH = 33
const HELLO_LENGTH = 41

const FLAG_ACK_WANTED = 1
const FLAG_RETRANSMISSION = 2
const FLAG_CLOCK_SYNCED = 4
const FLAG_BACKFILL = 8
const KNOWN_FLAGS = FLAG_ACK_WANTED | FLAG_RETRANSMISSION | FLAG_CLOCK_SYNCED | FLAG_BACKFILL

const PRESENCES = ['unknown', 'vacant', 'occupied', 'fault'] as const satisfies readonly (
  Presence | 'fault'
)[]
const TRIGGERS = ['period', 'change', 'poll', 'boot'] as const

/** A type, length and value; types that a reader does not know are kept and handed on. */
export type Tlv = { readonly type: number; readonly value: Uint8Array }

/** `timeMs` is UTC when `clockSynced`, else milliseconds since the device's boot. */
type Header = {
  readonly shortId: number
  readonly boot: number
  readonly sequence: number
  readonly timeMs: number
  readonly clockSynced: boolean
}

export type MeasurementFrame = Header & {
  readonly kind: 'state' | 'heartbeat'
  readonly ackWanted: boolean
  readonly retransmission: boolean
  readonly backfill: boolean
  readonly presence: (typeof PRESENCES)[number]
  readonly trigger: (typeof TRIGGERS)[number]
  readonly confidence: number
  readonly xNt: number
  readonly yNt: number
  readonly zNt: number
  readonly temperatureC: number
  readonly batteryMv: number
  readonly health: number
  readonly tlvs: readonly Tlv[]
}

/** Sent after boot until answered. `sequence` is that of the device's next reading; it uses up none itself. */
export type HelloFrame = Header & {
  readonly kind: 'hello'
  readonly eui: string
  readonly oldestBoot: number
  readonly oldestSequence: number
  readonly model: number
  readonly hardware: number
  readonly firmware: readonly [number, number, number]
  readonly part: number
  readonly resetCause: number
  readonly tlvs: readonly Tlv[]
}

export type AckFrame = Header & { readonly kind: 'ack' }

export type Frame = MeasurementFrame | HelloFrame | AckFrame

/** The bytes of one frame as they go over a wire, delimiters included. Throws RangeError on a body over 240 bytes. */
export const encodeFrame = (frame: Frame): Uint8Array => {
  const length = writeBody(frame)
  bodyView.setUint32(length, crc32c(body, 0, length), true)
  const checked = body.subarray(0, length + 4)
  const wire = new Uint8Array(toCobsLength(checked.length) + 2)
  return wire.subarray(0, writeCobs(checked, wire, 1) + 1)
}

/** The one frame that is being made: a gateway makes tens of thousands of acknowledgements a second. */
const body = new Uint8Array(MAX_FRAME_BODY + 4)
const bodyView = new DataView(body.buffer)

/** Reads what stood between two delimiters. A misfit is data, with one of the reasons of `docs/WIRE.md`. */
export const decodeFrame = (encoded: Uint8Array): Result<Frame, Fault> => {
  if (encoded.length > MAX_FRAME_ENCODED) {
    return fault('frame-too-long', `${encoded.length} bytes between delimiters, at most ${MAX_FRAME_ENCODED}`)
  }
  const checked = decodeCobs(encoded)
  if (checked === undefined) return fault('frame-cobs', `byte stuffing broken in ${encoded.length} bytes`)
  if (checked.length < HEADER_LENGTH + 4) {
    return fault('frame-too-short', `${checked.length} bytes, at least ${HEADER_LENGTH + 4}`)
  }
  const view = new DataView(checked.buffer, checked.byteOffset, checked.byteLength)
  const length = checked.length - 4
  if (view.getUint32(length, true) !== crc32c(checked, 0, length)) {
    return fault('frame-crc', `check value of ${checked.length} bytes does not fit`)
  }
  return readBody(view, length)
}

const readBody = (view: DataView, length: number): Result<Frame, Fault> => {
  const version = view.getUint8(0) >> 4
  if (version !== FRAME_VERSION)
    return fault('frame-version', `version ${version}, this reader knows ${FRAME_VERSION}`)
  const flags = view.getUint8(1)
  if ((flags & ~KNOWN_FLAGS) !== 0)
    return fault('frame-flags', `flags 0x${flags.toString(16)} has reserved bits set`)
  const milliseconds = view.getUint16(16, true)
  if (milliseconds > 999) return fault('frame-time', `${milliseconds} milliseconds in a second`)
  const header: Header = {
    shortId: view.getUint32(2, true),
    boot: view.getUint16(6, true),
    sequence: view.getUint32(8, true),
    timeMs: view.getUint32(12, true) * 1000 + milliseconds,
    clockSynced: (flags & FLAG_CLOCK_SYNCED) !== 0,
  }
  const type = view.getUint8(0) & 0x0f
  switch (type) {
    case TYPE.state:
    case TYPE.heartbeat:
      return readMeasurement(type === TYPE.state ? 'state' : 'heartbeat', header, flags, view, length)
    case TYPE.hello:
      return readHello(header, view, length)
    case TYPE.ack:
      return ok({ ...header, kind: 'ack' })
    default:
      return fault('frame-type', `type ${type} is not one that this reader knows`)
  }
}

const readMeasurement = (
  kind: 'state' | 'heartbeat',
  header: Header,
  flags: number,
  view: DataView,
  length: number,
): Result<Frame, Fault> => {
  if (length < MEASUREMENT_LENGTH)
    return fault('frame-too-short', `${kind} of ${length} bytes, at least ${MEASUREMENT_LENGTH}`)
  const tlvs = readTlvs(view, MEASUREMENT_LENGTH, length)
  if (!tlvs.ok) return tlvs
  const bits = view.getUint8(18)
  return ok({
    kind,
    shortId: header.shortId,
    boot: header.boot,
    sequence: header.sequence,
    timeMs: header.timeMs,
    clockSynced: header.clockSynced,
    ackWanted: (flags & FLAG_ACK_WANTED) !== 0,
    retransmission: (flags & FLAG_RETRANSMISSION) !== 0,
    backfill: (flags & FLAG_BACKFILL) !== 0,
    presence: PRESENCES[bits & 3]!,
    trigger: TRIGGERS[(bits >> 2) & 3]!,
    confidence: bits >> 4,
    xNt: readInt24(view, 19),
    yNt: readInt24(view, 22),
    zNt: readInt24(view, 25),
    temperatureC: view.getInt16(28, true) / 100,
    batteryMv: view.getUint16(30, true),
    health: view.getUint8(32),
    tlvs: tlvs.value,
  })
}

const readHello = (header: Header, view: DataView, length: number): Result<Frame, Fault> => {
  if (length < HELLO_LENGTH)
    return fault('frame-too-short', `hello of ${length} bytes, at least ${HELLO_LENGTH}`)
  const tlvs = readTlvs(view, HELLO_LENGTH, length)
  if (!tlvs.ok) return tlvs
  return ok({
    ...header,
    kind: 'hello',
    eui: view.getBigUint64(18, false).toString(16).padStart(16, '0'),
    oldestBoot: view.getUint16(26, true),
    oldestSequence: view.getUint32(28, true),
    model: view.getUint16(32, true),
    hardware: view.getUint16(34, true),
    firmware: [view.getUint8(36), view.getUint8(37), view.getUint8(38)],
    part: view.getUint8(39),
    resetCause: view.getUint8(40),
    tlvs: tlvs.value,
  })
}

const NO_TLVS: readonly Tlv[] = []

const readTlvs = (view: DataView, from: number, to: number): Result<readonly Tlv[], Fault> => {
  if (from === to) return ok(NO_TLVS)
  const tlvs: Tlv[] = []
  let at = from
  while (at < to) {
    const end = at + 1 < to ? at + 2 + view.getUint8(at + 1) : to + 1
    if (end > to) return fault('frame-tlv', `the value at byte ${at} reaches beyond the frame's ${to} bytes`)
    tlvs.push({
      type: view.getUint8(at),
      value: new Uint8Array(view.buffer.slice(view.byteOffset + at + 2, view.byteOffset + end)),
    })
    at = end
  }
  return ok(tlvs)
}

const FIXED_LENGTH = {
  ack: HEADER_LENGTH,
  hello: HELLO_LENGTH,
  state: MEASUREMENT_LENGTH,
  heartbeat: MEASUREMENT_LENGTH,
}

/** Writes `body`, and returns its length. */
const writeBody = (frame: Frame): number => {
  const tlvs = frame.kind === 'ack' ? NO_TLVS : frame.tlvs
  let length = FIXED_LENGTH[frame.kind]
  for (const tlv of tlvs) length += 2 + tlv.value.length
  if (length > MAX_FRAME_BODY)
    throw new RangeError(`a frame body has at most ${MAX_FRAME_BODY} bytes, not ${length}`)
  const view = bodyView
  view.setUint8(0, (FRAME_VERSION << 4) | TYPE[frame.kind])
  view.setUint32(2, frame.shortId, true)
  view.setUint16(6, frame.boot, true)
  view.setUint32(8, frame.sequence, true)
  view.setUint32(12, Math.floor(frame.timeMs / 1000), true)
  view.setUint16(16, frame.timeMs % 1000, true)
  let flags = frame.clockSynced ? FLAG_CLOCK_SYNCED : 0
  if (frame.kind === 'hello') writeHello(view, frame)
  if (frame.kind === 'state' || frame.kind === 'heartbeat') {
    writeMeasurement(view, frame)
    if (frame.ackWanted) flags |= FLAG_ACK_WANTED
    if (frame.retransmission) flags |= FLAG_RETRANSMISSION
    if (frame.backfill) flags |= FLAG_BACKFILL
  }
  view.setUint8(1, flags)
  let at = FIXED_LENGTH[frame.kind]
  for (const tlv of tlvs) {
    body[at] = tlv.type
    body[at + 1] = tlv.value.length
    body.set(tlv.value, at + 2)
    at += 2 + tlv.value.length
  }
  return length
}

const writeMeasurement = (view: DataView, frame: MeasurementFrame): void => {
  const presence = PRESENCES.indexOf(frame.presence)
  view.setUint8(18, presence | (TRIGGERS.indexOf(frame.trigger) << 2) | (frame.confidence << 4))
  writeInt24(view, 19, frame.xNt)
  writeInt24(view, 22, frame.yNt)
  writeInt24(view, 25, frame.zNt)
  view.setInt16(28, Math.round(frame.temperatureC * 100), true)
  view.setUint16(30, frame.batteryMv, true)
  view.setUint8(32, frame.health)
}

const writeHello = (view: DataView, frame: HelloFrame): void => {
  view.setBigUint64(18, BigInt(`0x${frame.eui}`), false)
  view.setUint16(26, frame.oldestBoot, true)
  view.setUint32(28, frame.oldestSequence, true)
  view.setUint16(32, frame.model, true)
  view.setUint16(34, frame.hardware, true)
  frame.firmware.forEach((part, index) => view.setUint8(36 + index, part))
  view.setUint8(39, frame.part)
  view.setUint8(40, frame.resetCause)
}

const readInt24 = (view: DataView, at: number): number =>
  view.getUint16(at, true) | (view.getInt8(at + 2) << 16)

const writeInt24 = (view: DataView, at: number, value: number): void => {
  view.setUint16(at, value & 0xffff, true)
  view.setInt8(at + 2, value >> 16)
}
