import type { Layout } from '@clearlane/protocol'
import { StatusSchema } from '@clearlane/protocol'
import { useMemo, useState } from 'react'
import { Link, useSearch } from 'wouter'
import { findCalibration } from '../../charts/calibration.ts'
import type { PanelName } from '../../charts/panels.ts'
import { SlotChart } from '../../charts/slot-chart.tsx'
import type { Span } from '../../charts/span.ts'
import { useSeries } from '../../charts/use-series.ts'
import { useAsk } from '../../live/ask.ts'
import { useConsole } from '../../live/use-console.ts'
import { useLayout } from '../../live/use-layout.ts'
import { Ago } from '../../parts/ago.tsx'
import { Tap } from '../../parts/tap.tsx'
import { toDevice, toEpisode, toGrafanaSlot } from '../../routes.ts'
import { useLanguage, useWords } from '../../words/language.ts'
import { PRESENCE_SHAPES, PRESENCE_WORDS } from '../../words/presences.ts'
import { toAgo, toMoment } from '../../words/time.ts'
import { SLOT_WORDS } from './slot-words.ts'
import './slots.css'
import type { LengthName, View } from './view.ts'
import { LENGTHS_MS, readAt, toFirstView, toSpan, toView } from './view.ts'

const PANELS: readonly PanelName[] = ['deviation', 'axes', 'temperature']
const LENGTH_NAMES = ['hours', 'day', 'week', 'month'] as const satisfies readonly LengthName[]

/** One slot: what is known of it now, and its field over an hour, a day, a week, a month, or any span by hand. */
export const SlotScreen = ({ slot }: { readonly slot: string }) => {
  const words = useWords(SLOT_WORDS)
  const layout = useLayout()
  const search = useSearch()
  if (layout === undefined) return null
  if (!layout.slots.some(({ id }) => id === slot)) return <p role="alert">{words.notFound}</p>
  return <Slot key={`${slot} ${search}`} slot={slot} layout={layout} atMs={readAt(search)} />
}

const Slot = ({
  slot,
  layout,
  atMs,
}: {
  readonly slot: string
  readonly layout: Layout
  readonly atMs: number | undefined
}) => {
  const words = useWords(SLOT_WORDS)
  const { nowMs } = useConsole()
  const [view, setView] = useState<View>(() => toFirstView(atMs))
  const span = nowMs === undefined ? undefined : toSpan(view, nowMs)
  const answer = useSeries(slot, span)
  const calibration = useMemo(() => findCalibration(layout, slot), [layout, slot])
  const change = (next: Span): void => {
    if (nowMs !== undefined) setView(toView(next, nowMs))
  }
  return (
    <article className="slot" data-testid="slot">
      <Head slot={slot} layout={layout} newestMs={answer.series?.atMs.at(-1)} />
      <div className="slot-lengths" role="group" aria-label={words.chart}>
        {LENGTH_NAMES.map((name) => (
          <Tap
            key={name}
            aria-pressed={view.kind === 'latest' && view.lengthMs === LENGTHS_MS[name]}
            onClick={() => setView({ kind: 'latest', lengthMs: LENGTHS_MS[name] })}
          >
            {words[name]}
          </Tap>
        ))}
      </div>
      {span !== undefined && nowMs !== undefined && (
        <SlotChart
          answer={answer}
          span={span}
          nowMs={nowMs}
          label={`${words.chart}, ${words.slot} ${slot}`}
          calibration={calibration}
          panels={PANELS}
          atMs={atMs}
          onSpan={change}
        />
      )}
      {span !== undefined && <ToGrafana slot={slot} span={span} />}
    </article>
  )
}

/** Where engineers look closer; nothing where there is no Grafana. */
const ToGrafana = ({ slot, span }: { readonly slot: string; readonly span: Span }) => {
  const words = useWords(SLOT_WORDS)
  const language = useLanguage()
  const status = useAsk('/status', StatusSchema)
  const grafanaUrl = status?.kind === 'answer' ? status.value.grafanaUrl : undefined
  if (grafanaUrl === undefined) return null
  const href = toGrafanaSlot(grafanaUrl, { ...span, slot, language, console: location.origin })
  return (
    <p className="slot-grafana">
      <a href={href} target="_blank" rel="noreferrer" data-testid="slot-grafana">
        {words.grafana}
      </a>
    </p>
  )
}

const Head = ({
  slot,
  layout,
  newestMs,
}: {
  readonly slot: string
  readonly layout: Layout
  readonly newestMs: number | undefined
}) => {
  const words = useWords(SLOT_WORDS)
  const presences = useWords(PRESENCE_WORDS)
  const language = useLanguage()
  const { state, nowMs } = useConsole()
  const placed = layout.slots.find(({ id }) => id === slot)
  const section = state.sections.get(placed?.section ?? '')
  const now = section?.slots.find((one) => one.slot === slot)
  const heardMs = Math.max(newestMs ?? 0, now?.lastHeardMs ?? 0)
  return (
    <header>
      <h1>
        {section?.name ?? placed?.section} · {slot}
      </h1>
      <p>{section?.laneName}</p>
      {now !== undefined && (
        <p className="slot-now">
          {words.presence}:{' '}
          <b>
            <span aria-hidden="true">{PRESENCE_SHAPES[now.presence]}</span> {presences[now.presence]}
          </b>{' '}
          {now.sinceMs !== undefined && nowMs !== undefined && (
            <>
              {words.since} <Ago atMs={now.sinceMs} nowMs={nowMs} lasting />
            </>
          )}
        </p>
      )}
      <p data-testid="slot-heard">
        {heardMs === 0 || nowMs === undefined ? (
          words.neverHeard
        ) : (
          <>
            {words.lastHeard} {toAgo(nowMs - heardMs, language)} ({toMoment(heardMs, language)})
          </>
        )}
      </p>
      <p>
        {placed?.device === undefined ? (
          words.noDevice
        ) : (
          <Link href={toDevice(placed.device)}>
            {words.device} {placed.device}
          </Link>
        )}{' '}
        {section?.episode !== undefined && <Link href={toEpisode(section.episode)}>{words.episode}</Link>}
      </p>
      <p>
        <small>{words.history}</small>
      </p>
    </header>
  )
}
