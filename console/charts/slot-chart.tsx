import type { SlotSeries } from '@clearlane/protocol'
import { lazy, Suspense, useMemo, useState } from 'react'
import { Tap } from '../parts/tap.tsx'
import { toReason } from '../words/evidence.ts'
import { localeOf, useLanguage, useWords } from '../words/language.ts'
import { toRefusal } from '../words/refusals.ts'
import { PRESENCE_SHAPES, PRESENCE_WORDS } from '../words/presences.ts'
import { toAge, toMoment } from '../words/time.ts'
import { TRANSITION_SHAPES, TRANSITION_WORDS } from '../words/transitions.ts'
import './charts.css'
import type { Field, Figures } from './figures.ts'
import { toFigures, toStretches, toSummary } from './figures.ts'
import type { PanelName } from './panels.ts'
import type { Span } from './span.ts'
import { isInside, shift, zoom } from './span.ts'
import type { SeriesAnswer } from './use-series.ts'
import { CHART_WORDS } from './words.ts'

const SlotPlots = lazy(async () => ({ default: (await import('./slot-plots.tsx')).SlotPlots }))

const STEP = 0.5
const FACTOR = 2
/** In words only the last of them: nobody listens to more. */
const MAX_ROWS = 50

type SlotChartProps = {
  readonly answer: SeriesAnswer
  readonly span: Span
  readonly nowMs: number
  readonly label: string
  readonly calibration: Field | undefined
  readonly panels: readonly PanelName[]
  readonly atMs?: number | undefined
  /** Without it the chart stands still. */
  readonly onSpan?: (span: Span) => void
}

/** One slot over a span: drawn, with what is pointed at as text, and the whole of it in words. */
export const SlotChart = (props: SlotChartProps) => {
  const { answer, span, label, onSpan } = props
  const words = useWords(CHART_WORDS)
  const language = useLanguage()
  const { series, failure, isLoading, retry } = answer
  return (
    <div className="chart" data-testid="chart" data-loading={isLoading} data-readings={series?.readings}>
      {series === undefined ? (
        failure === undefined && <p className="chart-note">{words.loading}</p>
      ) : (
        <Drawn {...props} series={series} />
      )}
      {failure !== undefined && (
        <p className="chart-note" role="alert">
          {words.failed} {failure.kind === 'refused' && toRefusal(failure, language)}{' '}
          <Tap onClick={retry}>{words.retry}</Tap>
        </p>
      )}
      {onSpan !== undefined && (
        <div className="chart-buttons" role="group" aria-label={label}>
          <Tap onClick={() => onSpan(shift(span, -STEP))}>← {words.earlier}</Tap>
          <Tap onClick={() => onSpan(shift(span, STEP))}>{words.later} →</Tap>
          <Tap onClick={() => onSpan(zoom(span, 1 / FACTOR))}>+ {words.zoomIn}</Tap>
          <Tap onClick={() => onSpan(zoom(span, FACTOR))}>− {words.zoomOut}</Tap>
        </div>
      )}
    </div>
  )
}

const Drawn = ({
  series,
  span,
  nowMs,
  label,
  calibration,
  panels,
  atMs,
  onSpan,
}: SlotChartProps & { readonly series: SlotSeries }) => {
  const words = useWords(CHART_WORDS)
  const [pointed, setPointed] = useState<number>()
  const figures = useMemo(() => toFigures(series, calibration), [series, calibration])
  // Between two answers nothing new is known, so the strip need not grow with every tick.
  const scene = useMemo(
    () => ({
      stretches: toStretches(series, nowMs),
      silent: series.silent,
      marks: series.marks,
      atMs,
      onNt: series.onNt,
      offNt: series.offNt,
      words: { on: words.on, off: words.off },
    }),
    [series, atMs, words],
  )
  return (
    <>
      <Suspense fallback={<p className="chart-note">{words.loading}</p>}>
        <SlotPlots
          figures={figures}
          scene={scene}
          span={span}
          panels={panels}
          label={onSpan === undefined ? label : `${label}. ${words.keys}`}
          onCursor={setPointed}
          {...(onSpan !== undefined && { onSpan })}
        />
      </Suspense>
      <PointedAt figures={figures} index={pointed} span={span} />
      {onSpan !== undefined && <Key />}
      <InWords series={series} figures={figures} span={span} nowMs={nowMs} />
    </>
  )
}

