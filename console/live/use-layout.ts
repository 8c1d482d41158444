import type { Layout } from '@clearlane/protocol'
import { LayoutSchema } from '@clearlane/protocol'
import { useEffect, useState } from 'react'
import type { Answer } from './ask.ts'
import { ask, useAsk } from './ask.ts'
import { LAYOUT, peekAnswer } from './early.ts'
import { keepLayout, recallLayout } from './last-state.ts'
import { useConsole } from './use-console.ts'

/** The layout in force: asked for anew when the feed tells of another, and after each loss; the last one until then. */
export const useLayout = (): Layout | undefined => {
  const { state } = useConsole()
  const [last, setLast] = useState(firstLayout)
  const answer = useAsk(state.isConnected ? pathOf(state.layoutVersion) : undefined, LayoutSchema)
  const layout = answer?.kind === 'answer' ? answer.value : undefined
  useEffect(() => {
    if (layout === undefined) return
    setLast(layout)
    keepLayout(layout)
  }, [layout])
  return layout ?? last
}

/** What the first picture is drawn from: the answer, if it has come by now. */
const firstLayout = (): Layout | undefined =>
  LayoutSchema.safeParse(peekAnswer(LAYOUT)).data ?? recallLayout()

/** One version of the layout, which never changes. */
export const useLayoutVersion = (version: number): Answer<Layout> | undefined =>
  useAsk(pathOf(version), LayoutSchema)

/** Asks once, for who is about to change it: a version, or the one in force. */
export const askLayout = (version?: number): Promise<Answer<Layout>> => ask(pathOf(version), LayoutSchema)

const pathOf = (version: number | undefined): string =>
  version === undefined ? '/layout' : `/layout?version=${version}`
