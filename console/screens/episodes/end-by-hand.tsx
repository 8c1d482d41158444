import { useId, useState } from 'react'
import type { Schema } from '../../live/ask.ts'
import { tell } from '../../live/ask.ts'
import { useWho } from '../../live/who.ts'
import { Tap } from '../../parts/tap.tsx'
import { useLanguage, useWords } from '../../words/language.ts'
import { toRefusal } from '../../words/refusals.ts'
import { EPISODE_WORDS } from './episode-words.ts'

const AnythingSchema: Schema<unknown> = { parse: (value) => value }

type Step =
  | { readonly kind: 'closed' | 'write' | 'sure' | 'sending' | 'ended' }
  | { readonly kind: 'failed'; readonly why: string }

/** Ends an episode that no sensor will end: asks for name and reason, says what will happen, and asks once more. */
export const EndByHand = ({ id, onEnded }: { readonly id: string; readonly onEnded: () => void }) => {
  const words = useWords(EPISODE_WORDS)
  const language = useLanguage()
  const [step, setStep] = useState<Step>({ kind: 'closed' })
  const [by, setBy] = useWho()
  const [reason, setReason] = useState('')
  const nameField = useId()
  const reasonField = useId()
  const end = async (): Promise<void> => {
    setStep({ kind: 'sending' })
    const answer = await tell(
      'POST',
      `/episodes/${encodeURIComponent(id)}/end`,
      { by: by.trim(), reason: reason.trim() },
      AnythingSchema,
    )
    if (answer.kind !== 'answer') {
      setStep({
        kind: 'failed',
        why: answer.kind === 'refused' ? toRefusal(answer, language) : words.endUnreachable,
      })
      return
    }
    setStep({ kind: 'ended' })
    onEnded()
  }
  if (step.kind === 'ended') return <p role="status">{words.ended}</p>
  if (step.kind === 'closed') return <Tap onClick={() => setStep({ kind: 'write' })}>{words.endTitle}</Tap>
  const isWritten = by.trim() !== '' && reason.trim() !== ''
  const isAsking = step.kind === 'sure' || step.kind === 'sending'
  return (
    <form
      className="end-by-hand"
      aria-label={words.endTitle}
      onSubmit={(event) => {
        event.preventDefault()
        if (isWritten) setStep({ kind: 'sure' })
      }}
    >
      <p>{words.endWhat}</p>
      <label htmlFor={nameField}>{words.yourName}</label>
      <input
        id={nameField}
        value={by}
        maxLength={200}
        autoComplete="name"
        readOnly={isAsking}
        onChange={({ target }) => setBy(target.value)}
      />
      <label htmlFor={reasonField}>{words.why}</label>
      <textarea
        id={reasonField}
        value={reason}
        maxLength={1_000}
        rows={2}
        readOnly={isAsking}
        onChange={({ target }) => setReason(target.value)}
      />
      {step.kind === 'failed' && (
        <p role="alert">
          {words.endFailed} {step.why}
        </p>
      )}
      {isAsking ? (
        <>
          <p role="alert">{step.kind === 'sending' ? words.ending : words.sure}</p>
          <Tap look="grave" disabled={step.kind === 'sending'} onClick={() => void end()}>
            {words.sureYes}
          </Tap>
        </>
      ) : (
        <Tap look="main" disabled={!isWritten} onClick={() => setStep({ kind: 'sure' })}>
          {words.next}
        </Tap>
      )}
      <Tap disabled={step.kind === 'sending'} onClick={() => setStep({ kind: 'closed' })}>
        {words.cancel}
      </Tap>
    </form>
  )
}
