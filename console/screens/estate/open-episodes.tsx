import type { EpisodeView } from '@clearlane/protocol'
import { Link } from 'wouter'
import { useAlertingHere } from '../../alerting/use-alerting.ts'
import { startOf } from '../../live/state.ts'
import { useConsole } from '../../live/use-console.ts'
import { StateWord } from '../../parts/state-word.tsx'
import { toEpisode } from '../../routes.ts'
import { useLanguage, useWords } from '../../words/language.ts'
import { styleOf, toStatus } from '../../words/states.ts'
import { toAgo, toClock } from '../../words/time.ts'
import { ESTATE_WORDS } from './words.ts'

/** What stands in a lane now, alarms first, the longest on top, and who has seen it. */
export const OpenEpisodes = () => {
  const words = useWords(ESTATE_WORDS)
  const { state } = useConsole()
  const open = [...state.episodes.values()].filter(({ episode }) => episode.end === undefined)
  const ordered = open.toSorted(
    (a, b) => Number(b.episode.confirmed) - Number(a.episode.confirmed) || startOf(a) - startOf(b),
  )
  if (open.length === 0) return null
  return (
    <section className="open-episodes" aria-label={words.openNow}>
      <h2>
        {words.openNow} {open.length}
      </h2>
      <ul>
        {ordered.map((view) => (
          <li key={view.episode.id}>
            <OpenEpisode view={view} />
          </li>
        ))}
      </ul>
    </section>
  )
}

const OpenEpisode = ({ view }: { readonly view: EpisodeView }) => {
  const words = useWords(ESTATE_WORDS)
  const language = useLanguage()
  const { state, nowMs } = useConsole()
  const { notes } = useAlertingHere()
  const { episode, seen } = view
  const status = toStatus(view)
  const names = episode.sections.map((section) => state.sections.get(section)?.name ?? section).join(', ')
  const isWaiting = notes.some((note) => note.episode === episode.id)
  return (
    <Link
      href={toEpisode(episode.id)}
      className={`open-episode edge-${styleOf(status)}`}
      data-testid={`open-${episode.id}`}
      data-status={status}
    >
      <b>{names}</b>
      <StateWord status={status} ageMs={nowMs === undefined ? undefined : nowMs - startOf(view)} />
      <small>
        {words.detected} {toClock(startOf(view), nowMs, language)}
        {seen.map(({ by, atMs }) => (
          <span key={by} data-testid="seen-by">
            {' '}
            · {by} {words.seenBy}
            {nowMs !== undefined && ` ${toAgo(nowMs - atMs, language)}`}
          </span>
        ))}
        {isWaiting && ` · ${words.noteWaiting}`}
        {episode.confirmed && seen.length === 0 && !isWaiting && ` · ${words.notSeen}`}
      </small>
    </Link>
  )
}
