import { Tap } from '../../parts/tap.tsx'
import { useLanguage, useWords } from '../../words/language.ts'
import { toRefusal } from '../../words/refusals.ts'
import { DEVICES_WORDS } from './device-words.ts'
import type { BindingsHook } from './use-bindings.ts'
import { UNDO_MS } from './use-bindings.ts'

/** What the last change came to, in the thumb's reach, with the way back while there is one. */
export const OutcomeBar = ({ outcome, undo }: Pick<BindingsHook, 'outcome' | 'undo'>) => {
  const words = useWords(DEVICES_WORDS)
  const language = useLanguage()
  return (
    <div className="outcome" role="status" data-testid="outcome" data-outcome={outcome?.kind}>
      {outcome?.kind === 'sending' && words.sending}
      {outcome?.kind === 'failed' &&
        `${words.changeFailed} ${outcome.refusal === undefined ? words.unreachable : toRefusal(outcome.refusal, language)}`}
      {outcome?.kind === 'undone' && words.undone}
      {outcome?.kind === 'undo-changed' && words.undoChanged}
      {outcome?.kind === 'undo-failed' && (
        <>
          {words.undoFailed} <Tap onClick={() => void undo()}>{words.undo}</Tap>
        </>
      )}
      {outcome?.kind === 'done' && (
        <>
          <span>
            {words[outcome.change]} {outcome.slot}
          </span>
          <Tap look="main" onClick={() => void undo()}>
            {words.undo}
          </Tap>
          <i className="outcome-time" style={{ animationDuration: `${UNDO_MS}ms` }} aria-hidden="true" />
        </>
      )}
    </div>
  )
}
