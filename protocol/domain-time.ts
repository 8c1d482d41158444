import { z } from 'zod'

/**
 * Domain time of a run: `startMs` at wall time `anchorMs`, then `speed` times as fast until it has caught up
 * with the wall clock, then the wall clock itself. The real world is `speed` 1 with `startMs` = `anchorMs`.
 *
 * ```
 *  domain │            ,-'  1×
 *         │         ,-'
 *         │       /      speed×
 *   start │     /
 *         └────┼────────────── wall
 *            anchor
 * ```
 */
export const DomainTimeSchema = z.object({
  anchorMs: z.int().describe('wall clock, ms UTC'),
  startMs: z.int().describe('domain time at the anchor, ms UTC'),
  speed: z.number().min(1).max(10_000),
})
export type DomainTime = Readonly<z.infer<typeof DomainTimeSchema>>

/** Domain time in ms UTC at a wall time in ms UTC. */
export const toDomainMs = ({ anchorMs, startMs, speed }: DomainTime, wallMs: number): number => {
  const fastMs = startMs + (wallMs - anchorMs) * speed
  return speed > 1 && fastMs < wallMs ? fastMs : speed > 1 ? wallMs : startMs + (wallMs - anchorMs)
}

/** Wall milliseconds from `wallMs` until the domain clock shows `domainMs`; 0 when it already does. */
export const wallDelayMs = (time: DomainTime, wallMs: number, domainMs: number): number => {
  const nowMs = toDomainMs(time, wallMs)
  if (domainMs <= nowMs) return 0
  if (time.speed === 1) return domainMs - nowMs
  const catchUpWallMs = (time.anchorMs * time.speed - time.startMs) / (time.speed - 1)
  const dueWallMs = time.anchorMs + (domainMs - time.startMs) / time.speed
  return Math.max(0, (dueWallMs <= catchUpWallMs ? dueWallMs : domainMs) - wallMs)
}
