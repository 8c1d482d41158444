import { Link } from 'wouter'
import { ROUTES } from '../../routes.ts'
import { useWords } from '../../words/language.ts'
import { toDay, writeFilter } from '../episodes/filter.ts'
import { useEpisodeCount } from '../episodes/use-episode-count.ts'
import { ESTATE_WORDS } from './words.ts'

/** How many alarms the day has had; it opens into them. */
export const AlarmsToday = ({ nowMs }: { readonly nowMs: number }) => {
  const words = useWords(ESTATE_WORDS)
  const filter = { state: 'alarmed', fromDay: toDay(nowMs) } as const
  const count = useEpisodeCount(filter)
  if (count === undefined) return null
  return (
    <Link
      href={`${ROUTES.episodes}${writeFilter(filter)}`}
      className="alarms-today"
      data-testid="alarms-today"
    >
      {words.alarmsToday} <b>{count}</b>
    </Link>
  )
}
