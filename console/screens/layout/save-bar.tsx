import type { Lane, Layout, LayoutVersion } from '@clearlane/protocol'
import { Dialog } from 'antd-mobile'
import { useState } from 'react'
import { WhoField } from '../../parts/field.tsx'
import { useLanguage, useWords } from '../../words/language.ts'
import { toRefusal } from '../../words/refusals.ts'
import { DifferenceList } from './difference-list.tsx'
import { diffLayouts } from './difference.ts'
import type { Item } from './edits.ts'
import type { Editor, EditorProblem } from './use-editor.ts'
import { toWho, WORDS } from './words.ts'
import { Tap } from '../../parts/tap.tsx'

/** The one big button: what it will do, why it cannot, and what became of what was typed. */
export const SaveBar = ({
  editor,
  newest,
  who,
}: {
  readonly editor: Editor
  readonly newest: LayoutVersion | undefined
  readonly who: readonly [string, (name: string) => void]
}) => {
  const words = useWords(WORDS)
  const { save, problems, isChanged, isFound, kept } = editor
  const name = who[0].trim()
  // Asked for once: the field stays while it is being filled in.
  const [isAsked] = useState(name === '')
  const [isShown, show] = useState(false)
  if (!isChanged && save.kind === 'none') return null
  const isBehind = isChanged && newest !== undefined && newest.version > editor.baseVersion
  const discard = async (): Promise<void> => {
    const isSure = await Dialog.confirm({
      content: words.discardAsk,
      confirmText: words.discard,
      cancelText: words.back,
    })
    if (isSure) await editor.discard()
  }
  return (
    <footer className="save-bar card">
      <div role="status" data-testid="save-state" data-save={save.kind} data-kept={kept}>
        {isChanged && isFound && save.kind === 'none' && <p>{words.found}</p>}
        {isChanged && kept === 'kept' && <p className="hint">✓ {words.kept}</p>}
        {kept === 'no-room' && <p className="note">{words.noRoom}</p>}
        <Outcome editor={editor} />
        {(isBehind || save.kind === 'conflict') && (
          <div className="note">
            {save.kind !== 'conflict' && newest !== undefined && (
              <p>
                {words.newer} ({newest.version} · <bdi>{toWho(newest.by, words)}</bdi>)
              </p>
            )}
            <Tap data-testid="merge" onClick={() => void editor.merge()}>
              {words.merge}
            </Tap>
          </div>
        )}
      </div>
      {isChanged && editor.base !== undefined && (
        <details onToggle={(event) => show(event.currentTarget.open)}>
          <summary>{words.myChanges}</summary>
          {isShown && <DifferenceList differences={diffLayouts(editor.base, editor.layout)} />}
          <Tap look="grave" data-testid="discard" onClick={() => void discard()}>
            {words.discard}
          </Tap>
        </details>
      )}
      {isChanged && isAsked && <WhoField who={who} />}
      <SaveButton
        editor={editor}
        problems={problems}
        canSave={isChanged && name !== '' && save.kind !== 'saving'}
        onSave={() => void editor.send(name)}
      />
    </footer>
  )
}

const SaveButton = ({
  editor: { isChanged, select, save },
  problems,
  canSave,
  onSave,
}: {
  readonly editor: Editor
  readonly problems: readonly EditorProblem[]
  readonly canSave: boolean
  readonly onSave: () => void
}) => {
  const words = useWords(WORDS)
  const own = problems.filter(({ kind }) => kind !== 'refused')
  if (own.length > 0)
    return (
      <Tap
        data-testid="to-mend"
        onClick={() => {
          select(itemOf(own[0]))
          focusFirstWrong()
        }}
      >
        <span className="problem">
          ▲ {own.length} {words.toMend}
        </span>
      </Tap>
    )
  return (
    <Tap look="main" data-testid="save" disabled={!canSave} onClick={onSave}>
      {save.kind === 'saving' ? words.saving : isChanged ? words.save : words.nothingToSave}
    </Tap>
  )
}

const Outcome = ({ editor: { base, save, select } }: { readonly editor: Editor }) => {
  const words = useWords(WORDS)
  const language = useLanguage()
  switch (save.kind) {
    case 'none':
    case 'saving':
      return null
    case 'unreachable':
      return <p className="note">{words.unreachable}</p>
    case 'conflict':
      return <p className="note">{words.conflict}</p>
    case 'saved':
      return (
        <p className="clear">
          ✓ {words.savedAs} {save.version}
        </p>
      )
    case 'merged':
      return (
        <div className="note">
          <p>
            {words.mergedOnto} {save.version}
          </p>
          {save.clashes.length > 0 && (
            <>
              <p>{words.clashes}</p>
              <ul>
                {save.clashes.map(({ of, id, field }) => (
                  <li key={`${of} ${id} ${field}`} data-testid="clash">
                    <bdi>{id}</bdi> {field}
                  </li>
                ))}
              </ul>
            </>
          )}
        </div>
      )
    case 'refused':
      return (
        <div className="note">
          <p>
            {words.refused} {toRefusal(save, language)}
          </p>
          {save.problems.map((problem) => {
            const key = problem.place.join('.')
            const leftOut = findLeftOut(save.code, problem, base)
            if (leftOut !== undefined)
              return (
                <p key={key} data-testid="refused-place">
                  {words.lane} <bdi>{leftOut.name}</bdi> ({leftOut.id})
                </p>
              )
            return (
              <Tap
                key={key}
                data-testid="refused-place"
                onClick={() => {
                  select(itemOf(problem))
                  focusFirstWrong()
                }}
              >
                {problem.place.join(' · ')}: {problem.text}
              </Tap>
            )
          })}
        </div>
      )
  }
}

/** A lane that the platform will not let go: it stands in no form any more. */
const findLeftOut = (code: string, { place }: EditorProblem, base: Layout | undefined): Lane | undefined =>
  code === 'lane-has-rules' ? base?.lanes.find(({ id }) => id === place[1]) : undefined

const itemOf = (problem: EditorProblem | undefined): Item | undefined => {
  const [kind, index] = problem?.place ?? []
  const isList = kind === 'lanes' || kind === 'sections' || kind === 'slots'
  return isList && typeof index === 'number' ? { kind, index } : undefined
}

/** The form of the place is drawn first. */
const focusFirstWrong = (): void => {
  window.requestAnimationFrame(() =>
    window.requestAnimationFrame(() => {
      const field = document.querySelector<HTMLElement>('[aria-invalid="true"]')
      for (let around = field?.parentElement; around; around = around.parentElement)
        if (around instanceof HTMLDetailsElement) around.open = true
      field?.focus()
      field?.scrollIntoView({ block: 'center' })
    }),
  )
}
