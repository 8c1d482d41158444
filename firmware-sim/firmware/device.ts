import type { AckFrame, HelloFrame, MeasurementFrame, Signal } from '@clearlane/protocol'
import { encodeFrame, toOldestHeldTlv, toShortId, toSignalTlv } from '@clearlane/protocol'
import type { Vector } from '../world/field.ts'
import type { StoredFrame } from '../store.ts'

/**
 * The firmware of one sensor: samples at 1 Hz, sends on change, at each heartbeat and after boot, and keeps every
 * frame in a ring until the gateway says that it is on disk.
 */
export type Device = {
  readonly device: string
  readonly boot: number
  /** Whether a heartbeat is due, so that the sample is taken although nothing moves. */
  wantsSample(atMs: number): boolean
  /** One sample at domain time `atMs`; the frame it makes, already in the ring. */
  sample(field: Vector, temperatureC: number, atMs: number): RingEntry | undefined
  /** The gateway's answer. Returns the session freed, if anything was. */
  acknowledge(ack: AckFrame, atMs: number): { readonly boot: number; readonly below: number } | undefined
  /** The link is there anew: newest state first, then what was kept, oldest first. */
  connect(wallMs: number): Uint8Array[]
  disconnect(): void
  /** How far its clock is from domain time, once it has been set. The clock runs on through a reset. */
  clockErrorMs(): number | undefined
  /** What is due to be sent now: hello, new frames, backfill within the window, retries. */
  poll(wallMs: number, atMs: number): Uint8Array[]
  unacknowledged(): number
}
export type RingEntry = StoredFrame & { readonly timeMs: number; readonly isNew: true }

export type DeviceOptions = {
  readonly device: string
  readonly boot: number
  readonly ring: readonly StoredFrame[]
  readonly bootedMs: number
  /** What the clock had been set to before this boot; undefined when it had not. */
  readonly clockErrorMs?: number | undefined
  readonly heartbeatMs: number
  readonly part: number
  /** How it hears the gateway's answers. */
  readonly signal: Signal
  /** Domain milliseconds in a wall millisecond: what an answer's journey costs in a fast run. */
  readonly speed: number
}

export const RING_FRAMES = 4_096
/** Frames of the backfill under way at once, so that a full ring does not flood the radio. */
const MAX_IN_FLIGHT = 50
/** A change of the field beyond this is worth a frame: seven times the noise of the noisiest part. */
const CHANGE_NT = 300
/** How long a booted device waits for the time before it sends its first reading undated. Wall time. */
const TIME_WAIT_MS = 10_000
const HELLO_RETRY_MS = [1_000, 3_000, 9_000, 27_000]
/** After so many tries without an answer nobody may know any more who it is: it says hello again. */
const UNANSWERED_TRIES = 3
const RETRY_MS = [3_000, 9_000, 27_000, 60_000]
/** A clock that is off by less is left alone: answers take their time. */
const CLOCK_TOLERANCE_MS = 2_000
const BATTERY_FULL_MV = 3_600
const BATTERY_MV_PER_DAY = 0.05
const DAY_MS = 86_400_000

/** A frame of the ring, and the domain time at which it was made, which an unset clock does not tell. */
type Held = {
  frame: MeasurementFrame
  readonly atMs: number
  sentMs: number | undefined
  tries: number
  isBackfill: boolean
}
/** Reset causes of the hello. */
const POWER_ON = 2
const SYSTEM_RESET = 3

