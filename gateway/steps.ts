import type { Frame, MeasurementFrame, OldestHeld, Reading, Refusals } from '@clearlane/protocol'
import { encodeFrame, readOldestHeld, readSignal } from '@clearlane/protocol'
import type { OperatorFunction } from 'rxjs'
import { filter, map, Observable, tap } from 'rxjs'
import type { Clock } from './clock/clock.ts'
import type { DeviceClock } from './clock/device-clock.ts'
import type { HeardFrame } from './codecs/own/own-codec.ts'
import { createOwnCodec } from './codecs/own/own-codec.ts'
import type { Dedupe } from './dedupe.ts'
import type { Device, Devices } from './devices.ts'
import type { UnknownDevices } from './health/unknown-devices.ts'
import type { LinkEvent } from './links/link.ts'
import type { ReadingsLog } from './log/readings.ts'

/**
 * The steps of an uplink, one operator each, in the order in which `gateway.ts` lists them. Tens of thousands of
 * readings a second pass through: a step maps or filters, and makes no stream of its own for each of them.
 */

/** A frame with its bytes, in base64, and how it was heard. */
export type Heard = {
  readonly frame: HeardFrame['frame']
  readonly raw: string
  readonly link: string
  readonly receivedMs: number
  readonly monotonicMs: number
  readonly send: (bytes: Uint8Array) => void
}
export type Identified<F extends Frame = HeardFrame['frame']> = Omit<Heard, 'frame'> & {
  readonly frame: F
  readonly device: Device
}
export type Kept = { readonly reading: Reading; readonly row: number; readonly device: Device }

/**
 * Bytes to frames, stamped with when they were heard. Each opening of the port starts with an empty codec. A frame
 * goes its whole way before the next is looked at, so that what is made for it is gone again while it is young.
 */
export const decodeFrames =
  (
    link: string,
    clock: Clock,
    refusals: Refusals,
    onOpen: (link: string) => void,
  ): OperatorFunction<LinkEvent, Heard> =>
  (events$) =>
    new Observable((subscriber) => {
      let send: (bytes: Uint8Array) => void = () => undefined
      const createCodec = () =>
        createOwnCodec(
          ({ frame, raw }) =>
            subscriber.next({
              frame,
              raw: toBase64(raw),
              link,
              receivedMs: clock.nowMs(),
              monotonicMs: clock.monotonicMs(),
              send,
            }),
          ({ reason, detail }) => refusals.refuse(reason, detail),
        )
      let codec = createCodec()
      return events$.subscribe({
        next: (event) => {
          if (event.kind === 'bytes') {
            codec.push(event.bytes)
            return
          }
          send = event.send
          codec = createCodec()
          onOpen(link)
        },
        error: (cause: unknown) => subscriber.error(cause),
        complete: () => subscriber.complete(),
      })
    })

const toBase64 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')

/** Finds the slot that a device stands in. Unknown devices are listed; their readings stay with them until bound. */
export const identify = (devices: Devices, unknown: UnknownDevices): OperatorFunction<Heard, Identified> =>
  mapKnown((heard) => {
    const { frame, raw, link, receivedMs, monotonicMs, send } = heard
    const device = frame.kind === 'hello' ? devices.byEui(frame.eui) : devices.find(frame.shortId)
    const signal = readSignal(frame.tlvs)
    if (device === undefined) {
      unknown.hear(
        {
          shortId: frame.shortId,
          device: frame.kind === 'hello' ? frame.eui : undefined,
          link,
          rssiDbm: signal?.rssiDbm,
        },
        receivedMs,
      )
      return undefined
    }
    device.lastHeardMs = receivedMs
    if (signal !== undefined) device.rssiDbm = signal.rssiDbm
    device.send = send
    if (frame.kind !== 'hello') device.batteryMv = frame.batteryMv
    return { frame, raw, link, receivedMs, monotonicMs, send, device }
  })

/** Maps, and leaves out what maps to nothing. */
const mapKnown =
  <From, To>(project: (value: From) => To | undefined): OperatorFunction<From, To> =>
  (source) =>
    source.pipe(
      map(project),
      filter((value) => value !== undefined),
    )

/** What a device no longer holds will not come: it is counted as missing, and the acknowledgement moves on. */
export const stepOverLost = (dedupe: Dedupe): OperatorFunction<Identified, Identified> =>
  tap(({ frame, device }) => {
    const oldest = oldestHeldOf(frame)
    if (oldest !== undefined) dedupe.skipTo(device.device, oldest.boot, oldest.sequence)
  })

const oldestHeldOf = (frame: HeardFrame['frame']): OldestHeld | undefined =>
  frame.kind === 'hello'
    ? { boot: frame.oldestBoot, sequence: frame.oldestSequence }
    : readOldestHeld(frame.tlvs)

