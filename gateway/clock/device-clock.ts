import type { ClockQuality } from '@clearlane/protocol'

/** Event time of a frame, and whose clock it rests on. */
export type Stamp = {
  readonly eventMs: number | undefined
  readonly clock: ClockQuality
  readonly isRefused: boolean
}

export type DeviceClock = {
  /**
   * Dates one frame. `timeMs` is the frame's: UTC if `synced`, else milliseconds since the device's boot.
   * Without a known gateway clock an unset device is not dated at all.
   */
  stamp(frame: StampedFrame, nowMs: number, isKnown: boolean): Stamp
}
type StampedFrame = {
  readonly device: string
  readonly boot: number
  readonly timeMs: number
  readonly synced: boolean
  readonly backfill: boolean
}

/** A device clock this far ahead of a known gateway clock is wrong, not early. */
const MAX_AHEAD_MS = 120_000
/** Devices whose boot time is remembered; one more forgets the one heard least recently. */
const MAX_DEVICES = 20_000

/**
 * A set device clock is taken as it is. An unset one tells only its uptime: its boot is then dated by the smallest
 * difference seen between reception and uptime, since a frame can be late but never early.
 */
export const createDeviceClock = (): DeviceClock => {
  const boots = new Map<string, { readonly boot: number; bootedMs: number }>()

  const bootedMs = ({ device, boot, timeMs, backfill }: StampedFrame, nowMs: number): number => {
    const known = boots.get(device)
    const seenMs = nowMs - timeMs
    if (known === undefined || known.boot !== boot) {
      boots.delete(device)
      boots.set(device, { boot, bootedMs: seenMs })
      const [oldest] = boots.keys()
      if (boots.size > MAX_DEVICES && oldest !== undefined) boots.delete(oldest)
      return seenMs
    }
    if (!backfill) known.bootedMs = Math.min(known.bootedMs, seenMs)
    return known.bootedMs
  }

  return {
    stamp: (frame, nowMs, isKnown) => {
      if (frame.synced && (!isKnown || frame.timeMs <= nowMs + MAX_AHEAD_MS)) {
        return { eventMs: frame.timeMs, clock: 'device', isRefused: false }
      }
      const isRefused = frame.synced
      if (!isKnown) return { eventMs: undefined, clock: 'unknown', isRefused }
      if (isRefused) return { eventMs: nowMs, clock: 'gateway', isRefused }
      return { eventMs: Math.min(nowMs, bootedMs(frame, nowMs) + frame.timeMs), clock: 'gateway', isRefused }
    },
  }
}
