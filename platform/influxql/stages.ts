import type { Value } from './point-source.ts'

/** A value on its way through a query. Without a value it stands for a window that has none. */
export type Flowing = {
  readonly atUs: number
  readonly value: Value | undefined
  /** The cells of the point that it was, for the fields that are selected beside it. */
  readonly cells?: readonly (Value | undefined)[] | undefined
}
/** Takes values in order of time, and hands on what it makes of them. */
export type Stage = { take(point: Flowing): void; end(): void }

/** Takes and gives one after the other, as a difference does. */
export const createStream = (next: Stage, step: (point: Flowing) => Flowing | undefined): Stage => ({
  take: (point) => {
    if (point.value === undefined) return
    const made = step(point)
    if (made !== undefined) next.take(made)
  },
  end: next.end,
})

/** One page of what comes. */
export const createPage = (next: Stage, limit: number, offset: number): Stage => {
  let count = 0
  return {
    take: (point) => {
      count++
      if (count > offset && (limit === 0 || count <= offset + limit)) next.take(point)
    },
    end: next.end,
  }
}