/** A hello is answered at once, with the time and with what is already on disk of this boot. */
export const answerHello = (
  acknowledge: (device: Device, session: number) => void,
): OperatorFunction<Identified, Identified<MeasurementFrame>> =>
  filter((heard): heard is Identified<MeasurementFrame> => {
    const { frame, device } = heard
    if (frame.kind === 'hello') acknowledge(device, frame.boot)
    return frame.kind !== 'hello'
  })

/** One reading, however often and over however many links it comes. A repeat means that our answer was lost. */
export const dropDuplicates = (
  dedupe: Dedupe,
  refusals: Refusals,
  acknowledge: (device: Device, session: number) => void,
): OperatorFunction<Identified<MeasurementFrame>, Identified<MeasurementFrame>> =>
  filter(({ frame, device }) => {
    const seen = dedupe.isNew(device.device, frame.boot, frame.sequence)
    const name = (): string => `${device.device}: boot ${frame.boot}, sequence ${frame.sequence}`
    if (seen === 'too-far') {
      refusals.refuse('sequence-too-far', name())
    } else if (seen === 'past') {
      refusals.refuse('session-past', `${name()}: it said that it holds nothing of that boot; was it wiped?`)
    } else if (seen === 'seen' && dedupe.acknowledged(device.device, frame.boot) > frame.sequence) {
      acknowledge(device, frame.boot)
    }
    return seen === 'new'
  })

/** While the disk is far behind, readings are left with their devices, which send them again. */
export const leaveWhenFull = <F extends Frame>(
  log: Pick<ReadingsLog, 'hasRoom'>,
  refusals: Refusals,
): OperatorFunction<Identified<F>, Identified<F>> =>
  filter(({ device }) => {
    const hasRoom = log.hasRoom()
    if (!hasRoom)
      refusals.refuse('log-full', `${device.device}: the disk is behind; the device keeps its readings`)
    return hasRoom
  })

/** Event time by the device's clock, or by reception where that is not set or cannot be true. */
export const stampTime = (
  clock: Clock,
  deviceClock: DeviceClock,
  refusals: Refusals,
): OperatorFunction<Identified<MeasurementFrame>, { readonly reading: Reading; readonly device: Device }> =>
  map(({ frame, device, link, receivedMs, monotonicMs, raw }) => {
    const {
      eventMs,
      clock: quality,
      isRefused,
    } = deviceClock.stamp(
      {
        device: device.device,
        boot: frame.boot,
        timeMs: frame.timeMs,
        synced: frame.clockSynced,
      },
      receivedMs,
      clock.isKnown(),
    )
    if (isRefused)
      refusals.refuse(
        'device-clock-ahead',
        `${device.device}: its clock says ${frame.timeMs}, it is ${receivedMs}`,
      )
    const reading: { -readonly [Name in keyof Reading]: Reading[Name] } = {
      device: device.device,
      session: frame.boot,
      counter: frame.sequence,
      trigger: frame.trigger,
      receivedMs,
      boot: clock.boot,
      monotonicMs,
      clock: quality,
      backfill: frame.backfill,
      link,
      slot: device.slot,
      section: device.section,
      xNt: frame.xNt,
      yNt: frame.yNt,
      zNt: frame.zNt,
      temperatureC: frame.temperatureC,
      batteryMv: frame.batteryMv,
      health: frame.health,
      raw,
    }
    if (eventMs !== undefined) reading.eventMs = eventMs
    if (device.isForeign) reading.foreign = true
    if (frame.presence === 'occupied' || frame.presence === 'vacant') reading.opinion = frame.presence
    const signal = readSignal(frame.tlvs)
    if (signal !== undefined) Object.assign(reading, signal)
    return { reading, device }
  })

/** Into the open batch of the log, without waiting. */
export const keep = (
  log: Pick<ReadingsLog, 'append'>,
  dedupe: Dedupe,
): OperatorFunction<{ readonly reading: Reading; readonly device: Device }, Kept> =>
  map(({ reading, device }) => {
    const row = log.append(reading)
    dedupe.enter(reading.device, reading.session, reading.counter, row, reading.eventMs)
    return { reading, row, device }
  })

/** The cumulative acknowledgement of one session, carrying the gateway's time when it is known. */
export const toAck = (device: Device, session: number, acknowledged: number, clock: Clock): Uint8Array =>
  encodeFrame({
    kind: 'ack',
    shortId: device.shortId,
    boot: session,
    sequence: acknowledged,
    timeMs: clock.isKnown() ? clock.nowMs() : 0,
    clockSynced: clock.isKnown(),
  })
