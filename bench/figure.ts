/** One line of the benchmark: a value, what it is compared with in the same run, and what is wanted. */
export type Figure = {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly baseline: number | undefined
  readonly ratio: number | undefined
  readonly target: string
  readonly met: boolean
}

/** Where neither bound is given, the figure is stated and nothing is wanted of it. */
export const toFigure = (
  name: string,
  value: number,
  unit: string,
  target: { readonly atLeast?: number; readonly atMost?: number },
  baseline?: number,
): Figure => ({
  name,
  value: round(value),
  unit,
  baseline: baseline === undefined ? undefined : round(baseline),
  ratio: baseline === undefined || baseline === 0 ? undefined : round(value / baseline),
  target: toText(target),
  met:
    value >= (target.atLeast ?? Number.NEGATIVE_INFINITY) &&
    value <= (target.atMost ?? Number.POSITIVE_INFINITY),
})

const toText = ({ atLeast, atMost }: { readonly atLeast?: number; readonly atMost?: number }): string => {
  if (atLeast !== undefined) return `>= ${round(atLeast)}`
  return atMost === undefined ? 'stated' : `<= ${round(atMost)}`
}

export const percentile = (values: readonly number[], share: number): number => {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}

const round = (value: number): number =>
  Math.abs(value) >= 100 ? Math.round(value) : Math.round(value * 1_000) / 1_000
