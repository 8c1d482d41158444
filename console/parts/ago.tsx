import { useState } from 'react'
import { useLanguage } from '../words/language.ts'
import { toAge, toAgo, toMoment } from '../words/time.ts'

/** How long ago something was, and by the clock after a tap; `lasting` how long it has been so. */
export const Ago = ({
  atMs,
  nowMs,
  lasting = false,
}: {
  readonly atMs: number
  readonly nowMs: number
  readonly lasting?: boolean
}) => {
  const language = useLanguage()
  const [isExact, setExact] = useState(false)
  const age = (lasting ? toAge : toAgo)(nowMs - atMs, language)
  return (
    <button
      type="button"
      className="ago"
      aria-expanded={isExact}
      data-testid="ago"
      onClick={() => setExact(!isExact)}
    >
      {age}
      {isExact && ` (${toMoment(atMs, language)})`}
    </button>
  )
}