/** The reading pointed at, else the newest in sight. */
const PointedAt = ({
  figures,
  index,
  span,
}: {
  readonly figures: Figures
  readonly index: number | undefined
  readonly span: Span
}) => {
  const words = useWords(CHART_WORDS)
  const language = useLanguage()
  const row =
    index ??
    figures.atS.findLastIndex((atS, at) => isInside(atS * 1000, span) && figures.axes[0][at] !== null)
  const atS = figures.atS[row]
  if (atS === undefined) return <p className="chart-note chart-reading">{words.empty}</p>
  const digits = { minimumFractionDigits: 1, maximumFractionDigits: 1 }
  const say = (value: number | null | undefined, unit: string): string =>
    value === null || value === undefined
      ? '–'
      : `${value.toLocaleString(localeOf(language), digits)} ${unit}`
  const [x, y, z] = figures.axes.map((column) => say(column[row], ''))
  return (
    <p className="chart-note chart-reading">
      {toMoment(Math.round(atS * 1000), language)} · {words.deviation}{' '}
      <b>{say(figures.deviation[row], 'µT')}</b> · X {x} Y {y} Z {z} µT ·{' '}
      {say(figures.temperature[row], '°C')}
    </p>
  )
}

const Key = () => {
  const words = useWords(CHART_WORDS)
  const presences = useWords(PRESENCE_WORDS)
  return (
    <p className="chart-note">
      {words.strip}: <span className="blocked">█</span> {presences.occupied} ·{' '}
      <span className="clear">▁</span> {presences.vacant} · ▨ {presences.unknown}. {words.silent}
    </p>
  )
}

const InWords = ({
  series,
  figures,
  span,
  nowMs,
}: {
  readonly series: SlotSeries
  readonly figures: Figures
  readonly span: Span
  readonly nowMs: number
}) => {
  const words = useWords(CHART_WORDS)
  const presences = useWords(PRESENCE_WORDS)
  const transitions = useWords(TRANSITION_WORDS)
  const language = useLanguage()
  const summary = useMemo(() => toSummary(series, figures, span, nowMs), [series, figures, span])
  const changes = series.presence.filter(({ sinceMs }) => isInside(sinceMs, span)).slice(-MAX_ROWS)
  const marks = series.marks.filter((mark) => isInside(mark.atMs, span)).slice(-MAX_ROWS)
  const age = (ms: number): string => (ms === 0 ? words.none : toAge(ms, language))
  return (
    <details data-testid="chart-words">
      <summary>{words.summary}</summary>
      <div className="chart-words">
        <p>
          {words.span}: {toMoment(span.fromMs, language)} – {toMoment(span.toMs, language)}.{' '}
          {summary.highest === undefined
            ? words.empty
            : `${words.highest}: ${summary.highest.microtesla.toFixed(1)} µT, ${toMoment(summary.highest.atMs, language)}. `}
          {words.occupiedFor}: {age(summary.occupiedMs)}. {words.unknownFor}: {age(summary.unknownMs)}.{' '}
          {words.silentFor}: {age(summary.silentMs)}. {words.events}: {summary.events}.
        </p>
        {changes.length > 0 && (
          <table>
            <thead>
              <tr>
                <th scope="col">{words.presenceSince}</th>
                <th scope="col">{words.presence}</th>
                <th scope="col">{words.why}</th>
              </tr>
            </thead>
            <tbody>
              {changes.map(({ sinceMs, presence, evidence }) => (
                <tr key={`${sinceMs} ${presence}`}>
                  <td>{toMoment(sinceMs, language)}</td>
                  <td>
                    {PRESENCE_SHAPES[presence]} {presences[presence]}
                  </td>
                  <td>{toReason(evidence.reason, language)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
        {marks.length > 0 && (
          <ul>
            {marks.map((mark) => (
              <li key={`${mark.episode} ${mark.transition} ${mark.atMs}`}>
                {TRANSITION_SHAPES[mark.transition]} {transitions[mark.transition]} ·{' '}
                {toMoment(mark.atMs, language)}
              </li>
            ))}
          </ul>
        )}
      </div>
    </details>
  )
}