export const createDevice = (options: DeviceOptions): Device => {
  const { device, boot, bootedMs, heartbeatMs, part, speed } = options
  const shortId = toShortId(device)
  const held: Held[] = options.ring.map(({ body }) => ({
    ...fromBody(body),
    sentMs: undefined,
    tries: 0,
    isBackfill: true,
  }))
  let sequence = 0
  let { clockErrorMs } = options
  let lastSent: Vector | undefined
  let lastSentMs = Number.NEGATIVE_INFINITY
  let isConnected = false
  let connectedMs = 0
  let helloTries = 0
  let helloSentMs = Number.NEGATIVE_INFINITY
  let isGreeted = false

  const oldest = (): { boot: number; sequence: number } => {
    const first = held[0]?.frame
    return first === undefined ? { boot, sequence } : { boot: first.boot, sequence: first.sequence }
  }
  const stamp = (atMs: number): { timeMs: number; clockSynced: boolean } =>
    clockErrorMs === undefined
      ? { timeMs: Math.max(0, atMs - bootedMs), clockSynced: false }
      : { timeMs: atMs + clockErrorMs, clockSynced: true }

  const hello = (atMs: number): HelloFrame => {
    const first = oldest()
    return {
      kind: 'hello',
      shortId,
      boot,
      sequence,
      ...stamp(atMs),
      eui: device,
      oldestBoot: first.boot,
      oldestSequence: first.sequence,
      model: 1,
      hardware: 1,
      firmware: [1, 0, 0],
      part,
      resetCause: boot === 1 ? POWER_ON : SYSTEM_RESET,
      tlvs: [toSignalTlv(options.signal)],
    }
  }

  /** What was kept before the clock was set, in whichever boot, is dated as soon as it is: the clock counted all along. */
  const dateHeld = (errorMs: number): void => {
    for (const entry of held) {
      if (entry.frame.clockSynced) continue
      entry.frame = { ...entry.frame, timeMs: entry.atMs + errorMs, clockSynced: true }
    }
  }
  if (clockErrorMs !== undefined) dateHeld(clockErrorMs)

  const send = (entry: Held, wallMs: number): Uint8Array => {
    const bytes = encodeFrame({ ...entry.frame, retransmission: entry.tries > 0, backfill: entry.isBackfill })
    entry.sentMs = wallMs
    entry.tries++
    return bytes
  }
  const isUnanswered = (): boolean => (held[0]?.tries ?? 0) > UNANSWERED_TRIES
  const isDue = (entry: Held, wallMs: number): boolean =>
    entry.sentMs !== undefined &&
    wallMs - entry.sentMs >= RETRY_MS[Math.min(entry.tries, RETRY_MS.length) - 1]!

  return {
    device,
    boot,
    wantsSample: (atMs) => atMs - lastSentMs >= heartbeatMs,
    sample: (field, temperatureC, atMs) => {
      const isChange =
        lastSent !== undefined &&
        Math.hypot(field[0] - lastSent[0], field[1] - lastSent[1], field[2] - lastSent[2]) > CHANGE_NT
      const isDueHeartbeat = atMs - lastSentMs >= heartbeatMs
      if (!isChange && !isDueHeartbeat) return undefined
      const first = held.length >= RING_FRAMES ? held[1]!.frame : (held[0]?.frame ?? { boot, sequence })
      const frame: MeasurementFrame = {
        kind: isChange || lastSent === undefined ? 'state' : 'heartbeat',
        shortId,
        boot,
        sequence: sequence++,
        ...stamp(atMs),
        ackWanted: true,
        retransmission: false,
        backfill: false,
        presence: 'unknown',
        trigger: lastSent === undefined ? 'boot' : isChange ? 'change' : 'period',
        confidence: 0,
        xNt: field[0],
        yNt: field[1],
        zNt: field[2],
        temperatureC,
        batteryMv: Math.round(BATTERY_FULL_MV - (BATTERY_MV_PER_DAY * (atMs - bootedMs)) / DAY_MS),
        health: 1,
        tlvs: isChange ? [] : [toSignalTlv(options.signal), toOldestHeldTlv(first)],
      }
      lastSent = field
      lastSentMs = atMs
      held.push({ frame, atMs, sentMs: undefined, tries: 0, isBackfill: false })
      if (held.length > RING_FRAMES) held.shift()
      const timeMs = frame.clockSynced ? frame.timeMs : atMs
      return { boot, sequence: frame.sequence, body: toBody(frame, atMs), timeMs, isNew: true }
    },
    acknowledge: (ack, atMs) => {
      if (ack.boot === boot) isGreeted = true
      if (ack.clockSynced) {
        // The answer has travelled for a while of wall time: it puts the clock off by that, as it would in the field,
        // and not by the many times longer while of domain time.
        const errorMs = Math.round((ack.timeMs - atMs) / speed)
        if (clockErrorMs === undefined) dateHeld(errorMs)
        if (clockErrorMs === undefined || Math.abs(errorMs - clockErrorMs) > CLOCK_TOLERANCE_MS)
          clockErrorMs = errorMs
      }
      // Whoever had fallen silent answers again: there is no need to wait for the next try.
      if (isUnanswered()) for (const entry of held) Object.assign(entry, { sentMs: undefined, tries: 0 })
      const kept = held.filter(({ frame }) => frame.boot !== ack.boot || frame.sequence >= ack.sequence)
      if (kept.length === held.length) return undefined
      held.splice(0, held.length, ...kept)
      return { boot: ack.boot, below: ack.sequence }
    },
    connect: (wallMs) => {
      isConnected = true
      connectedMs = wallMs
      helloTries = 0
      helloSentMs = Number.NEGATIVE_INFINITY
      const newest = held.at(-1)
      for (const entry of held) {
        entry.sentMs = undefined
        entry.isBackfill = entry !== newest
      }
      return newest === undefined || !isGreeted ? [] : [send(newest, wallMs)]
    },
    disconnect: () => {
      isConnected = false
    },
    clockErrorMs: () => clockErrorMs,
    poll: (wallMs, atMs) => {
      if (!isConnected) return []
      const bytes: Uint8Array[] = []
      const helloDueMs =
        helloSentMs + HELLO_RETRY_MS[Math.min(Math.max(helloTries, 1), HELLO_RETRY_MS.length) - 1]!
      if ((!isGreeted || isUnanswered()) && wallMs >= helloDueMs) {
        helloSentMs = wallMs
        helloTries++
        bytes.push(encodeFrame(hello(atMs)))
      }
      if (!isGreeted && wallMs - connectedMs < TIME_WAIT_MS) return bytes
      const newest = held.at(-1)
      if (newest !== undefined && newest.sentMs === undefined) bytes.push(send(newest, wallMs))
      let inFlight = 0
      for (const entry of held) {
        if (inFlight >= MAX_IN_FLIGHT) break
        if (entry.sentMs === undefined || isDue(entry, wallMs)) bytes.push(send(entry, wallMs))
        inFlight++
      }
      return bytes
    },
    unacknowledged: () => held.length,
  }
}

/** A frame of the ring as text, to be stored, with the domain time at which it was made. */
const toBody = (frame: MeasurementFrame, atMs: number): string =>
  JSON.stringify({ ...frame, tlvs: frame.tlvs.map(({ type, value }) => [type, [...value]]), atMs })

/** The field that a stored frame tells. */
export const fieldOf = (body: string): Vector => {
  const { xNt, yNt, zNt } = fromBody(body).frame
  return [xNt, yNt, zNt]
}

const fromBody = (body: string): { readonly frame: MeasurementFrame; readonly atMs: number } => {
  const { atMs, tlvs, ...frame } = JSON.parse(body) as Omit<MeasurementFrame, 'tlvs'> & {
    readonly tlvs: readonly [number, number[]][]
    readonly atMs: number
  }
  return {
    frame: { ...frame, tlvs: tlvs.map(([type, value]) => ({ type, value: Uint8Array.from(value) })) },
    atMs,
  }
}
