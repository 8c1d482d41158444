import type { EpisodeView, SectionState, SectionView } from '@clearlane/protocol'
import { Empty, List } from 'antd-mobile'
import { useState } from 'react'
import { EpisodePopup } from './episode-popup.tsx'
import type { ConsoleState } from './state.ts'
import { listEpisodes, startOf } from './state.ts'
import type { Words } from './words.ts'
import { toAge } from './words.ts'

/** State is shape and word and colour, never colour alone. */
const SHAPES: Readonly<Record<SectionState, string>> = {
  blocked: '■',
  'pre-alarm': '▲',
  clear: '●',
  unobserved: '?',
}
const STATES = ['blocked', 'pre-alarm', 'clear', 'unobserved'] as const satisfies readonly SectionState[]

const toWord = (state: SectionState, words: Words): string =>
  ({ blocked: words.blocked, 'pre-alarm': words.preAlarm, clear: words.clear, unobserved: words.unobserved })[
    state
  ]

type Props = { readonly state: ConsoleState; readonly nowMs: number | undefined; readonly words: Words }

export const Lanes = ({ state, nowMs, words }: Props) => {
  const [shown, setShown] = useState<string>()
  const sections = [...state.sections.values()]
  const lanes = Map.groupBy(sections, (section) => section.lane)
  const episodes = listEpisodes(state)
  const names = new Map(sections.map((section) => [section.section, section.name]))
  return (
    <>
      <ul className="counts">
        {STATES.map((one) => (
          <li key={one} className={`count ${one}`} data-testid={`count-${one}`}>
            <span aria-hidden="true">{SHAPES[one]}</span>{' '}
            <b>{sections.filter((section) => section.state === one).length}</b> {toWord(one, words)}
          </li>
        ))}
      </ul>
      {[...lanes].map(([lane, own]) => (
        <List key={lane} header={own[0]?.laneName} className="lane">
          {own.map((section) => (
            <Section key={section.section} section={section} nowMs={nowMs} words={words} onOpen={setShown} />
          ))}
        </List>
      ))}
      <div aria-live="polite">
        <List header={words.episodes}>
          {episodes.map((view) => (
            <EpisodeRow
              key={view.episode.id}
              view={view}
              name={view.episode.sections.map((section) => names.get(section) ?? section).join(', ')}
              nowMs={nowMs}
              words={words}
              onOpen={setShown}
            />
          ))}
        </List>
        {episodes.length === 0 && state.heard !== undefined && <Empty description={words.noEpisodes} />}
      </div>
      <EpisodePopup id={shown} words={words} onClose={() => setShown(undefined)} />
    </>
  )
}

const Section = ({
  section,
  nowMs,
  words,
  onOpen,
}: {
  readonly section: SectionView
  readonly nowMs: number | undefined
  readonly words: Words
  readonly onOpen: (episode: string) => void
}) => {
  const { state, sinceMs, episode } = section
  const age = nowMs === undefined || sinceMs === undefined ? '' : toAge(nowMs - sinceMs, words)
  return (
    <List.Item
      data-testid={`section-${section.section}`}
      data-state={state}
      {...(episode !== undefined && { onClick: () => onOpen(episode) })}
      extra={
        <span className={`state ${state}`}>
          <span aria-hidden="true">{SHAPES[state]}</span> {toWord(state, words)} <small>{age}</small>
        </span>
      }
      arrowIcon={false}
    >
      {section.name}
    </List.Item>
  )
}

const EpisodeRow = ({
  view,
  name,
  nowMs,
  words,
  onOpen,
}: {
  readonly view: EpisodeView
  readonly name: string
  readonly nowMs: number | undefined
  readonly words: Words
  readonly onOpen: (episode: string) => void
}) => {
  const { episode } = view
  const status = toStatus(view)
  const untilMs = episode.end === undefined ? nowMs : (episode.endedMs ?? view.receivedMs)
  const age = untilMs === undefined ? '' : toAge(untilMs - startOf(view), words)
  return (
    <List.Item
      data-testid={`episode-${episode.id}`}
      data-status={status}
      data-section={episode.sections[0]}
      onClick={() => onOpen(episode.id)}
      arrowIcon={false}
      description={
        <span>
          {new Date(startOf(view)).toLocaleTimeString()} · {toStatusWord(status, words)}
        </span>
      }
      extra={<span className="age">{age}</span>}
    >
      <span className={`state ${status in SHAPES ? status : 'ended'}`} aria-hidden="true">
        {status in SHAPES ? SHAPES[status as SectionState] : '✓'}
      </span>{' '}
      {name}
    </List.Item>
  )
}

type Status = SectionState | 'cleared' | 'passed' | 'ended-by-hand' | 'voided'

const toStatus = ({ episode }: EpisodeView): Status => {
  if (episode.end !== undefined) return episode.end
  if (episode.unobserved) return 'unobserved'
  return episode.confirmed ? 'blocked' : 'pre-alarm'
}

const toStatusWord = (status: Status, words: Words): string => {
  switch (status) {
    case 'cleared':
      return words.cleared
    case 'passed':
      return words.passed
    case 'ended-by-hand':
      return words.endedByHand
    case 'voided':
      return words.voided
    case 'blocked':
    case 'pre-alarm':
    case 'clear':
    case 'unobserved':
      return toWord(status, words)
  }
}
