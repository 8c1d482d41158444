import { useEffect, useId, useRef } from 'react'
import { useWords } from '../words/language.ts'
import { ALERTING_WORDS } from './words.ts'
import { Tap } from '../parts/tap.tsx'

/** As long as the API takes. */
const MAX_CHARACTERS = 200

/** Asks who takes note on this device. */
export const NameDialog = ({
  name = '',
  onName,
  onLeave,
}: {
  readonly name?: string
  readonly onName: (name: string) => void
  readonly onLeave: () => void
}) => {
  const words = useWords(ALERTING_WORDS)
  const dialog = useRef<HTMLDialogElement>(null)
  const id = useId()
  useEffect(() => dialog.current?.showModal(), [])
  return (
    <dialog ref={dialog} className="dialog" aria-labelledby={id} onClose={onLeave} data-testid="name-dialog">
      <form
        onSubmit={(event) => {
          event.preventDefault()
          const given = new FormData(event.currentTarget).get('name')
          if (typeof given === 'string' && given.trim() !== '') onName(given.trim())
        }}
      >
        <h2 id={id}>{words.askName}</h2>
        <p>{words.whyName}</p>
        <input
          name="name"
          aria-label={words.name}
          autoComplete="name"
          maxLength={MAX_CHARACTERS}
          defaultValue={name}
          required
        />
        <Tap type="submit" look="main">
          {words.keepName}
        </Tap>
        <Tap look="quiet" onClick={onLeave}>
          {words.later}
        </Tap>
      </form>
    </dialog>
  )
}
