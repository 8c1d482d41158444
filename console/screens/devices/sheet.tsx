import type { ReactNode } from 'react'
import { useEffect, useRef } from 'react'
import { Tap } from '../../parts/tap.tsx'
import { useWords } from '../../words/language.ts'
import { DEVICES_WORDS } from './device-words.ts'

/** A choice over the page. The browser's own dialog keeps the focus in it and gives it back. */
export const Sheet = ({
  title,
  onClose,
  children,
}: {
  readonly title: string
  readonly onClose: () => void
  readonly children: ReactNode
}) => {
  const words = useWords(DEVICES_WORDS)
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    if (dialog.current?.open === false) dialog.current.showModal()
  }, [])
  return (
    <dialog ref={dialog} className="sheet" aria-label={title} onClose={onClose}>
      <header>
        <h2>{title}</h2>
        <Tap onClick={onClose}>{words.cancel}</Tap>
      </header>
      {children}
    </dialog>
  )
}
