import type { Layout } from '@clearlane/protocol'
import { LayoutSchema } from '@clearlane/protocol'
import { useEffect, useState } from 'react'
import { useAsk } from './ask.ts'
import { keepLayout, recallLayout } from './last-state.ts'
import { useConsole } from './use-console.ts'

/** The layout in force: asked for anew when the feed tells of another, and after each loss; the last one until then. */
export const useLayout = (): Layout | undefined => {
  const { state } = useConsole()
  const [last, setLast] = useState(recallLayout)
  const path = state.layoutVersion === undefined ? '/layout' : `/layout?version=${state.layoutVersion}`
  const answer = useAsk(state.isConnected ? path : undefined, LayoutSchema)
  const layout = answer?.kind === 'answer' ? answer.value : undefined
  useEffect(() => {
    if (layout === undefined) return
    setLast(layout)
    keepLayout(layout)
  }, [layout])
  return layout ?? last
}
