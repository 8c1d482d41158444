import type { HealthMessage, Refusals } from '@clearlane/protocol'
import type { Clock } from '../clock/clock.ts'
import type { Documents } from '../config/documents.ts'
import type { Decide } from '../decide-port.ts'
import type { Dedupe } from '../dedupe.ts'
import type { Devices } from '../devices.ts'
import type { EventsLog } from '../log/events.ts'
import type { ReadingsLog } from '../log/readings.ts'
import type { LinkStates } from './link-states.ts'
import type { UnknownDevices } from './unknown-devices.ts'

export type HealthParts = {
  readonly gateway: string
  readonly clock: Clock
  readonly documents: () => Documents | undefined
  readonly readings: ReadingsLog
  readonly events: EventsLog
  readonly linkStates: LinkStates
  readonly refusals: Refusals
  readonly decide: Decide
  readonly unknown: UnknownDevices
  readonly devices: Devices
  readonly dedupe: Dedupe
  /** What runs on the box beside the gateway. */
  readonly beside?: () => Pick<HealthMessage, 'lan' | 'nodeRed'>
}

const MAX_DEVICES = 10_000

/** Everything the gateway knows of its own state, for the centre. */
export const toHealthMessage = (parts: HealthParts): HealthMessage => {
  const { gateway, clock, readings, events, linkStates, refusals, decide, unknown, devices, dedupe } = parts
  const documents = parts.documents()
  return {
    v: 1,
    gateway,
    epoch: events.epoch,
    boot: clock.boot,
    atMs: clock.nowMs(),
    clock: clock.isKnown() ? 'gateway' : 'unknown',
    ...(clock.isKnown() && { bootUtcMs: clock.nowMs() - clock.monotonicMs() }),
    layoutVersion: documents?.layout.version ?? 0,
    rulesVersion: documents?.rules.version ?? 0,
    readings: readings.stats(),
    events: events.stats(),
    ...parts.beside?.(),
    links: linkStates.list(),
    refusals: refusals.list(),
    counters: { ...decide.counters() },
    unknownDevices: unknown.list(),
    unknownDeviceCount: unknown.count(),
    devices: [...devices.all()].slice(0, MAX_DEVICES).map((device) => ({
      device: device.device,
      slot: device.slot,
      lastHeardMs: device.lastHeardMs,
      ...(device.batteryMv !== undefined && { batteryMv: device.batteryMv }),
      lowBattery: device.batteryMv !== undefined && device.batteryMv < device.rules.lowBatteryMv,
      ...(device.rssiDbm !== undefined && { rssiDbm: device.rssiDbm }),
      missing: dedupe.missing(device.device),
    })),
  }
}
