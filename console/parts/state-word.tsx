import { useLanguage, useWords } from '../words/language.ts'
import type { EpisodeStatus } from '../words/states.ts'
import { shapeOf, STATE_WORDS, styleOf } from '../words/states.ts'
import { toAge } from '../words/time.ts'

/** A state as colour, shape and word, with its age behind it where that is known. */
export const StateWord = ({
  status,
  ageMs,
}: {
  readonly status: EpisodeStatus
  readonly ageMs?: number | undefined
}) => {
  const words = useWords(STATE_WORDS)
  const language = useLanguage()
  return (
    <span className={`state ${styleOf(status)}`}>
      <span aria-hidden="true">{shapeOf(status)}</span> {words[status]}{' '}
      {ageMs !== undefined && <small>{toAge(ageMs, language)}</small>}
    </span>
  )
}
