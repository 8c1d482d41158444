import { Dialog } from 'antd-mobile'
import { useRef, useState } from 'react'
import { ask } from '../../live/ask.ts'
import { useLanguage, useWords } from '../../words/language.ts'
import { toRefusal } from '../../words/refusals.ts'
import { WORDS } from './words.ts'
import { Tap } from '../../parts/tap.tsx'

const MAX_BYTES = 8 * 1024 * 1024
const TYPES = ['image/png', 'image/jpeg', 'image/webp']

type State =
  | { readonly kind: 'none' | 'sending' | 'sent' | 'wrong-kind' | 'broken' | 'not-sent' }
  | { readonly kind: 'too-big'; readonly bytes: number }
  | { readonly kind: 'refused'; readonly code: string; readonly message: string }

/** Chooses the image under the plan. What the platform would refuse is told before anything is sent. */
export const ImageField = ({
  hasImage,
  onSent,
  onRemoved,
}: {
  readonly hasImage: boolean
  /** How high the image is for its width. */
  readonly onSent: (heightShare: number) => void
  readonly onRemoved: () => void
}) => {
  const words = useWords(WORDS)
  const language = useLanguage()
  const input = useRef<HTMLInputElement>(null)
  const [state, setState] = useState<State>({ kind: 'none' })

  const take = async (file: File): Promise<void> => {
    if (file.size > MAX_BYTES) return setState({ kind: 'too-big', bytes: file.size })
    if (!TYPES.includes(file.type)) return setState({ kind: 'wrong-kind' })
    const heightShare = await readHeightShare(file)
    if (heightShare === undefined) return setState({ kind: 'broken' })
    setState({ kind: 'sending' })
    const done = await send('PUT', file)
    if (done.kind === 'sent') onSent(heightShare)
    return setState(done)
  }
  const remove = async (): Promise<void> => {
    const isSure = await Dialog.confirm({
      content: words.removeImageAsk,
      confirmText: words.removeImage,
      cancelText: words.back,
    })
    if (!isSure) return
    const done = await send('DELETE')
    setState(done.kind === 'sent' ? { kind: 'none' } : done)
    if (done.kind === 'sent') onRemoved()
  }

  return (
    <div className="image-field">
      <input
        ref={input}
        type="file"
        hidden
        accept={TYPES.join(',')}
        data-testid="image-file"
        onChange={({ target }) => {
          const file = target.files?.[0]
          // The same file can be chosen again once it is mended.
          target.value = ''
          if (file !== undefined) void take(file)
        }}
      />
      <div className="buttons">
        <Tap disabled={state.kind === 'sending'} onClick={() => input.current?.click()}>
          {state.kind === 'sending' ? words.sendingImage : words.chooseImage}
        </Tap>
        {hasImage && <Tap onClick={() => void remove()}>{words.removeImage}</Tap>}
      </div>
      <p role="status" data-testid="image-state" data-state={state.kind}>
        {state.kind === 'refused'
          ? `${words.refused} ${toRefusal(state, language)}`
          : toSentence(state, words)}
      </p>
    </div>
  )
}

const toSentence = (
  state: Exclude<State, { readonly kind: 'refused' }>,
  words: Readonly<Record<keyof (typeof WORDS)['zh'], string>>,
): string => {
  switch (state.kind) {
    case 'none':
    case 'sending':
      return words.imageHint
    case 'sent':
      return words.imageSent
    case 'too-big':
      return `${words.imageTooBig} ${(state.bytes / 1024 / 1024).toFixed(1)} MB`
    case 'wrong-kind':
      return words.imageWrongKind
    case 'broken':
      return words.imageBroken
    case 'not-sent':
      return words.imageNotSent
  }
}

const send = async (method: 'PUT' | 'DELETE', file?: File): Promise<State> => {
  const answer = await ask('/plan', ANYTHING, {
    method,
    ...(file !== undefined && { body: file, headers: { 'content-type': file.type } }),
  })
  switch (answer.kind) {
    case 'answer':
      return { kind: 'sent' }
    case 'unreachable':
      return { kind: 'not-sent' }
    case 'refused':
      return answer
  }
}
const ANYTHING = { parse: (body: unknown) => body }

/** How high an image is for its width; undefined where the browser cannot read it. */
const readHeightShare = async (file: File): Promise<number | undefined> => {
  try {
    const image = await createImageBitmap(file)
    const share = image.height / image.width
    image.close()
    return share
  } catch {
    return undefined
  }
}
