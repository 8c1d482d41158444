/** A stretch of time that a chart shows. Shares run from 0 at its left edge to 1 at its right. */
export type Span = { readonly fromMs: number; readonly toMs: number }

export const MINUTE_MS = 60_000
export const HOUR_MS = 60 * MINUTE_MS
export const DAY_MS = 24 * HOUR_MS

const SHORTEST_MS = MINUTE_MS
/** Twice this is asked for, and the platform gives 92 days at most. */
export const LONGEST_MS = 46 * DAY_MS

export const lengthOf = ({ fromMs, toMs }: Span): number => toMs - fromMs

const timeAt = (span: Span, share: number): number => span.fromMs + share * lengthOf(span)

/** Moved by a share of its own length; later is positive. */
export const shift = (span: Span, share: number): Span => {
  const byMs = Math.round(share * lengthOf(span))
  return { fromMs: span.fromMs + byMs, toMs: span.toMs + byMs }
}

/** `factor` times as long, with the moment at `centre` where it was. */
export const zoom = (span: Span, factor: number, centre = 0.5): Span => {
  const lengthMs = clampLength(lengthOf(span) * factor)
  const fromMs = Math.round(timeAt(span, centre) - centre * lengthMs)
  return { fromMs, toMs: fromMs + lengthMs }
}

/** Two fingers were at the shares `before` and are now at `after`: the moments under them stay under them. */
export const pinch = (
  span: Span,
  before: readonly [number, number],
  after: readonly [number, number],
): Span => {
  const spread = after[1] - after[0]
  const [firstMs, secondMs] = [timeAt(span, before[0]), timeAt(span, before[1])]
  if (Math.abs(spread) < 0.01 || (secondMs - firstMs) * spread <= 0) return span
  const lengthMs = clampLength((secondMs - firstMs) / spread)
  const fromMs = Math.round(firstMs - after[0] * lengthMs)
  return { fromMs, toMs: fromMs + lengthMs }
}

/** Moved back so that it does not end later than `latestMs`: nothing is known of the time to come. */
export const keepBefore = (span: Span, latestMs: number): Span =>
  span.toMs <= latestMs ? span : { fromMs: latestMs - lengthOf(span), toMs: latestMs }

/** With half as much on either side, so that a chart that is dragged has something to show at once. */
export const widen = (span: Span): Span => {
  const halfMs = Math.round(lengthOf(span) / 2)
  return { fromMs: span.fromMs - halfMs, toMs: span.toMs + halfMs }
}

export const isInside = (atMs: number, { fromMs, toMs }: Span): boolean => atMs >= fromMs && atMs <= toMs

const clampLength = (ms: number): number => Math.round(Math.min(LONGEST_MS, Math.max(SHORTEST_MS, ms)))
