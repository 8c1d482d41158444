import type { Presence, SlotSeries } from '@clearlane/protocol'
import type uPlot from 'uplot'
import { TRANSITION_SHAPES } from '../words/transitions.ts'
import type { Stretch } from './figures.ts'
import type { Span } from './span.ts'

/** What is painted around the lines of a chart, in the colours of the page. */
export type Scene = {
  readonly stretches: readonly Stretch[]
  readonly silent: readonly Span[]
  readonly marks: SlotSeries['marks']
  /** A moment that a link points at. */
  readonly atMs: number | undefined
}

export type Colours = Readonly<Record<ColourName, string>>
type ColourName = (typeof COLOUR_NAMES)[number]
const COLOUR_NAMES = [
  'text',
  'grid',
  'deviation',
  'x',
  'y',
  'z',
  'temperature',
  'threshold',
  'hatch',
  'occupied',
  'vacant',
  'unknown',
  'moment',
] as const

export const readColours = (element: Element): Colours => {
  const style = getComputedStyle(element)
  const entries = COLOUR_NAMES.map((name) => [name, style.getPropertyValue(`--chart-${name}`).trim()])
  return Object.fromEntries(entries) as Record<ColourName, string>
}

const STRIP_PX = 14
const HATCH_PX = 7

const toPixels = (plot: uPlot, atMs: number): number => plot.valToPos(atMs / 1000, 'x', true)

/** Silent stretches, below the lines: nobody knows what was there. */
export const paintSilence = (plot: uPlot, { silent }: Scene, colours: Colours): void => {
  const { top, height } = plot.bbox
  for (const { fromMs, toMs } of silent)
    hatch(plot, toPixels(plot, fromMs), top, toPixels(plot, toMs), height, colours.hatch)
}

/** Presence along the bottom: full where a vehicle stands, a line where none does, hatched where nobody knows. */
export const paintStrip = (plot: uPlot, { stretches }: Scene, colours: Colours): void => {
  const { ctx, bbox } = plot
  const height = STRIP_PX * devicePixelRatio
  const top = bbox.top + bbox.height - height
  const paint: Readonly<Record<Presence, (left: number, width: number) => void>> = {
    occupied: (left, width) => ctx.fillRect(left, top, width, height),
    vacant: (left, width) => ctx.fillRect(left, top + height * 0.7, width, height * 0.3),
    unknown: (left, width) => hatch(plot, left, top, left + width, height, colours.unknown),
  }
  inside(plot, () => {
    for (const { presence, fromMs, toMs } of stretches) {
      const left = toPixels(plot, fromMs)
      ctx.fillStyle = colours[presence]
      paint[presence](left, Math.max(devicePixelRatio, toPixels(plot, toMs) - left))
    }
  })
}

const SIGN_PX = 16
const isAlarm = ({ transition }: Scene['marks'][number]): number => Number(transition === 'confirmed')

/** Events as upright lines, with their signs on top, and the moment that a link points at. */
export const paintMarks = (
  plot: uPlot,
  { marks, atMs }: Scene,
  colours: Colours,
  isSigned: boolean,
): void => {
  const { ctx, bbox } = plot
  inside(plot, () => {
    ctx.font = `${14 * devicePixelRatio}px system-ui, sans-serif`
    ctx.textAlign = 'left'
    ctx.textBaseline = 'top'
    ctx.lineWidth = devicePixelRatio
    ctx.strokeStyle = colours.text
    ctx.fillStyle = colours.text
    const signed: number[] = []
    // Where signs would lie over each other the alarm's stands.
    for (const { transition, atMs: markedMs } of marks.toSorted((a, b) => isAlarm(b) - isAlarm(a))) {
      const left = toPixels(plot, markedMs)
      line(ctx, left, bbox.top, left, bbox.top + bbox.height, [3, 3])
      if (!isSigned || signed.some((other) => Math.abs(other - left) < SIGN_PX * devicePixelRatio)) continue
      signed.push(left)
      ctx.fillText(TRANSITION_SHAPES[transition], left + 2 * devicePixelRatio, bbox.top)
    }
    if (atMs === undefined) return
    ctx.lineWidth = 3 * devicePixelRatio
    ctx.strokeStyle = colours.moment
    line(ctx, toPixels(plot, atMs), bbox.top, toPixels(plot, atMs), bbox.top + bbox.height, [])
  })
}

