import type { EpisodeDetail, EpisodeView, Layout } from '@clearlane/protocol'
import { useMemo, useState } from 'react'
import { Link } from 'wouter'
import { findCalibration } from '../../charts/calibration.ts'
import type { PanelName } from '../../charts/panels.ts'
import { SlotChart } from '../../charts/slot-chart.tsx'
import type { Span } from '../../charts/span.ts'
import { keepBefore, LONGEST_MS, MINUTE_MS } from '../../charts/span.ts'
import { useSeries } from '../../charts/use-series.ts'
import { startOf } from '../../live/state.ts'
import { useConsole } from '../../live/use-console.ts'
import { toSlot } from '../../routes.ts'
import { useWords } from '../../words/language.ts'
import { EPISODE_WORDS } from './episode-words.ts'
import { findNeighbours } from './neighbours.ts'

const AROUND_MS = 10 * MINUTE_MS
/** An open episode's chart goes on in steps, so that it is not asked for every second. */
const STEP_MS = MINUTE_MS

const OWN_PANELS: readonly PanelName[] = ['deviation', 'axes']
const NEIGHBOUR_PANELS: readonly PanelName[] = ['deviation']

/** The field of the slot that was first occupied, from before the episode to after it, and of the slots beside it. */
export const FieldAround = ({
  view,
  events,
  layout,
}: {
  readonly view: EpisodeView
  readonly events: EpisodeDetail['events']
  readonly layout: Layout | undefined
}) => {
  const words = useWords(EPISODE_WORDS)
  const { nowMs } = useConsole()
  const [moved, setMoved] = useState<Span>()
  const slot = events.flatMap(({ event }) => event.evidence.map((one) => one.slot))[0]
  const neighbours = useMemo(
    () => (layout === undefined || slot === undefined ? [] : findNeighbours(layout, slot)),
    [layout, slot],
  )
  if (slot === undefined || nowMs === undefined) return null
  const startMs = startOf(view)
  const steppedMs = Math.ceil(nowMs / STEP_MS) * STEP_MS
  const isOpen = view.episode.end === undefined
  const endMs = isOpen ? steppedMs : (view.episode.endedMs ?? view.receivedMs) + AROUND_MS
  const fromMs = startMs - AROUND_MS
  // Of a stay of months its beginning is shown.
  const span = moved ?? { fromMs, toMs: Math.min(endMs, steppedMs, fromMs + LONGEST_MS) }
  const common = { span, nowMs, layout, atMs: startMs }
  return (
    <>
      <section>
        <h2>
          {words.field} · {words.slot} {slot}
        </h2>
        <p>
          {words.fieldHint} · <Link href={toSlot(slot, startMs)}>{words.openSlot}</Link>
        </p>
        <SlotField
          {...common}
          slot={slot}
          panels={OWN_PANELS}
          label={`${words.field}, ${words.slot} ${slot}`}
          onSpan={(next) => setMoved(keepBefore(next, steppedMs))}
        />
      </section>
      {neighbours.length > 0 && (
        <section>
          <h2>{words.neighbours}</h2>
          {neighbours.map((one) => (
            <div key={one.slot} data-testid={`neighbour-${one.slot}`}>
              <h3>
                <Link href={toSlot(one.slot, startMs)}>
                  {one.sectionName} · {one.slot}
                </Link>
              </h3>
              <SlotField
                {...common}
                slot={one.slot}
                panels={NEIGHBOUR_PANELS}
                label={`${words.field}, ${words.slot} ${one.slot}`}
              />
            </div>
          ))}
        </section>
      )}
    </>
  )
}

const SlotField = ({
  slot,
  layout,
  ...rest
}: {
  readonly slot: string
  readonly layout: Layout | undefined
  readonly span: Span
  readonly nowMs: number
  readonly atMs: number
  readonly panels: readonly PanelName[]
  readonly label: string
  readonly onSpan?: (span: Span) => void
}) => {
  const answer = useSeries(slot, rest.span)
  const calibration = useMemo(() => findCalibration(layout, slot), [layout, slot])
  return <SlotChart {...rest} answer={answer} calibration={calibration} />
}
