import type { EpisodeView } from '@clearlane/protocol'
import { Empty, List } from 'antd-mobile'
import { useLocation } from 'wouter'
import { listEpisodes, startOf } from '../../live/state.ts'
import { useConsole } from '../../live/use-console.ts'
import { toEpisode } from '../../routes.ts'
import { translated, useLanguage, useWords } from '../../words/language.ts'
import { shapeOf, STATE_WORDS, styleOf, toStatus } from '../../words/states.ts'
import { toAge, toMoment } from '../../words/time.ts'

const WORDS = translated(
  { title: '占用事件', none: '还没有占用事件。车辆停在通道上，这里会立即出现。' },
  { title: 'Episodes', none: 'No episodes yet. When a vehicle stops in a lane it appears here at once.' },
)

/** The episodes of the live feed: open ones first, the longest on top. */
export const EpisodesScreen = () => {
  const { state, nowMs } = useConsole()
  const words = useWords(WORDS)
  const episodes = listEpisodes(state)
  const names = new Map([...state.sections.values()].map((section) => [section.section, section.name]))
  return (
    <div aria-live="polite">
      <List header={words.title}>
        {episodes.map((view) => (
          <EpisodeRow
            key={view.episode.id}
            view={view}
            name={view.episode.sections.map((section) => names.get(section) ?? section).join(', ')}
            nowMs={nowMs}
          />
        ))}
      </List>
      {episodes.length === 0 && state.heard !== undefined && <Empty description={words.none} />}
    </div>
  )
}

const EpisodeRow = ({
  view,
  name,
  nowMs,
}: {
  readonly view: EpisodeView
  readonly name: string
  readonly nowMs: number | undefined
}) => {
  const [, go] = useLocation()
  const language = useLanguage()
  const words = useWords(STATE_WORDS)
  const { episode } = view
  const status = toStatus(view)
  const untilMs = episode.end === undefined ? nowMs : (episode.endedMs ?? view.receivedMs)
  return (
    <List.Item
      data-testid={`episode-${episode.id}`}
      data-status={status}
      data-section={episode.sections[0]}
      onClick={() => go(toEpisode(episode.id))}
      arrowIcon={false}
      description={`${toMoment(startOf(view), language)} · ${words[status]}`}
      extra={
        <span className="age">{untilMs === undefined ? '' : toAge(untilMs - startOf(view), language)}</span>
      }
    >
      <span className={`state ${styleOf(status)}`} aria-hidden="true">
        {shapeOf(status)}
      </span>{' '}
      {name}
    </List.Item>
  )
}
