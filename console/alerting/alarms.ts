import type { EpisodeView, LiveEvent } from '@clearlane/protocol'

/**
 * Which alarms nobody has seen, and whether the page sounds. Pure: what the feed says, what somebody does here and how
 * the time passes go in.
 *
 * ```
 *  confirmed, blocks, not known before ──▶ unseen, sounds ──▶ silenced here, or 10 min passed ──▶ unseen, quiet
 *  confirmed at the first hello          ──▶ unseen, quiet ──▶ seen by anybody, or ended ──▶ gone
 * ```
 */
export type Alarms = {
  readonly hasHello: boolean
  /** Open episodes that have blocked as confirmed ones: none of them sounds a second time. */
  readonly known: ReadonlySet<string>
  readonly unseen: ReadonlyMap<string, UnseenAlarm>
  /** Said here to have been seen; the server may not know yet. */
  readonly noted: ReadonlySet<string>
}
export type UnseenAlarm = { readonly view: EpisodeView; readonly soundsUntilMs: number }

export type AlarmInput =
  | { readonly kind: 'live'; readonly event: LiveEvent; readonly counterMs: number }
  | { readonly kind: 'silenced' }
  | { readonly kind: 'noted'; readonly episodes: readonly string[] }

/** How old an alarm may be at the first look, in domain time, and still sound. */
const NEW_WITHIN_MS = 60_000
/** A page that nobody answers falls silent in the end; its title and its bar go on saying what is unseen. */
export const MAX_SOUND_MS = 600_000
const SILENT = Number.NEGATIVE_INFINITY

export const createAlarms = (noted: readonly string[]): Alarms => ({
  hasHello: false,
  known: new Set(),
  unseen: new Map(),
  noted: new Set(noted),
})

export const stepAlarms = (alarms: Alarms, input: AlarmInput): Alarms => {
  switch (input.kind) {
    case 'silenced':
      return {
        ...alarms,
        unseen: new Map([...alarms.unseen].map(([id, { view }]) => [id, { view, soundsUntilMs: SILENT }])),
      }
    case 'noted': {
      const unseen = new Map(alarms.unseen)
      for (const id of input.episodes) unseen.delete(id)
      return { ...alarms, unseen, noted: new Set([...alarms.noted, ...input.episodes]) }
    }
    case 'live':
      return hear(alarms, input.event, input.counterMs)
  }
}

/** What the page does about it at a moment of the phone's counter. */
export const toAlert = (
  { unseen }: Alarms,
  counterMs: number,
): { readonly isSounding: boolean; readonly unseen: readonly EpisodeView[] } => {
  const all = [...unseen.values()]
  return {
    isSounding: all.some(({ soundsUntilMs }) => counterMs < soundsUntilMs),
    unseen: all.map(({ view }) => view),
  }
}

/** The page's title: how many alarms nobody has seen stands first, where a narrow tab still shows it. */
export const toTitle = (
  unseen: number,
  words: { readonly title: string; readonly alarms: string },
): string => (unseen === 0 ? words.title : `(${unseen}) ${words.alarms} · ${words.title}`)

const hear = (alarms: Alarms, event: LiveEvent, counterMs: number): Alarms => {
  switch (event.kind) {
    case 'hello': {
      const open = new Set(
        event.episodes.flatMap(({ episode }) => (episode.end === undefined ? [episode.id] : [])),
      )
      const isOpen = (id: string): boolean => open.has(id)
      // What is no longer told of has ended while nobody listened.
      const kept: Alarms = {
        ...alarms,
        hasHello: true,
        known: new Set([...alarms.known].filter(isOpen)),
        unseen: new Map([...alarms.unseen].filter(([id]) => isOpen(id))),
        noted: new Set([...alarms.noted].filter(isOpen)),
      }
      return event.episodes.reduce(
        (next, view) =>
          hearEpisode(next, view, counterMs, alarms.hasHello || isNew(view, event.nowMs), !alarms.hasHello),
        kept,
      )
    }
    case 'episode':
      return hearEpisode(alarms, event.episode, counterMs, true, false)
    case 'section':
    case 'gateway':
    case 'heard':
    case 'layout':
    case 'note':
    case 'alive':
      return alarms
  }
}

const isNew = ({ episode, confirmedReceivedMs }: EpisodeView, nowMs: number): boolean =>
  nowMs - (confirmedReceivedMs ?? episode.confirmedMs ?? Number.NEGATIVE_INFINITY) < NEW_WITHIN_MS

const hearEpisode = (
  alarms: Alarms,
  view: EpisodeView,
  counterMs: number,
  maySound: boolean,
  isFirstLook: boolean,
): Alarms => {
  const { episode } = view
  const { id } = episode
  if (episode.end !== undefined) return forget(alarms, id)
  if (!episode.confirmed) return alarms
  // One that nobody can see any more does not page; should it be seen to block again, it does.
  if (episode.unobserved && !alarms.known.has(id) && !isFirstLook) return alarms
  const unseen = new Map(alarms.unseen)
  const before = unseen.get(id)
  if (view.seen.length > 0 || alarms.noted.has(id)) unseen.delete(id)
  else if (before !== undefined) unseen.set(id, { ...before, view })
  else if (!alarms.known.has(id)) {
    // A two-wheeler is a task of lower priority, not a page.
    const sounds = maySound && !view.late && !episode.unobserved && episode.suspect !== 'two-wheeler'
    unseen.set(id, { view, soundsUntilMs: sounds ? counterMs + MAX_SOUND_MS : SILENT })
  }
  return { ...alarms, unseen, known: new Set(alarms.known).add(id) }
}

const forget = (alarms: Alarms, id: string): Alarms => {
  if (!alarms.known.has(id) && !alarms.noted.has(id)) return alarms
  const [known, unseen, noted] = [new Set(alarms.known), new Map(alarms.unseen), new Set(alarms.noted)]
  for (const one of [known, unseen, noted]) one.delete(id)
  return { ...alarms, known, unseen, noted }
}
