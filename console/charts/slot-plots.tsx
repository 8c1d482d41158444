import 'uplot/dist/uPlot.min.css'
import type uPlot from 'uplot'
import { useEffect, useRef, useState } from 'react'
import { useLanguage, useWords } from '../words/language.ts'
import type { Figures } from './figures.ts'
import type { PanelName, PanelScene } from './panels.ts'
import { AXIS_PX, createPlot, PANELS, toColumns, toOptions } from './panels.ts'
import { readColours } from './paint.ts'
import type { Span } from './span.ts'
import { useGestures } from './use-gestures.ts'
import { CHART_WORDS } from './words.ts'

export type SlotPlotsProps = {
  readonly figures: Figures
  readonly scene: PanelScene
  readonly span: Span
  readonly panels: readonly PanelName[]
  /** What a screen reader says of it. */
  readonly label: string
  readonly onSpan?: (span: Span) => void
  /** The row that is pointed at, if any. */
  readonly onCursor: (index: number | undefined) => void
}

/** The canvases of a slot's chart, one below the other over the same time. Loaded when first needed. */
export const SlotPlots = ({ figures, scene, span, panels, label, onSpan, onCursor }: SlotPlotsProps) => {
  const words = useWords(CHART_WORDS)
  const language = useLanguage()
  const isDark = useIsDark()
  const box = useRef<HTMLDivElement>(null)
  const plots = useRef<readonly { readonly name: PanelName; readonly plot: uPlot }[]>([])
  const shown = useRef({ scene, figures, span, onCursor })
  shown.current = { scene, figures, span, onCursor }
  const names = panels.join(' ')

  useEffect(() => {
    const parent = box.current
    if (parent === null) return undefined
    const colours = readColours(parent)
    const made = panels.flatMap((name) => {
      const place = parent.querySelector<HTMLElement>(`[data-panel="${name}"]`)
      if (place === null) return []
      const options = toOptions(
        name,
        parent.clientWidth,
        colours,
        language,
        () => shown.current.scene,
        (index) => shown.current.onCursor(index),
      )
      return [{ name, plot: createPlot(options, toColumns(name, shown.current.figures), place) }]
    })
    plots.current = made
    for (const { plot } of made) showSpan(plot, shown.current.span)
    const watch = new ResizeObserver(() => {
      for (const { plot } of made) plot.setSize({ width: parent.clientWidth, height: plot.height })
    })
    watch.observe(parent)
    return () => {
      watch.disconnect()
      for (const { plot } of made) plot.destroy()
      plots.current = []
    }
    // A panel list is the same when its names are.
  }, [names, language, isDark])

  useEffect(() => {
    for (const { name, plot } of plots.current) plot.setData(toColumns(name, figures), false)
    for (const { plot } of plots.current) showSpan(plot, shown.current.span)
  }, [figures])
  useEffect(() => {
    for (const { plot } of plots.current) showSpan(plot, span)
  }, [span.fromMs, span.toMs, scene])

  useGestures(box, AXIS_PX, span, onSpan, (share) => {
    for (const { plot } of plots.current) plot.setCursor({ left: share * plot.over.clientWidth, top: 0 })
  })
  return (
    <div ref={box} className="chart-plots" role="group" tabIndex={0} aria-label={label}>
      {panels.map((name) => (
        <div key={name}>
          <p className="chart-panel-title">
            {words[name]} ({PANELS[name].unit}) {name === 'axes' && <small>· {words.baseline}</small>}
          </p>
          <div data-panel={name} />
        </div>
      ))}
    </div>
  )
}

const showSpan = (plot: uPlot, { fromMs, toMs }: Span): void =>
  plot.setScale('x', { min: fromMs / 1000, max: toMs / 1000 })

const DARK = '(prefers-color-scheme: dark)'
/** Colours on a canvas do not follow the page by themselves. */
const useIsDark = (): boolean => {
  const [isDark, setDark] = useState(() => matchMedia(DARK).matches)
  useEffect(() => {
    const query = matchMedia(DARK)
    const take = (): void => setDark(query.matches)
    query.addEventListener('change', take)
    return () => query.removeEventListener('change', take)
  }, [])
  return isDark
}
