import type { SlotSeries } from '@clearlane/protocol'
import { SlotSeriesSchema } from '@clearlane/protocol'
import { useEffect, useState } from 'react'
import type { Answer } from '../live/ask.ts'
import { ask } from '../live/ask.ts'
import type { Span } from './span.ts'
import { widen } from './span.ts'

/** Of a chart twice as wide as what is seen; the platform gives 2,000 at most. */
const POINTS = 1_600
/** A hand that drags asks once, when it rests. */
const REST_MS = 150

export type SeriesAnswer = {
  /** The newest that arrived: a failure does not take it away. */
  readonly series: SlotSeries | undefined
  readonly failure: Exclude<Answer<SlotSeries>, { readonly kind: 'answer' }> | undefined
  readonly isLoading: boolean
  readonly retry: () => void
}

/** Readings of a slot over the span seen and half of it on either side, asked for again whenever it changes. */
export const useSeries = (slot: string, span: Span | undefined): SeriesAnswer => {
  const [series, setSeries] = useState<SlotSeries>()
  const [failure, setFailure] = useState<SeriesAnswer['failure']>()
  const [isLoading, setLoading] = useState(false)
  const [attempt, setAttempt] = useState(0)
  const { fromMs, toMs } = span === undefined ? { fromMs: undefined, toMs: undefined } : widen(span)
  useEffect(() => {
    if (fromMs === undefined || toMs === undefined) return undefined
    const abort = new AbortController()
    const load = async (): Promise<void> => {
      setLoading(true)
      const path = `/slots/${encodeURIComponent(slot)}/series?from=${fromMs}&to=${toMs}&points=${POINTS}`
      const answer = await ask(path, SlotSeriesSchema, { signal: abort.signal })
      if (abort.signal.aborted) return
      setLoading(false)
      setFailure(answer.kind === 'answer' ? undefined : answer)
      if (answer.kind === 'answer') setSeries(answer.value)
    }
    const timer = window.setTimeout(() => void load(), REST_MS)
    return () => {
      window.clearTimeout(timer)
      abort.abort()
    }
  }, [slot, fromMs, toMs, attempt])
  return {
    series: series?.slot === slot ? series : undefined,
    failure,
    isLoading,
    retry: () => setAttempt((before) => before + 1),
  }
}
