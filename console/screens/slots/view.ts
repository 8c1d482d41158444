import type { Span } from '../../charts/span.ts'
import { DAY_MS, HOUR_MS, lengthOf } from '../../charts/span.ts'

/** How much of the past a button shows. */
export const LENGTHS_MS = { hours: HOUR_MS, day: DAY_MS, week: 7 * DAY_MS, month: 30 * DAY_MS } as const
export type LengthName = keyof typeof LENGTHS_MS

/** What the page looks at: so much up to now, which goes on with time, or a span that stands. */
export type View =
  { readonly kind: 'latest'; readonly lengthMs: number } | { readonly kind: 'fixed'; readonly span: Span }

/** The moment that an address points at. */
export const readAt = (search: string): number | undefined => {
  const text = new URLSearchParams(search).get('at')
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : undefined
}

/** A link's moment with half an hour on either side, else the last day. */
export const toFirstView = (atMs: number | undefined): View =>
  atMs === undefined
    ? { kind: 'latest', lengthMs: DAY_MS }
    : { kind: 'fixed', span: { fromMs: atMs - HOUR_MS / 2, toMs: atMs + HOUR_MS / 2 } }

/** A span that was chosen by hand. Whoever pushes it against now follows now again. */
export const toView = (span: Span, nowMs: number): View =>
  span.toMs >= nowMs ? { kind: 'latest', lengthMs: lengthOf(span) } : { kind: 'fixed', span }

/** The span to show. Now is rounded up to a two hundredth of what is seen, so that time does not ask every second. */
export const toSpan = (view: View, nowMs: number): Span => {
  if (view.kind === 'fixed') return view.span
  const stepMs = Math.max(5_000, Math.round(view.lengthMs / 200))
  const toMs = Math.ceil(nowMs / stepMs) * stepMs
  return { fromMs: toMs - view.lengthMs, toMs }
}
