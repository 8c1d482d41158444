import type { Reducer } from './reducers.ts'
import type { Flowing, Stage } from './stages.ts'
import type { Window } from './windows.ts'

export type ReduceOptions = {
  /** Undefined where all time is one window. */
  readonly windowOf: ((atUs: number) => Window) | undefined
  readonly createReducer: () => Reducer
  /** The time that a window's points get; undefined leaves them their own. */
  readonly timeOf: ((window: Window | undefined) => number) | undefined
  readonly descending: boolean
}

/** Reduces each window that has points. */
export const createWindowReduction = (
  next: Stage,
  { windowOf, createReducer, timeOf, descending }: ReduceOptions,
): Stage => {
  let window: Window | undefined
  let reducer: Reducer | undefined
  const flush = (): void => {
    if (reducer === undefined) return
    const windowUs = (timeOf ?? (() => window?.startUs ?? 0))(window)
    const points: Flowing[] = reducer
      .end()
      .map((point) => ({ ...point, atUs: timeOf === undefined ? (point.atUs ?? windowUs) : windowUs }))
    points.sort((a, b) => (descending ? b.atUs - a.atUs : a.atUs - b.atUs))
    for (const point of points) next.take(point)
    reducer = undefined
  }
  return {
    take: (point) => {
      if (point.value === undefined) return
      if (windowOf !== undefined)
        if (window === undefined || point.atUs < window.startUs || point.atUs >= window.endUs) {
          flush()
          window = windowOf(point.atUs)
        }
      reducer ??= createReducer()
      reducer.take(point)
    },
    end: () => {
      flush()
      next.end()
    },
  }
}