const WORD_PX = 72

/** A level across the chart; its word stands in a place of its own, as two levels may lie close together. */
export const paintLevel = (
  plot: uPlot,
  microtesla: number,
  word: string,
  place: number,
  colours: Colours,
): void => {
  const { ctx, bbox } = plot
  const top = plot.valToPos(microtesla, 'y', true)
  inside(plot, () => {
    ctx.strokeStyle = colours.threshold
    ctx.lineWidth = 1.5 * devicePixelRatio
    line(ctx, bbox.left, top, bbox.left + bbox.width, top, [8, 4])
    ctx.fillStyle = colours.threshold
    ctx.font = `${13 * devicePixelRatio}px system-ui, sans-serif`
    ctx.textAlign = 'left'
    ctx.textBaseline = 'bottom'
    ctx.fillText(word, bbox.left + (4 + place * WORD_PX) * devicePixelRatio, top - devicePixelRatio)
  })
}

/** The name of a line at its last point that is seen: nobody has to tell lines apart by colour. */
export const paintName = (plot: uPlot, series: number, name: string, colour: string): void => {
  const { ctx, bbox, data } = plot
  const [times, values] = [data[0], data[series]]
  const { max } = plot.scales['x'] ?? {}
  if (values === undefined || max === undefined) return
  let index = times.length - 1
  while (index >= 0 && ((times[index] ?? 0) > max || values[index] === null)) index--
  const value = values[index]
  if (value === undefined || value === null) return
  inside(plot, () => {
    ctx.fillStyle = colour
    ctx.font = `600 ${14 * devicePixelRatio}px system-ui, sans-serif`
    ctx.textAlign = 'right'
    ctx.textBaseline = 'bottom'
    const left = Math.min(plot.valToPos(times[index] ?? 0, 'x', true), bbox.left + bbox.width)
    ctx.fillText(name, left - 4 * devicePixelRatio, plot.valToPos(value, 'y', true))
  })
}

const line = (
  ctx: CanvasRenderingContext2D,
  fromX: number,
  fromY: number,
  toX: number,
  toY: number,
  dash: readonly number[],
): void => {
  ctx.setLineDash(dash.map((length) => length * devicePixelRatio))
  ctx.beginPath()
  ctx.moveTo(fromX, fromY)
  ctx.lineTo(toX, toY)
  ctx.stroke()
}

/** Paints within the plotting area only. */
const inside = ({ ctx, bbox }: uPlot, paint: () => void): void => {
  ctx.save()
  ctx.beginPath()
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height)
  ctx.clip()
  paint()
  ctx.restore()
}

const hatch = (
  plot: uPlot,
  fromX: number,
  top: number,
  toX: number,
  height: number,
  colour: string,
): void => {
  const { ctx, bbox } = plot
  const [left, right] = [Math.max(fromX, bbox.left), Math.min(toX, bbox.left + bbox.width)]
  if (left >= right) return
  ctx.save()
  ctx.beginPath()
  ctx.rect(left, top, right - left, height)
  ctx.clip()
  ctx.strokeStyle = colour
  ctx.lineWidth = 1.5 * devicePixelRatio
  const step = HATCH_PX * devicePixelRatio
  // The stripes hang on the time axis, so that they move with it and do not crawl.
  for (let x = left - height - ((left - height - toPixels(plot, 0)) % step); x < right; x += step)
    line(ctx, x, top + height, x + height, top, [])
  ctx.restore()
}
