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
  target: target.atLeast !== undefined ? `>= ${round(target.atLeast)}` : `<= ${round(target.atMost ?? 0)}`,
  met: target.atLeast !== undefined ? value >= target.atLeast : value <= (target.atMost ?? 0),
})

export const percentile = (values: readonly number[], share: number): number => {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}

const round = (value: number): number =>
  Math.abs(value) >= 100 ? Math.round(value) : Math.round(value * 1_000) / 1_000
