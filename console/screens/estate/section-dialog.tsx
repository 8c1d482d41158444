import { useEffect, useId, useRef } from 'react'
import { Link } from 'wouter'
import { useConsole } from '../../live/use-console.ts'
import { StateWord } from '../../parts/state-word.tsx'
import { toSlot } from '../../routes.ts'
import { useLanguage, useWords } from '../../words/language.ts'
import { toAge, toAgo, toMoment } from '../../words/time.ts'
import type { SectionFacts } from './estate-facts.ts'
import { ESTATE_WORDS } from './words.ts'
import { Tap } from '../../parts/tap.tsx'

/** The slots of one section: what each knows, since when, and when it was heard last. */
export const SectionDialog = ({
  section: { view, unseenBecause },
  onClose,
}: {
  readonly section: SectionFacts
  readonly onClose: () => void
}) => {
  const words = useWords(ESTATE_WORDS)
  const language = useLanguage()
  const { nowMs } = useConsole()
  const dialog = useRef<HTMLDialogElement>(null)
  const id = useId()
  useEffect(() => dialog.current?.showModal(), [])
  const sinceOf = (sinceMs: number | undefined): number | undefined =>
    nowMs === undefined || sinceMs === undefined ? undefined : nowMs - sinceMs
  return (
    <dialog
      ref={dialog}
      className="dialog"
      aria-labelledby={id}
      onClose={onClose}
      data-testid="section-slots"
    >
      <h2 id={id}>{view.name}</h2>
      <p>
        <StateWord status={view.state} ageMs={sinceOf(view.sinceMs)} />{' '}
        {view.sinceMs !== undefined && `(${toMoment(view.sinceMs, language)})`}{' '}
        {unseenBecause !== undefined && words[unseenBecause]}
      </p>
      <ul className="slots">
        {view.slots.map(({ slot, presence, sinceMs, lastHeardMs }) => {
          const [ageMs, silentMs] = [sinceOf(sinceMs), sinceOf(lastHeardMs)]
          return (
            <li key={slot}>
              <Link href={toSlot(slot)} className="slot">
                <b>
                  {words.slots} {slot}
                </b>{' '}
                {words[presence]} {ageMs !== undefined && toAge(ageMs, language)}
                <small>
                  {silentMs === undefined
                    ? words.notHeard
                    : `${words.lastHeard} ${toAgo(silentMs, language)}`}
                </small>
              </Link>
            </li>
          )
        })}
      </ul>
      <Tap look="main" onClick={onClose}>
        {words.close}
      </Tap>
    </dialog>
  )
}
