import type { DomainTime } from '@clearlane/protocol'
import { toDomainMs } from '@clearlane/protocol'

export type RunTimeOptions = {
  readonly wallMs: number
  readonly speed: number
  /** Wall milliseconds that the run is to last; undefined runs until it is stopped. */
  readonly forMs: number | undefined
  /** Domain time reached by an earlier run over the same data; undefined on the first. */
  readonly reachedMs: number | undefined
}

const DAY_MS = 86_400_000

/**
 * Domain time of a run. It ends at now: with a length it starts so far back that it arrives at its end, without one
 * a day back. It never goes behind what an earlier run has reached, and never ahead of the wall clock.
 */
export const toRunTime = ({ wallMs, speed, forMs, reachedMs }: RunTimeOptions): DomainTime => {
  if (speed === 1) return { anchorMs: wallMs, startMs: wallMs, speed }
  const backMs = forMs === undefined ? DAY_MS : Math.round(forMs * (speed - 1))
  const startMs = Math.min(wallMs, Math.max(wallMs - backMs, reachedMs ?? Number.NEGATIVE_INFINITY))
  return { anchorMs: wallMs, startMs, speed }
}

/** What a run has reached when it ends at a wall time. */
export const reachedAt = (time: DomainTime, wallMs: number): number => Math.floor(toDomainMs(time, wallMs))
