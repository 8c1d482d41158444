import type { Layout } from '@clearlane/protocol'
import { useId, useState } from 'react'
import { useWords } from '../../words/language.ts'
import { DEVICES_WORDS } from './device-words.ts'
import { Sheet } from './sheet.tsx'
import type { SlotChoice } from './slot-choices.ts'
import { findSlotChoices } from './slot-choices.ts'

/** The second tap of a binding or a move: into which slot. It says which device would have to make room. */
export const ChooseSlot = ({
  layout,
  device,
  onChoose,
  onClose,
}: {
  readonly layout: Layout
  readonly device: string
  readonly onChoose: (choice: SlotChoice) => void
  readonly onClose: () => void
}) => {
  const words = useWords(DEVICES_WORDS)
  const [text, setText] = useState('')
  const field = useId()
  const { choices, hasMore } = findSlotChoices(layout, device, text)
  return (
    <Sheet title={words.chooseSlot} onClose={onClose}>
      <label htmlFor={field}>{words.search}</label>
      <input id={field} type="search" value={text} onChange={({ target }) => setText(target.value)} />
      <ul className="choices">
        {choices.map((choice) => (
          <li key={choice.slot}>
            <button type="button" data-testid={`choose-${choice.slot}`} onClick={() => onChoose(choice)}>
              <b>
                {choice.sectionName} · {choice.slot}
              </b>
              <span>
                {choice.device === undefined ? `○ ${words.empty}` : `● ${words.replaces} ${choice.device}`}
              </span>
            </button>
          </li>
        ))}
      </ul>
      {hasMore && <p>{words.moreSlots}</p>}
      <p>{words.keepsHistory}</p>
    </Sheet>
  )
}
