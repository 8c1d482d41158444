import uPlot from 'uplot'
import type { Language } from '../words/language.ts'
import { localeOf } from '../words/language.ts'
import type { Figures } from './figures.ts'
import { toMicrotesla } from './figures.ts'
import type { Colours, Scene } from './paint.ts'
import { paintLevel, paintMarks, paintName, paintSilence, paintStrip } from './paint.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS } from './span.ts'

export type PanelName = 'deviation' | 'axes' | 'temperature'

const HEIGHTS_PX: Readonly<Record<PanelName, number>> = { deviation: 200, axes: 200, temperature: 130 }
export const AXIS_PX = 52

/** What a panel shows now; read anew whenever it is painted. */
export type PanelScene = Scene & {
  readonly onNt: number | undefined
  readonly offNt: number | undefined
  readonly words: { readonly on: string; readonly off: string }
}

type Panel = {
  readonly columns: (figures: Figures) => uPlot.AlignedData
  readonly series: (colours: Colours) => uPlot.Series[]
  readonly range: (min: number | null, max: number | null, scene: PanelScene) => [number, number]
  readonly unit: string
}

const solid = (stroke: string): uPlot.Series => ({ stroke, width: 2, points: { show: false } })
const dashed = (stroke: string): uPlot.Series => ({ ...solid(stroke), width: 1.5, dash: [6, 5] })
const padded = (min: number | null, max: number | null, least: number): [number, number] => {
  if (min === null || max === null) return [0, least]
  const pad = Math.max((max - min) * 0.1, (least - (max - min)) / 2)
  return [min - pad, max + pad]
}

export const PANELS: Readonly<Record<PanelName, Panel>> = {
  deviation: {
    columns: ({ atS, deviation }) => [atS, deviation],
    series: (colours) => [solid(colours.deviation)],
    // The strip lies along the bottom, and the threshold is in sight also where nothing comes near it.
    range: (_min, max, { onNt }) => {
      const top = Math.max(max ?? 0, toMicrotesla(onNt ?? 1_000) * 1.6) * 1.15
      return [-top * 0.14, top]
    },
    unit: 'µT',
  },
  axes: {
    columns: ({ atS, axes, baselines }) => [atS, ...axes, ...baselines],
    series: ({ x, y, z }) => [solid(x), solid(y), solid(z), dashed(x), dashed(y), dashed(z)],
    range: (min, max) => padded(min, max, 4),
    unit: 'µT',
  },
  temperature: {
    columns: ({ atS, temperature }) => [atS, temperature],
    series: (colours) => [solid(colours.temperature)],
    range: (min, max) => padded(min, max, 4),
    unit: '°C',
  },
}

export const toColumns = (name: PanelName, figures: Figures): uPlot.AlignedData =>
  PANELS[name].columns(figures)

/** How one panel is drawn; `scene` is asked whenever it is painted, `onCursor` told which point is pointed at. */
export const toOptions = (
  name: PanelName,
  width: number,
  colours: Colours,
  language: Language,
  scene: () => PanelScene | undefined,
  onCursor: (index: number | undefined) => void,
): uPlot.Options => {
  const { series, range, unit } = PANELS[name]
  const axis = { stroke: colours.text, font: '14px system-ui, sans-serif', grid: { stroke: colours.grid } }
  const below = (plot: uPlot): void => {
    const now = scene()
    if (now !== undefined) paintSilence(plot, now, colours)
  }
  const above = (plot: uPlot): void => {
    const now = scene()
    if (now === undefined) return
    paintMarks(plot, now, colours, name === 'deviation')
    if (name === 'axes') {
      for (const [index, axisName] of (['x', 'y', 'z'] as const).entries())
        paintName(plot, index + 1, axisName.toUpperCase(), colours[axisName])
    }
    if (name !== 'deviation') return
    if (now.onNt !== undefined) paintLevel(plot, toMicrotesla(now.onNt), now.words.on, 0, colours)
    if (now.offNt !== undefined) paintLevel(plot, toMicrotesla(now.offNt), now.words.off, 1, colours)
    paintStrip(plot, now, colours)
  }
  return {
    width,
    height: HEIGHTS_PX[name],
    padding: [8, 8, 0, 0],
    legend: { show: false },
    cursor: {
      drag: { x: false, y: false },
      points: { show: false },
      y: false,
      sync: { key: 'slot', setSeries: false },
    },
    scales: {
      x: { time: true, auto: false },
      y: { range: (_plot, min, max) => range(min, max, scene() ?? NOTHING) },
    },
    series: [{}, ...series(colours)],
    axes: [
      {
        ...axis,
        size: 34,
        space: 84,
        values: (_plot, splits, _axis, _space, stepS) => toTicks(splits, stepS, language),
      },
      {
        ...axis,
        size: AXIS_PX,
        space: 32,
        values: (_plot, splits) =>
          splits.map((value) => (value < 0 && name === 'deviation' ? '' : `${value}`)),
        label: unit,
        labelSize: 0,
      },
    ],
    hooks: {
      drawClear: [below],
      draw: [above],
      setCursor: [(plot) => onCursor(plot.cursor.idx ?? undefined)],
    },
  }
}

const NOTHING: PanelScene = {
  stretches: [],
  silent: [],
  marks: [],
  atMs: undefined,
  onNt: undefined,
  offNt: undefined,
  words: { on: '', off: '' },
}

/** Times below a chart as a clock of the reader's language writes them; a day's first has the date. */
const toTicks = (splits: readonly number[], stepS: number, language: Language): string[] => {
  const stepMs = stepS * 1000
  const locale = localeOf(language)
  const date = new Intl.DateTimeFormat(locale, { month: 'numeric', day: 'numeric' })
  const time = new Intl.DateTimeFormat(locale, {
    hour: '2-digit',
    minute: '2-digit',
    ...(stepMs < MINUTE_MS && { second: '2-digit' }),
    hourCycle: 'h23',
  })
  return splits.map((atS) => {
    const at = new Date(atS * 1000)
    const isMidnight = at.getHours() === 0 && at.getMinutes() === 0
    return stepMs >= DAY_MS || (isMidnight && stepMs >= HOUR_MS) ? date.format(at) : time.format(at)
  })
}

export const createPlot = (options: uPlot.Options, data: uPlot.AlignedData, parent: HTMLElement): uPlot =>
  new uPlot(options, data, parent)
