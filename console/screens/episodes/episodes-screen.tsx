import type { EpisodeView } from '@clearlane/protocol'
import { EpisodeStateSchema } from '@clearlane/protocol'
import { useWindowVirtualizer } from '@tanstack/react-virtual'
import { Empty } from 'antd-mobile'
import { memo, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react'
import { Link, useLocation, useSearch } from 'wouter'
import { startOf } from '../../live/state.ts'
import { useConsole } from '../../live/use-console.ts'
import { Tap } from '../../parts/tap.tsx'
import { isOnWayBack } from '../../parts/way-back.ts'
import { ROUTES, toEpisode } from '../../routes.ts'
import type { Language } from '../../words/language.ts'
import { localeOf, useLanguage, useWords } from '../../words/language.ts'
import { shapeOf, STATE_WORDS, styleOf, toStatus } from '../../words/states.ts'
import { toAge, toShortMoment } from '../../words/time.ts'
import './episodes.css'
import type { Filter } from './filter.ts'
import { readFilter, toDay, toSearch, writeFilter } from './filter.ts'
import { toRowShift } from './list.ts'
import type { EpisodeList } from './use-episode-list.ts'
import { useEpisodeCount } from './use-episode-count.ts'
import { useEpisodeList } from './use-episode-list.ts'
import { EPISODES_WORDS } from './words.ts'

/** As high as a row is drawn by the style; every row alike, so that 100,000 need not be measured. */
const ROW_PX = 88
const OVERSCAN_ROWS = 10
/** So many rows before the end the next page is asked for. */
const AHEAD_ROWS = 150
const DAY_MS = 86_400_000

/** Every episode that the address asks for: open ones first, the longest on top, then what has ended. */
export const EpisodesScreen = () => {
  const search = useSearch()
  const [, go] = useLocation()
  const words = useWords(EPISODES_WORDS)
  const { state, nowMs } = useConsole()
  const filter = useMemo(() => readFilter(search), [search])
  const list = useEpisodeList(filter)
  const isNarrowed = writeFilter(filter) !== ''
  const narrow = (next: Filter): void => go(`${ROUTES.episodes}${writeFilter(next)}`)
  return (
    <section className="episodes" aria-label={words.title}>
      <h1>{words.title}</h1>
      <FilterBar filter={filter} onChange={narrow} nowMs={nowMs} />
      <Count filter={filter} rows={list.rows} />
      <Rows list={list} key={writeFilter(filter)} />
      {list.rows.length === 0 && list.isComplete && state.heard !== undefined && (
        <Empty description={isNarrowed ? words.noneHere : words.none} />
      )}
      {isNarrowed && list.rows.length === 0 && list.isComplete && (
        <Tap onClick={() => narrow({})}>{words.reset}</Tap>
      )}
    </section>
  )
}

const FilterBar = ({
  filter,
  onChange,
  nowMs,
}: {
  readonly filter: Filter
  readonly onChange: (filter: Filter) => void
  readonly nowMs: number | undefined
}) => {
  const words = useWords(EPISODES_WORDS)
  const { state } = useConsole()
  const lanes = new Map([...state.sections.values()].map(({ lane, laneName }) => [lane, laneName]))
  const { lane, state: kind, fromDay, toDay: untilDay } = filter
  const set = (change: { readonly [Key in keyof Filter]?: Filter[Key] | undefined }): void => {
    const next = { ...filter, ...change }
    onChange(readFilter(toSearch({ lane: next.lane, state: next.state, from: next.fromDay, to: next.toDay })))
  }
  const since = (days: number): string | undefined =>
    nowMs === undefined ? undefined : toDay(nowMs - (days - 1) * DAY_MS)
  const spans = [
    { word: words.anyTime, from: undefined },
    { word: words.today, from: since(1) },
    { word: words.days7, from: since(7) },
    { word: words.days30, from: since(30) },
  ]
  const isOwnSpan = untilDay !== undefined || !spans.some(({ from }) => from === fromDay)
  const blank = (text: string): string | undefined => (text === '' ? undefined : text)
  return (
    <form className="filters" onSubmit={(event) => event.preventDefault()}>
      <label>
        {words.lane}
        <select value={lane ?? ''} onChange={({ target }) => set({ lane: blank(target.value) })}>
          <option value="">{words.allLanes}</option>
          {lane !== undefined && !lanes.has(lane) && <option value={lane}>{lane}</option>}
          {[...lanes].map(([id, name]) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label>
        {words.state}
        <select
          value={kind ?? ''}
          onChange={({ target }) => set({ state: EpisodeStateSchema.safeParse(target.value).data })}
        >
          <option value="">{words.anyState}</option>
          {EpisodeStateSchema.options.map((one) => (
            <option key={one} value={one}>
              {words[one]}
            </option>
          ))}
        </select>
      </label>
      <div className="filter-spans">
        {spans.map(({ word, from }) => (
          <Tap
            key={word}
            aria-pressed={untilDay === undefined && fromDay === from}
            onClick={() => set({ fromDay: from, toDay: undefined })}
          >
            {word}
          </Tap>
        ))}
      </div>
      <details open={isOwnSpan || undefined}>
        <summary>{words.otherDays}</summary>
        <label>
          {words.from}
          <input
            type="date"
            value={fromDay ?? ''}
            onChange={({ target }) => set({ fromDay: blank(target.value) })}
          />
        </label>
        <label>
          {words.to}
          <input
            type="date"
            value={untilDay ?? ''}
            onChange={({ target }) => set({ toDay: blank(target.value) })}
          />
        </label>
      </details>
    </form>
  )
}

/** How many there are, and how many of them are open: said aloud when it changes. */
const Count = ({ filter, rows }: { readonly filter: Filter; readonly rows: readonly EpisodeView[] }) => {
  const words = useWords(EPISODES_WORDS)
  const language = useLanguage()
  const count = useEpisodeCount(filter)
  const open = rows.findIndex((view) => view.episode.end !== undefined)
  const say = (many: number): string => many.toLocaleString(localeOf(language))
  return (
    <p className="episode-count" role="status" data-testid="episode-count">
      {count !== undefined && `${say(count)} ${words.count} · `}
      {words.nowOpen} {say(open === -1 ? rows.length : open)}
    </p>
  )
}

/** The episode that was opened from the list, and where its row stood on the screen. */
let opened: { readonly id: string; readonly top: number } | undefined

/** The rows in sight. Whoever reads far down keeps the row under the eye when others come above it. */
const Rows = ({ list }: { readonly list: EpisodeList }) => {
  const { rows, isComplete, isFailed, more } = list
  const { state, nowMs } = useConsole()
  const words = useWords(EPISODES_WORDS)
  const language = useLanguage()
  const box = useRef<HTMLUListElement>(null)
  const [scrollMargin, setScrollMargin] = useState(0)
  useLayoutEffect(() => {
    const top = box.current?.getBoundingClientRect().top
    if (top !== undefined) setScrollMargin(Math.round(top + window.scrollY))
    // Banners come and go above; asked at every row that scrolls by it would cost a layout each time.
  }, [nowMs, language])
  const virtualizer = useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => ROW_PX,
    overscan: OVERSCAN_ROWS,
    scrollMargin,
  })
  const known = useRef(rows)
  useLayoutEffect(() => {
    const first = Math.floor((window.scrollY - scrollMargin) / ROW_PX)
    const last = first + Math.ceil(window.innerHeight / ROW_PX)
    // Whoever looks at the top wants to see what comes.
    const shift = first < 1 || known.current === rows ? 0 : toRowShift(known.current, rows, first, last)
    known.current = rows
    if (shift !== 0) window.scrollBy({ top: shift * ROW_PX, behavior: 'instant' })
  }, [rows, scrollMargin])

  const shown = virtualizer.getVirtualItems()
  // On the way back the row that was opened stands where it stood, and has the focus.
  const wanted = useRef(isOnWayBack() ? opened : undefined)
  useEffect(() => {
    const { id, top } = wanted.current ?? {}
    const index = id === undefined ? -1 : rows.findIndex(({ episode }) => episode.id === id)
    if (index !== -1)
      window.scrollTo({ top: scrollMargin + index * ROW_PX - (top ?? 0), behavior: 'instant' })
  }, [scrollMargin])
  useEffect(() => {
    if (wanted.current === undefined) return
    const row = box.current?.querySelector(`[data-episode="${wanted.current.id}"]`)
    if (!(row instanceof HTMLElement)) return
    wanted.current = undefined
    row.focus({ preventScroll: true })
  }, [shown])
  const last = shown.at(-1)?.index ?? -1
  useEffect(() => {
    if (!isFailed && !isComplete && rows.length > 0 && last >= rows.length - AHEAD_ROWS) more()
  }, [last, rows.length, isComplete, isFailed, more])

  const names = useMemo(
    () => new Map([...state.sections.values()].map((section) => [section.section, section.name])),
    [state.sections],
  )
  return (
    <>
      <ul ref={box} className="episode-rows" style={{ height: virtualizer.getTotalSize() }}>
        {shown.map(({ index, start }) => {
          const view = rows[index]
          if (view === undefined) return null
          return (
            <li
              key={view.episode.id}
              aria-setsize={isComplete ? rows.length : -1}
              aria-posinset={index + 1}
              style={{ transform: `translateY(${start - scrollMargin}px)` }}
            >
              <EpisodeRow
                view={view}
                name={view.episode.sections.map((section) => names.get(section) ?? section).join(', ')}
                // What has ended does not age: its row is drawn once.
                nowMs={view.episode.end === undefined ? nowMs : undefined}
                language={language}
              />
            </li>
          )
        })}
      </ul>
      {isFailed ? (
        <p className="episode-end" role="alert">
          {words.failed} <Tap onClick={more}>{words.retry}</Tap>
        </p>
      ) : (
        <p className="episode-end">{isComplete ? rows.length > 0 && words.all : words.loading}</p>
      )}
    </>
  )
}

const EpisodeRow = memo(
  ({
    view,
    name,
    nowMs,
    language,
  }: {
    readonly view: EpisodeView
    readonly name: string
    readonly nowMs: number | undefined
    readonly language: Language
  }) => {
    const words = STATE_WORDS[language]
    const { episode } = view
    const status = toStatus(view)
    const untilMs = episode.end === undefined ? nowMs : (episode.endedMs ?? view.receivedMs)
    return (
      <Link
        href={toEpisode(episode.id)}
        className="episode-row"
        data-testid={`episode-${episode.id}`}
        data-episode={episode.id}
        onClick={({ currentTarget }) => {
          opened = { id: episode.id, top: currentTarget.getBoundingClientRect().top }
        }}
        data-status={status}
        data-section={episode.sections[0]}
      >
        <span className="episode-name">
          <span className={`state ${styleOf(status)}`} aria-hidden="true">
            {shapeOf(status)}
          </span>{' '}
          {name}
        </span>
        <span className="age">{untilMs === undefined ? '' : toAge(untilMs - startOf(view), language)}</span>
        <span className="episode-when">
          <span className={`state ${styleOf(status)}`}>{words[status]}</span> ·{' '}
          {toShortMoment(startOf(view), language)}
        </span>
      </Link>
    )
  },
)
