import { useState } from 'react'
import { Tap } from '../../parts/tap.tsx'
import { useWords } from '../../words/language.ts'
import { EPISODE_WORDS } from './episode-words.ts'

type Done = 'shared' | 'copied' | 'copyYourself'

/** Hands the link of this page to the phone, else to the clipboard, and says which of them it did. */
export const ShareLink = ({ title }: { readonly title: string }) => {
  const words = useWords(EPISODE_WORDS)
  const [done, setDone] = useState<Done>()
  const url = window.location.href
  const share = async (): Promise<void> => {
    try {
      const isShared = 'share' in navigator
      await (isShared ? navigator.share({ title, url }) : navigator.clipboard.writeText(url))
      setDone(isShared ? 'shared' : 'copied')
    } catch (cause) {
      // Whoever closes the phone's own sheet wants no link.
      setDone(cause instanceof DOMException && cause.name === 'AbortError' ? undefined : 'copyYourself')
    }
  }
  return (
    <>
      <Tap onClick={() => void share()}>{words.share}</Tap>
      <span role="status">
        {done !== undefined && words[done]} {done === 'copyYourself' && <code>{url}</code>}
      </span>
    </>
  )
}
