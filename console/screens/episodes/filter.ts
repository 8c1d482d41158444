import type { EpisodeState, EpisodeView } from '@clearlane/protocol'
import { EpisodeStateSchema } from '@clearlane/protocol'
import { startOf } from '../../live/state.ts'

/** What the list is narrowed to. Days are the reader's own, `YYYY-MM-DD`, both included. */
export type Filter = {
  readonly lane?: string
  readonly state?: EpisodeState
  readonly fromDay?: string
  readonly toDay?: string
}

/** The filter that an address names; what it does not understand it leaves out. */
export const readFilter = (search: string): Filter => {
  const params = new URLSearchParams(search)
  const lane = params.get('lane')
  const state = EpisodeStateSchema.safeParse(params.get('state'))
  const [fromDay, toDay] = [readDay(params.get('from')), readDay(params.get('to'))]
  return {
    ...(lane !== null && lane !== '' && { lane }),
    ...(state.success && { state: state.data }),
    ...(fromDay !== undefined && { fromDay }),
    ...(toDay !== undefined && { toDay }),
  }
}

/** The part of an address that names a filter; empty where nothing is narrowed. */
export const writeFilter = ({ lane, state, fromDay, toDay }: Filter): string =>
  toSearch({ lane, state, from: fromDay, to: toDay })

/** What the platform is asked for: the same, in its own times. */
export const toQuery = (filter: Filter): Readonly<Record<string, string | undefined>> => {
  const { fromMs, toMs } = toTimes(filter)
  return { lane: filter.lane, state: filter.state, from: fromMs?.toString(), to: toMs?.toString() }
}

/** Given parts, in order, without those that are not set. */
export const toSearch = (parts: Readonly<Record<string, string | undefined>>): string => {
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries(parts)) if (value !== undefined) params.set(name, value)
  const text = params.toString()
  return text === '' ? '' : `?${text}`
}

export const matches = (filter: Filter, view: EpisodeView): boolean => {
  const { fromMs = Number.NEGATIVE_INFINITY, toMs = Number.POSITIVE_INFINITY } = toTimes(filter)
  const startMs = startOf(view)
  return (
    (filter.lane === undefined || filter.lane === view.episode.lane) &&
    isOfState(filter.state, view) &&
    startMs >= fromMs &&
    startMs < toMs
  )
}

/** Whether what has ended can be in the list at all: what is open is known without asking. */
export const wantsEnded = ({ state }: Filter): boolean =>
  state === undefined || state === 'ended' || state === 'alarmed'

const isOfState = (state: EpisodeState | undefined, { episode }: EpisodeView): boolean => {
  const isOpen = episode.end === undefined
  switch (state) {
    case undefined:
      return true
    case 'open':
      return isOpen
    case 'ended':
      return !isOpen
    case 'alarmed':
      return episode.confirmed
    case 'unobserved':
      return isOpen && episode.unobserved
    case 'blocked':
      return isOpen && !episode.unobserved && episode.confirmed
    case 'pre-alarm':
      return isOpen && !episode.unobserved && !episode.confirmed
  }
}

const toTimes = ({ fromDay, toDay }: Filter): { readonly fromMs?: number; readonly toMs?: number } => ({
  ...(fromDay !== undefined && { fromMs: startOfDay(fromDay, 0) }),
  ...(toDay !== undefined && { toMs: startOfDay(toDay, 1) }),
})

/** Midnight of the reader's own clock at the start of the day so many days on. */
const startOfDay = (day: string, daysOn: number): number => {
  const [year = 0, month = 1, date = 1] = day.split('-').map(Number)
  return new Date(year, month - 1, date + daysOn).getTime()
}

export const toDay = (atMs: number): string => {
  const at = new Date(atMs)
  const pad = (value: number, length: number): string => String(value).padStart(length, '0')
  return `${pad(at.getFullYear(), 4)}-${pad(at.getMonth() + 1, 2)}-${pad(at.getDate(), 2)}`
}

const readDay = (text: string | null): string | undefined =>
  text !== null && /^\d{4}-\d{2}-\d{2}$/.test(text) && toDay(startOfDay(text, 0)) === text ? text : undefined
