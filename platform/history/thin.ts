import type { HistorySeries } from './history.ts'

/** Time, field on three axes, temperature. */
export type Sample = readonly [
  atMs: number,
  xNt: number,
  yNt: number,
  zNt: number,
  temperatureC: number | null,
]
const AXES = [1, 2, 3] as const
export type Thinned = Omit<HistorySeries, 'silent'>

/**
 * Thins samples that come in order of time. Of each stretch it keeps those in which an axis is at its lowest or
 * highest, and the last one, so that a line ends where its samples end: at most 7.
 *
 * ```
 *            .  ← highest
 *   . . .  .   .
 *        .       .  ← last
 *     lowest
 * ```
 */
export const createThinning = (options: {
  readonly fromMs: number
  readonly toMs: number
  readonly stretches: number
}) => {
  const { fromMs, toMs, stretches } = options
  const kept: Sample[] = []
  let readings = 0
  let stretch: number | undefined
  let lowest: Sample[] = []
  let highest: Sample[] = []
  let last: Sample | undefined

  const endStretch = (): void => {
    if (last === undefined) return
    const chosen = new Set([...lowest, ...highest, last])
    kept.push(...[...chosen].sort((a, b) => a[0] - b[0]))
  }

  return {
    take: (sample: Sample): void => {
      readings++
      const own = Math.floor(((sample[0] - fromMs) * stretches) / (toMs - fromMs))
      if (own === stretch) {
        for (const axis of AXES) {
          if (sample[axis] < lowest[axis - 1]![axis]) lowest[axis - 1] = sample
          if (sample[axis] > highest[axis - 1]![axis]) highest[axis - 1] = sample
        }
      } else {
        endStretch()
        stretch = own
        lowest = [sample, sample, sample]
        highest = [sample, sample, sample]
      }
      last = sample
    },
    end: (): Thinned => {
      endStretch()
      return {
        readings,
        atMs: kept.map(([atMs]) => atMs),
        xNt: kept.map(([, xNt]) => xNt),
        yNt: kept.map(([, , yNt]) => yNt),
        zNt: kept.map(([, , , zNt]) => zNt),
        temperatureC: kept.map(([, , , , temperatureC]) => temperatureC),
      }
    },
  }
}
