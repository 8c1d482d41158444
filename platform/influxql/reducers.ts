import type { Budget } from './budget.ts'
import type { Value } from './point-source.ts'
import type { Flowing } from './stages.ts'

/** Makes few points of the many in a window. What has no time of its own gets its window's. */
export type Reducer = { take(point: Flowing): void; end(): readonly Reduced[] }
export type Reduced = Omit<Flowing, 'atUs'> & { readonly atUs?: number | undefined }

/** How a function reduces a window; its second argument if it has one. */
export const createReducer = (
  name: string,
  argument: number,
  budget: Budget,
  descending: boolean,
): Reducer => {
  switch (name) {
    case 'count':
      return fold((count) => count + 1)
    case 'sum':
      return fold((sum, value) => sum + value)
    case 'mean':
      return createMean()
    case 'min':
      return pick((a, b) => compareValues(a, b) < 0, isEarlier)
    case 'max':
      return pick((a, b) => compareValues(a, b) > 0, isEarlier)
    case 'first':
      return pick(isEarlier, isGreater)
    case 'last':
      return pick((a, b) => b.atUs < a.atUs, isGreater)
    case 'spread':
      return createSpread()
    case 'distinct':
      return createDistinct(budget, descending)
    default:
      return ofAll(budget, REDUCTIONS[name] ?? (() => []), argument)
  }
}

const fold = (step: (sum: number, value: number) => number): Reducer => {
  let sum = 0
  return { take: ({ value }) => (sum = step(sum, Number(value))), end: () => [{ value: sum }] }
}

const createMean = (): Reducer => {
  let sum = 0
  let count = 0
  return {
    take: ({ value }) => {
      sum += Number(value)
      count++
    },
    end: () => [{ value: sum / count }],
  }
}

const createSpread = (): Reducer => {
  let min = Number.POSITIVE_INFINITY
  let max = Number.NEGATIVE_INFINITY
  return {
    take: ({ value }) => {
      min = Math.min(min, Number(value))
      max = Math.max(max, Number(value))
    },
    end: () => [{ value: max - min }],
  }
}

/** False before true, numbers by size, texts by their letters. */
const order = (a: Value, b: Value): number => (a < b ? -1 : a > b ? 1 : 0)
const compareValues = (a: Flowing, b: Flowing): number => order(a.value ?? 0, b.value ?? 0)
type IsBetter = (candidate: Flowing, best: Flowing) => boolean
const isEarlier: IsBetter = (a, b) => a.atUs < b.atUs
const isGreater: IsBetter = (a, b) => compareValues(a, b) > 0

/** The best point; of equally good ones the one that wins the tie. */
const pick = (isBetter: IsBetter, winsTie: IsBetter): Reducer => {
  let best: Flowing | undefined
  return {
    take: (point) => {
      if (best === undefined || isBetter(point, best)) best = point
      else if (!isBetter(best, point) && winsTie(point, best)) best = point
    },
    end: () => (best === undefined ? [] : [best]),
  }
}

const createDistinct = (budget: Budget, descending: boolean): Reducer => {
  const found = new Map<Value | undefined, Flowing>()
  return {
    take: (point) => {
      if (found.has(point.value)) return
      budget.hold(1)
      found.set(point.value, point)
    },
    end: () => {
      budget.hold(-found.size)
      const points = [...found.values()].map(({ atUs, value }) => ({ atUs, value }))
      points.sort((a, b) => a.atUs - b.atUs || order(a.value ?? 0, b.value ?? 0))
      return descending ? points.reverse() : points
    },
  }
}

/** What can only be said of all values at once, and holds them until then. */
const ofAll = (
  budget: Budget,
  reduce: (points: Flowing[], argument: number) => readonly Reduced[],
  argument: number,
): Reducer => {
  const points: Flowing[] = []
  return {
    take: (point) => {
      budget.hold(1)
      points.push(point)
    },
    end: () => {
      budget.hold(-points.length)
      return reduce(points, argument)
    },
  }
}

const numberAt = (points: readonly Flowing[], index: number): number => Number(points[index]?.value)

const REDUCTIONS: Readonly<Record<string, (points: Flowing[], argument: number) => readonly Reduced[]>> = {
  median: (points) => {
    points.sort(compareValues)
    const half = Math.floor(points.length / 2)
    const high = numberAt(points, half)
    if (points.length % 2 === 1) return [{ value: high }]
    const low = numberAt(points, half - 1)
    return [{ value: low + (high - low) / 2 }]
  },
  percentile: (points, percentile) => {
    points.sort(compareValues)
    const point = points[Math.floor((points.length * percentile) / 100 + 0.5) - 1]
    return point === undefined ? [] : [point]
  },
  stddev: (points) => {
    if (points.length < 2) return [{ value: Number.NaN }]
    let mean = 0
    for (const [index, { value }] of points.entries()) mean += (Number(value) - mean) / (index + 1)
    const squares = points.reduce((sum, { value }) => sum + (Number(value) - mean) ** 2, 0)
    return [{ value: Math.sqrt(squares / (points.length - 1)) }]
  },
  mode: (points) => {
    if (typeof points[0]?.value === 'boolean') {
      const trues = points.filter(({ value }) => value === true).length
      return [{ value: trues * 2 >= points.length }]
    }
    return [{ value: mostFrequent(points.sort(compareValues)) }]
  },
  top: (points, count) => points.sort((a, b) => compareValues(b, a) || a.atUs - b.atUs).slice(0, count),
  bottom: (points, count) => points.sort((a, b) => compareValues(a, b) || a.atUs - b.atUs).slice(0, count),
}

/** Of equally frequent ones the one that came first; where none comes twice, the smallest, as in InfluxDB. */
const mostFrequent = (sorted: readonly Flowing[]): Value | undefined => {
  let most = { value: sorted[0]?.value, atUs: sorted[0]?.atUs ?? 0, count: 0 }
  let current = { ...most }
  for (const { value, atUs } of sorted) {
    if (value !== current.value) {
      current = { value, atUs, count: 1 }
      continue
    }
    current.count++
    const isLess = most.count > current.count || (most.count === current.count && current.atUs > most.atUs)
    if (!isLess) most = { value, atUs, count: current.count }
  }
  return most.value
}
