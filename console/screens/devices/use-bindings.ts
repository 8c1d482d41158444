import type { Layout } from '@clearlane/protocol'
import { LayoutSchema } from '@clearlane/protocol'
import { useEffect, useState } from 'react'
import type { Answer } from '../../live/ask.ts'
import { tell } from '../../live/ask.ts'
import { askLayout, useLayout } from '../../live/use-layout.ts'
import { readWho } from '../../live/who.ts'
import type { Bindings, Step } from './bindings.ts'
import { isUntouched, toBindings, toSteps } from './bindings.ts'

/** So long a change can be taken back with one tap. */
export const UNDO_MS = 10_000

export type ChangeKind = 'bound' | 'moved' | 'swapped' | 'unbound'
/** What the last change came to. `done` offers to take it back. */
export type Outcome =
  | { readonly kind: 'sending' }
  | { readonly kind: 'done'; readonly change: ChangeKind; readonly slot: string }
  | {
      readonly kind: 'failed'
      readonly refusal: { readonly code: string; readonly message: string } | undefined
    }
  | { readonly kind: 'undone' | 'undo-changed' | 'undo-failed' }

export type BindingsHook = {
  readonly layout: Layout | undefined
  readonly outcome: Outcome | undefined
  /** Puts a device into a slot, or empties the slot. */
  readonly change: (kind: ChangeKind, step: Step) => Promise<void>
  readonly undo: () => Promise<void>
}

/** Which device stands in which slot, as it can be changed and, for a while, changed back. */
export const useBindings = (): BindingsHook => {
  const inForce = useLayout()
  const [told, setTold] = useState<Layout>()
  const [outcome, setOutcome] = useState<Outcome>()
  const [last, setLast] = useState<{ readonly before: Bindings; readonly after: Bindings }>()
  // What a change answered is newer than what was asked for before it.
  const layout = (told?.version ?? 0) > (inForce?.version ?? 0) ? told : inForce

  useEffect(() => {
    if (outcome?.kind !== 'done') return undefined
    const timer = window.setTimeout(() => setOutcome(undefined), UNDO_MS)
    return () => window.clearTimeout(timer)
  }, [outcome])

  return {
    layout,
    outcome,
    change: async (change, step) => {
      setOutcome({ kind: 'sending' })
      // Asked anew, so that an undo leads back to what really was.
      const before = await askLayout()
      const after = before.kind === 'answer' ? await put(step) : before
      if (before.kind !== 'answer' || after.kind !== 'answer') {
        setOutcome({ kind: 'failed', refusal: after.kind === 'refused' ? after : undefined })
        return
      }
      setTold(after.value)
      setLast({ before: toBindings(before.value), after: toBindings(after.value) })
      setOutcome({ kind: 'done', change, slot: step.slot })
    },
    undo: async () => {
      if (last === undefined) return
      setOutcome({ kind: 'sending' })
      const now = await askLayout()
      if (now.kind === 'answer' && !isUntouched(last.before, last.after, toBindings(now.value))) {
        setOutcome({ kind: 'undo-changed' })
        return
      }
      let answer: Answer<Layout> = now
      for (const step of toSteps(last.after, last.before)) {
        if (answer.kind === 'answer') answer = await put(step)
      }
      if (answer.kind === 'answer') setTold(answer.value)
      setOutcome({ kind: answer.kind === 'answer' ? 'undone' : 'undo-failed' })
    },
  }
}

const put = ({ slot, device }: Step): Promise<Answer<Layout>> => {
  const by = readWho().trim()
  return tell(
    'POST',
    `/slots/${encodeURIComponent(slot)}/device`,
    { ...(device === undefined ? { device: null } : { device, move: true }), ...(by !== '' && { by }) },
    LayoutSchema,
  )
}
