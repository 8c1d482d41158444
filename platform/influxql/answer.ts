import type { Cell } from './evaluation.ts'

/** One series of an answer. A cell of time is in microseconds and always the first, where there is one. */
export type SeriesAnswer = {
  readonly name?: string | undefined
  readonly tags?: Readonly<Record<string, string>> | undefined
  readonly columns: readonly string[]
  readonly rows: readonly (readonly Cell[])[]
  readonly hasTime: boolean
  /** The zone in which times are written that are not numbers. */
  readonly timezone?: string | undefined
}
