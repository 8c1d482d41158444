import type { SectionState } from '@clearlane/protocol'
import { memo } from 'react'
import { SHAPES } from '../../words/states.ts'

/**
 * One section as it stands on the plan: shape, word, letter and age, as far as there is room, and all of it by name to
 * a screen reader. Drawn anew only when it says something else.
 */
export const SectionMark = memo(
  ({
    section,
    name,
    state,
    word,
    age,
    shortAge,
    why,
    onOpen,
  }: {
    readonly section: string
    readonly name: string
    readonly state: SectionState
    readonly word: string
    readonly age: string
    readonly shortAge: string
    readonly why: string
    readonly onOpen: (section: string) => void
  }) => (
    <button
      type="button"
      className={`section-mark ${state}`}
      data-testid={`section-${section}`}
      data-state={state}
      onClick={() => onOpen(section)}
    >
      <span className="for-screen-readers">
        {[name, word, age, why].filter((one) => one !== '').join(', ')}
      </span>
      <span aria-hidden="true" className="mark">
        <span className="mark-shape">{SHAPES[state]}</span>
        <span className="mark-word">{word}</span>
        <span className="mark-letter">{toLetter(name)}</span>
        <span className="mark-age">{age}</span>
        <span className="mark-short-age">{shortAge}</span>
        {why !== '' && <span className="mark-why">{why}</span>}
      </span>
    </button>
  ),
)

/** What tells a section from its neighbours in the lane: the last part of its name. */
const toLetter = (name: string): string => name.split('·').at(-1)?.trim() ?? name
