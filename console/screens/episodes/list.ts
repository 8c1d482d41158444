import type { EpisodeView } from '@clearlane/protocol'
import { startOf } from '../../live/state.ts'

/**
 * What has ended, as far as it is loaded, newest first. Pages come from below, live changes from above; both may bring
 * what is here already.
 *
 * ```
 *   live ──▶ ┌───────────┐ newest
 *            │  loaded   │
 *   pages ─▶ └───────────┘ ── the edge: what is older is not known yet
 * ```
 */
export type Loaded = {
  readonly ended: readonly EpisodeView[]
  /** Where the next page begins; undefined where everything is loaded or nothing yet. */
  readonly next: string | undefined
  readonly isComplete: boolean
}

export const NOTHING_LOADED: Loaded = { ended: [], next: undefined, isComplete: false }

type Page = { readonly items: readonly EpisodeView[]; readonly next?: string | undefined }

const hasEnded = ({ episode }: EpisodeView): boolean => episode.end !== undefined
const newestFirst = (a: EpisodeView, b: EpisodeView): number =>
  startOf(b) - startOf(a) || compare(b.episode.id, a.episode.id)
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** The next page below. What is open is left out: the live feed has all of it. What is above the edge is here. */
export const addPage = (loaded: Loaded, page: Page): Loaded => {
  const edge = loaded.ended.at(-1)
  const fresh = page.items.filter(
    (view) => hasEnded(view) && (edge === undefined || newestFirst(edge, view) < 0),
  )
  return { ended: [...loaded.ended, ...fresh], next: page.next, isComplete: page.next === undefined }
}

/** Changed episodes take their places. One that is older than the edge waits for its page. */
export const absorb = (
  loaded: Loaded,
  changed: readonly EpisodeView[],
  isWanted: (view: EpisodeView) => boolean,
): Loaded => {
  if (changed.length === 0) return loaded
  const ids = new Set(changed.map((view) => view.episode.id))
  const rest = loaded.ended.filter((view) => !ids.has(view.episode.id))
  const edge = loaded.isComplete ? undefined : loaded.ended.at(-1)
  const fresh = changed
    .filter((view) => hasEnded(view) && isWanted(view))
    .filter((view) => loaded.isComplete || (edge !== undefined && newestFirst(view, edge) <= 0))
    .sort(newestFirst)
  if (fresh.length === 0 && rest.length === loaded.ended.length) return loaded
  return { ...loaded, ended: mergeSorted(fresh, rest), isComplete: loaded.isComplete }
}

/**
 * The newest page again, after the feed was away. Where it does not reach down to what is loaded there is a hole
 * between: then it is all there is.
 */
export const catchUp = (loaded: Loaded, page: Page, isWanted: (view: EpisodeView) => boolean): Loaded => {
  const known = new Set(loaded.ended.map((view) => view.episode.id))
  const reaches = page.next === undefined || page.items.some((view) => known.has(view.episode.id))
  return reaches ? absorb(loaded, page.items, isWanted) : addPage(NOTHING_LOADED, page)
}

/** What the list shows: open ones, the longest first, then what has ended. */
export const toRows = (
  live: Iterable<EpisodeView>,
  loaded: Loaded,
  isWanted: (view: EpisodeView) => boolean,
): readonly EpisodeView[] => {
  const open = [...live]
    .filter((view) => !hasEnded(view) && isWanted(view))
    .sort((a, b) => startOf(a) - startOf(b))
  return [...open, ...loaded.ended]
}

/** Which of the views are not the same objects as before. */
export const findChanged = (
  before: ReadonlyMap<string, EpisodeView>,
  after: ReadonlyMap<string, EpisodeView>,
): EpisodeView[] => [...after.values()].filter((view) => before.get(view.episode.id) !== view)

/**
 * By how many rows what is in sight has moved, so that whoever reads it can be moved along: the middle of what the rows
 * from `first` to `last` say, as one of them may have moved on its own account. 0 where none of them is left.
 */
export const toRowShift = (
  before: readonly EpisodeView[],
  after: readonly EpisodeView[],
  first: number,
  last: number,
): number => {
  const places = new Map(before.slice(first, last + 1).map((view, index) => [view.episode.id, first + index]))
  const shifts = after
    .flatMap((view, index) => {
      const place = places.get(view.episode.id)
      return place === undefined ? [] : [index - place]
    })
    .sort((a, b) => a - b)
  return shifts[Math.floor(shifts.length / 2)] ?? 0
}

const mergeSorted = (fresh: readonly EpisodeView[], rest: readonly EpisodeView[]): EpisodeView[] => {
  const merged: EpisodeView[] = []
  let next = 0
  for (const view of rest) {
    for (let one = fresh[next]; one !== undefined && newestFirst(one, view) <= 0; one = fresh[++next])
      merged.push(one)
    merged.push(view)
  }
  return [...merged, ...fresh.slice(next)]
}
