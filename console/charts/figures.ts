import type { Presence, SlotSeries } from '@clearlane/protocol'
import type { Span } from './span.ts'

/** A field as three axes in nT. */
export type Field = readonly [number, number, number]
type Column = (number | null)[]

/**
 * A series as a chart draws it: columns of equal length, time in seconds, fields in µT. Where the slot was silent
 * stands a row without values, so that no line is drawn across a stretch that nobody has seen.
 */
export type Figures = {
  readonly atS: number[]
  readonly deviation: Column
  readonly axes: readonly [Column, Column, Column]
  readonly baselines: readonly [Column, Column, Column]
  readonly temperature: Column
}

/** `calibration` is the empty field where no change of presence names one. */
export const toFigures = (series: SlotSeries, calibration: Field | undefined): Figures => {
  const { atMs, xNt, yNt, zNt, temperatureC, silent } = series
  const baselineAt = followBaseline(series, calibration)
  const figures: Figures = {
    atS: [],
    deviation: [],
    axes: [[], [], []],
    baselines: [[], [], []],
    temperature: [],
  }
  const add = (timeMs: number, field: Field | undefined, temperature: number | null): void => {
    const baseline = baselineAt(timeMs)
    figures.atS.push(timeMs / 1000)
    figures.deviation.push(
      field === undefined || baseline === undefined ? null : toMicrotesla(distance(field, baseline)),
    )
    for (const axis of [0, 1, 2] as const) {
      figures.axes[axis].push(field === undefined ? null : toMicrotesla(field[axis]))
      figures.baselines[axis].push(baseline === undefined ? null : toMicrotesla(baseline[axis]))
    }
    figures.temperature.push(temperature)
  }
  let gap = 0
  for (const [index, timeMs] of atMs.entries()) {
    for (let next = silent[gap]; next !== undefined && next.fromMs < timeMs; next = silent[++gap])
      add(Math.min(next.fromMs + 1, timeMs - 1), undefined, null)
    add(timeMs, [xNt[index] ?? 0, yNt[index] ?? 0, zNt[index] ?? 0], temperatureC[index] ?? null)
  }
  return figures
}

/** The baseline in force at each moment, asked for in order of time. */
const followBaseline = (
  { presence }: SlotSeries,
  calibration: Field | undefined,
): ((atMs: number) => Field | undefined) => {
  const known = presence.flatMap(({ sinceMs, evidence: { baseline } }) =>
    baseline === undefined ? [] : [{ sinceMs, baseline }],
  )
  let next = 0
  return (atMs) => {
    while ((known[next + 1]?.sinceMs ?? Number.POSITIVE_INFINITY) <= atMs) next++
    return known[next]?.baseline ?? calibration
  }
}

const distance = (a: Field, b: Field): number => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2])

export const toMicrotesla = (nt: number): number => nt / 1000

export type Stretch = Span & { readonly presence: Presence }

/** What was known of the slot, stretch by stretch, within the span of the series. */
export const toStretches = ({ presence, fromMs, toMs }: SlotSeries, nowMs: number): Stretch[] =>
  presence
    .map((change, index) => ({
      presence: change.presence,
      fromMs: Math.max(fromMs, change.sinceMs),
      toMs: Math.min(toMs, nowMs, presence[index + 1]?.sinceMs ?? Number.POSITIVE_INFINITY),
    }))
    .filter((stretch) => stretch.fromMs < stretch.toMs)

/** A span in a few numbers, for whoever cannot see the chart. */
export type Summary = {
  readonly points: number
  readonly highest: { readonly atMs: number; readonly microtesla: number } | undefined
  readonly occupiedMs: number
  readonly unknownMs: number
  readonly silentMs: number
  readonly events: number
}

export const toSummary = (series: SlotSeries, figures: Figures, seen: Span, nowMs: number): Summary => {
  const [fromS, toS] = [seen.fromMs / 1000, seen.toMs / 1000]
  let points = 0
  let highest: Summary['highest']
  for (const [index, atS] of figures.atS.entries()) {
    if (atS < fromS || atS > toS || figures.axes[0][index] === null) continue
    points++
    const microtesla = figures.deviation[index] ?? undefined
    if (microtesla !== undefined && microtesla > (highest?.microtesla ?? -1))
      highest = { atMs: Math.round(atS * 1000), microtesla }
  }
  const stretches = toStretches(series, nowMs)
  const within = (all: readonly Span[]): number =>
    all.reduce(
      (sum, one) => sum + Math.max(0, Math.min(one.toMs, seen.toMs) - Math.max(one.fromMs, seen.fromMs)),
      0,
    )
  return {
    points,
    highest,
    occupiedMs: within(stretches.filter(({ presence }) => presence === 'occupied')),
    unknownMs: within(stretches.filter(({ presence }) => presence === 'unknown')),
    silentMs: within(series.silent),
    events: series.marks.filter(({ atMs }) => atMs >= seen.fromMs && atMs <= seen.toMs).length,
  }
}
