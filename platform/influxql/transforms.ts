import type { Flowing, Stage } from './stages.ts'
import { createStream } from './stages.ts'
import type { Window } from './windows.ts'

export type TransformOptions = {
  readonly name: string
  /** The duration or count that the call names, or its default. */
  readonly unit: number
  readonly descending: boolean
}

/** What looks at a value and those before it. A unit of time is in microseconds. */
export const createTransform = (next: Stage, { name, unit, descending }: TransformOptions): Stage => {
  switch (name) {
    case 'difference':
    case 'non_negative_difference':
      return pairs(next, name !== 'difference', (now, before) => Number(now.value) - Number(before.value))
    case 'derivative':
    case 'non_negative_derivative':
      return pairs(next, name !== 'derivative', (now, before) => {
        const elapsedUs = (now.atUs - before.atUs) * (descending ? -1 : 1)
        return (Number(now.value) - Number(before.value)) / (elapsedUs / unit)
      })
    case 'elapsed': {
      let before: Flowing | undefined
      return createStream(next, (point) => {
        const value = before === undefined ? undefined : Math.trunc((point.atUs - before.atUs) / unit)
        before = point
        return value === undefined ? undefined : { atUs: point.atUs, value }
      })
    }
    case 'cumulative_sum': {
      let sum = 0
      return createStream(next, ({ atUs, value }) => {
        sum += Number(value)
        return { atUs, value: sum }
      })
    }
    default:
      return createMovingAverage(next, unit)
  }
}

/** Of two points at the same time the first one counts. */
const pairs = (
  next: Stage,
  isNonNegative: boolean,
  combine: (now: Flowing, before: Flowing) => number,
): Stage => {
  let before: Flowing | undefined
  return createStream(next, (point) => {
    if (before === undefined) {
      before = point
      return undefined
    }
    if (before.atUs === point.atUs) return undefined
    const value = combine(point, before)
    const isFalling = Number(point.value) < Number(before.value)
    before = point
    return isNonNegative && isFalling ? undefined : { atUs: point.atUs, value }
  })
}

const createMovingAverage = (next: Stage, count: number): Stage => {
  const kept: number[] = []
  let place = 0
  let sum = 0
  return createStream(next, ({ atUs, value }) => {
    sum += Number(value) - (kept[place] ?? 0)
    kept[place] = Number(value)
    place = (place + 1) % count
    return kept.length < count ? undefined : { atUs, value: sum / count }
  })
}

export type IntegralOptions = {
  readonly unitUs: number
  /** Undefined where all time is one window. */
  readonly windowOf: ((atUs: number) => Window) | undefined
  readonly descending: boolean
}

/** The area under the points, straight between them, cut where a window ends and another begins. */
export const createIntegral = (next: Stage, { unitUs, windowOf, descending }: IntegralOptions): Stage => {
  const edges = (atUs: number): { start: number; end: number } | undefined => {
    const window = windowOf?.(atUs)
    if (window === undefined) return undefined
    const { startUs, endUs } = window
    return descending ? { start: endUs, end: startUs } : { start: startUs, end: endUs }
  }
  type Place = { readonly atUs: number; readonly value: number }
  const area = (from: Place, to: Place): number =>
    0.5 * (to.value + from.value) * ((to.atUs - from.atUs) / unitUs)
  let sum = 0
  let before: Place | undefined
  let window: { start: number; end: number } | undefined
  return {
    take: ({ atUs, value }) => {
      if (value === undefined) return
      const now = { atUs, value: Number(value) }
      if (before === undefined) window = edges(atUs)
      else if (before.atUs !== atUs) {
        if (window !== undefined && (descending ? atUs <= window.end : atUs >= window.end)) {
          if (before.atUs !== window.end) {
            const slope = (now.value - before.value) / (atUs - before.atUs)
            const border = { atUs: window.end, value: slope * (window.end - before.atUs) + before.value }
            sum += area(before, border)
            before = border
          }
          next.take({ atUs: window.start, value: sum })
          window = edges(atUs)
          sum = 0
        }
        sum += area(before, now)
      }
      before = now
    },
    end: () => {
      const startUs = window?.start ?? 0
      if (before !== undefined && before.atUs !== startUs) next.take({ atUs: startUs, value: sum })
      next.end()
    },
  }
}
