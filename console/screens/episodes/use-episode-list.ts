import type { EpisodeView } from '@clearlane/protocol'
import { EpisodeViewSchema } from '@clearlane/protocol'
import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { ask } from '../../live/ask.ts'
import { useConsole } from '../../live/use-console.ts'
import { toItems } from '../../live/items.ts'
import type { Filter } from './filter.ts'
import { matches, toQuery, toSearch, wantsEnded } from './filter.ts'
import type { Loaded } from './list.ts'
import { absorb, addPage, catchUp, findChanged, NOTHING_LOADED, toRows } from './list.ts'

const PAGE_ROWS = 200
const PageSchema = toItems(EpisodeViewSchema)

export type EpisodeList = {
  readonly rows: readonly EpisodeView[]
  readonly isComplete: boolean
  readonly isFailed: boolean
  /** Asks for the next page, unless one is on its way. */
  readonly more: () => void
}

/** What was loaded when the list was last left: whoever comes back from an episode finds it as it was. */
let left: { readonly path: string; readonly loaded: Loaded } | undefined

/** The rows of a filter: open ones from the live feed, ended ones page by page, kept up to date by the feed. */
export const useEpisodeList = (filter: Filter): EpisodeList => {
  const { state } = useConsole()
  const live = useRef(state.episodes)
  live.current = state.episodes
  const path = toSearch(toQuery(filter))
  const [loaded, setLoaded] = useState<Loaded>(left?.path === path ? left.loaded : NOTHING_LOADED)
  const latest = useRef(loaded)
  latest.current = loaded
  const [isFailed, setFailed] = useState(false)
  const isBusy = useRef(false)
  const isWanted = useCallback((view: EpisodeView) => matches(filter, view), [filter])
  const pathOf = useCallback(
    (cursor: string | undefined): string => {
      const query = { ...toQuery(filter), limit: String(PAGE_ROWS), cursor }
      // Without a kind only ended ones are asked for: the open ones are here already.
      return `/episodes${toSearch({ ...query, state: filter.state ?? 'ended' })}`
    },
    [filter],
  )
  const load = useCallback(
    async (
      cursor: string | undefined,
      add: typeof addPage | typeof catchUp,
      signal: AbortSignal | undefined,
    ): Promise<void> => {
      if (isBusy.current) return
      isBusy.current = true
      const atRequest = live.current
      const answer = await ask(pathOf(cursor), PageSchema, signal === undefined ? {} : { signal })
      isBusy.current = false
      if (signal?.aborted === true) return
      setFailed(answer.kind !== 'answer')
      if (answer.kind !== 'answer') return
      const { items, next } = answer.value
      const page = { items: items.filter(isWanted), next }
      // What changed while the page was on its way is newer than the page.
      const changed = findChanged(atRequest, live.current)
      setLoaded((before) => absorb(add(before, page, isWanted), changed, isWanted))
    },
    [isWanted, pathOf],
  )

  useEffect(() => {
    isBusy.current = false
    const known = left?.path === path && left.loaded.ended.length > 0 ? left.loaded : undefined
    setLoaded(known ?? (wantsEnded(filter) ? NOTHING_LOADED : { ...NOTHING_LOADED, isComplete: true }))
    setFailed(false)
    if (!wantsEnded(filter)) return undefined
    const abort = new AbortController()
    void load(undefined, known === undefined ? addPage : catchUp, abort.signal)
    return () => {
      abort.abort()
      left = { path, loaded: latest.current }
    }
  }, [filter, path, load])

  const before = useRef(state.episodes)
  useEffect(() => {
    const changed = findChanged(before.current, state.episodes)
    before.current = state.episodes
    if (wantsEnded(filter)) setLoaded((known) => absorb(known, changed, isWanted))
  }, [state.episodes, filter, isWanted])

  const wasConnected = useRef(state.isConnected)
  useEffect(() => {
    const isBack = state.isConnected && !wasConnected.current
    wasConnected.current = state.isConnected
    if (isBack && wantsEnded(filter)) void load(undefined, catchUp, undefined)
  }, [state.isConnected, filter, load])

  const rows = useMemo(
    () => toRows(state.episodes.values(), loaded, isWanted),
    [state.episodes, loaded, isWanted],
  )
  return {
    rows,
    isComplete: loaded.isComplete,
    isFailed,
    more: () => {
      if (!loaded.isComplete) void load(loaded.next, addPage, undefined)
    },
  }
}
