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
}

/** A device clock this far ahead of a known gateway clock is wrong, not early. */
const MAX_AHEAD_MS = 120_000
/** Devices whose boot time is remembered; one more forgets the one heard least recently. */
const MAX_DEVICES = 20_000

/**
 * A set device clock is taken as it is. An unset one tells only its uptime: its boot is then dated by the smallest
 * difference seen between reception and uptime, since a frame can be late but never early. Whatever an earlier boot
 * kept without a date was before everything that a later one has said.
 */
export const createDeviceClock = (): DeviceClock => {
  /** The newest boot heard of each device, and the latest time at which it can have begun. */
  const newest = new Map<string, { readonly boot: number; bootedMs: number }>()

  /** Takes what a frame tells of its boot; the newest boot of its device. */
  const learn = ({ device, boot }: StampedFrame, bootedMs: number) => {
    const known = newest.get(device)
    if (known !== undefined && known.boot > boot) return known
    if (known?.boot === boot) {
      known.bootedMs = Math.min(known.bootedMs, bootedMs)
      return known
    }
    const entry = { boot, bootedMs }
    newest.delete(device)
    newest.set(device, entry)
    const [oldest] = newest.keys()
    if (newest.size > MAX_DEVICES && oldest !== undefined) newest.delete(oldest)
    return entry
  }

  return {
    stamp: (frame, nowMs, isKnown) => {
      if (frame.synced && (!isKnown || frame.timeMs <= nowMs + MAX_AHEAD_MS)) {
        if (isKnown) learn(frame, frame.timeMs)
        return { eventMs: frame.timeMs, clock: 'device', isRefused: false }
      }
      const isRefused = frame.synced
      if (!isKnown) return { eventMs: undefined, clock: 'unknown', isRefused }
      if (isRefused) return { eventMs: nowMs, clock: 'gateway', isRefused }
      const { boot, bootedMs } = learn(frame, nowMs - frame.timeMs)
      const eventMs = boot === frame.boot ? Math.min(nowMs, bootedMs + frame.timeMs) : bootedMs
      return { eventMs, clock: 'gateway', isRefused }
    },
  }
}
