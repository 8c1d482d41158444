import type { Layout, Refusals, RuleSet } from '@clearlane/protocol'
import type { Subscription } from 'rxjs'
import { merge } from 'rxjs'
import type { Clock } from './clock/clock.ts'
import { createDeviceClock } from './clock/device-clock.ts'
import type { Decide } from './decide-port.ts'
import type { Dedupe } from './dedupe.ts'
import type { Device, Devices } from './devices.ts'
import type { LinkStates } from './health/link-states.ts'
import type { UnknownDevices } from './health/unknown-devices.ts'
import type { Link } from './links/link.ts'
import { reopen } from './links/reopen.ts'
import type { ReadingsLog } from './log/readings.ts'
import {
  answerHello,
  decodeFrames,
  dropDuplicates,
  identify,
  keep,
  leaveWhenFull,
  stampTime,
  stepOverLost,
  toAck,
} from './steps.ts'

export type GatewayParts = {
  readonly links: readonly Link[]
  readonly clock: Clock
  readonly devices: Devices
  readonly unknown: UnknownDevices
  readonly dedupe: Dedupe
  readonly readings: Pick<ReadingsLog, 'append' | 'hasRoom' | 'onCommit'>
  readonly decide: Pick<Decide, 'reading' | 'readingsCommitted' | 'configure'>
  readonly refusals: Refusals
  readonly linkStates: LinkStates
}

/** The life of an uplink, in order. */
export const startGateway = (parts: GatewayParts): Subscription => {
  const { links, clock, devices, unknown, dedupe, readings, decide, refusals, linkStates } = parts
  const deviceClock = createDeviceClock()
  const ackOf = (device: Device, session: number): Uint8Array =>
    toAck(device, session, dedupe.acknowledged(device.device, session), clock)
  const acknowledge = (device: Device, session: number): void => device.send?.(ackOf(device, session))

  readings.onCommit(({ first, count }) => {
    const row = first + count - 1
    decide.readingsCommitted(row)
    // A commit answers hundreds of devices: what goes over one link goes in one write.
    const acks = new Map<NonNullable<Device['send']>, Uint8Array[]>()
    for (const { device, session } of dedupe.commit(row)) {
      const known = devices.byEui(device)
      if (known?.send === undefined) continue
      const before = acks.get(known.send)
      if (before === undefined) acks.set(known.send, [ackOf(known, session)])
      else before.push(ackOf(known, session))
    }
    for (const [send, frames] of acks) send(Buffer.concat(frames))
  })

  const heard$ = merge(
    ...links.map((link) =>
      link.events$.pipe(
        reopen((cause) => linkStates.lost(link.id, cause)),
        decodeFrames(link.id, clock, refusals, linkStates.opened),
      ),
    ),
  )
  const kept$ = heard$.pipe(
    identify(devices, unknown),
    stepOverLost(dedupe),
    answerHello(acknowledge),
    dropDuplicates(dedupe, refusals, acknowledge),
    leaveWhenFull(readings, refusals),
    stampTime(clock, deviceClock, refusals),
    keep(readings, dedupe),
  )
  return kept$.subscribe(({ reading, row, device }) => {
    if (!device.isForeign) decide.reading(reading, row)
  })
}

/** A new layout or rule set, from disk at the start or from the centre. */
export const configureGateway = (
  { devices, unknown, decide }: Pick<GatewayParts, 'devices' | 'unknown' | 'decide'>,
  layout: Layout,
  rules: RuleSet,
): void => {
  devices.configure(layout, rules)
  for (const { shortId } of devices.all()) unknown.forget(shortId)
  decide.configure(layout, rules)
}
