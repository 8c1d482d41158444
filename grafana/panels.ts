import type { HistoryField, HistoryMeasurementName } from '@clearlane/protocol'
import { HISTORY_TABLE } from '@clearlane/protocol'
import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog'
import {
  BigValueColorMode,
  BigValueGraphMode,
  BigValueTextMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  SortOrder,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common'
import type { DynamicConfigValue, ValueMapping } from '@grafana/grafana-foundation-sdk/dashboard'
import {
  FieldColorBuilder,
  FieldColorModeId,
  ThresholdsConfigBuilder,
  ThresholdsMode,
} from '@grafana/grafana-foundation-sdk/dashboard'
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat'
import { PanelBuilder as StateTimelineBuilder } from '@grafana/grafana-foundation-sdk/statetimeline'
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table'
import { PanelBuilder as TimeseriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries'
import { HISTORY } from './data-sources.ts'

/** The house's panels: what they share is here, what one of them asks and says is in its dashboard. */
export const WIDTH = 24

type Queries = readonly Builder<Dataquery>[]
export type Size = { readonly width: number; readonly height: number }

const UNITS: Readonly<Record<HistoryField['unit'], string>> = {
  '': 'short',
  nT: 'suffix: nT',
  '°C': 'celsius',
  mV: 'mvolt',
  dBm: 'dBm',
  dB: 'dB',
  ms: 'ms',
  B: 'bytes',
}

/** Grafana's name of the unit that the table of the history gives a field. */
export const unitOf = (measurement: HistoryMeasurementName, name: string): string => {
  const fields: Readonly<Record<string, HistoryField>> = HISTORY_TABLE[measurement].fields
  const field = fields[name]
  if (field === undefined) throw new Error(`${measurement} has no field ${name}`)
  return UNITS[field.unit]
}

export const timeSeries = (title: string, { width, height }: Size, queries: Queries): TimeseriesBuilder =>
  new TimeseriesBuilder()
    .title(title)
    .datasource(HISTORY)
    .span(width)
    .height(height)
    .targets([...queries])
    .lineWidth(2)
    .showPoints(VisibilityMode.Auto)
    .legend(
      new VizLegendOptionsBuilder()
        .showLegend(true)
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending))

/** A number or a state, large enough to be read from across a room. */
export const stat = (title: string, { width, height }: Size, queries: Queries): StatBuilder =>
  new StatBuilder()
    .title(title)
    .datasource(HISTORY)
    .span(width)
    .height(height)
    .targets([...queries])
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false))
    .graphMode(BigValueGraphMode.None)
    .textMode(BigValueTextMode.Auto)
    .colorMode(BigValueColorMode.None)

/** As `stat`, of what was said in the last minutes only: what is older is not known now. */
export const statNow = (title: string, size: Size, queries: Queries): StatBuilder =>
  stat(title, size, queries).timeFrom('5m')

export const stateTimeline = (
  title: string,
  { width, height }: Size,
  queries: Queries,
  mappings: ValueMapping[],
): StateTimelineBuilder =>
  new StateTimelineBuilder()
    .title(title)
    .datasource(HISTORY)
    .span(width)
    .height(height)
    .targets([...queries])
    .mappings(mappings)
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Thresholds))
    .showValue(VisibilityMode.Auto)
    .mergeValues(true)
    .rowHeight(0.85)
    .fillOpacity(90)
    .lineWidth(0)
    .legend(new VizLegendOptionsBuilder().showLegend(false))

/** What a column of a table is called and how its values are shown; `undefined` as a name hides it. */
export type Column = {
  readonly name: string | undefined
  readonly unit?: string
  readonly mappings?: ValueMapping[]
  readonly decimals?: number
  readonly link?: { readonly title: string; readonly url: string }
  readonly width?: number
}

export const table = (
  title: string,
  { width, height }: Size,
  queries: Queries,
  columns: Readonly<Record<string, Column>>,
): TableBuilder => {
  const panel = new TableBuilder()
    .title(title)
    .datasource(HISTORY)
    .span(width)
    .height(height)
    .targets([...queries])
    .filterable(true)
  for (const [key, column] of Object.entries(columns)) panel.overrideByName(key, toProperties(column))
  return panel
}

const toProperties = ({ name, unit, mappings, decimals, link, width }: Column): DynamicConfigValue[] => {
  if (name === undefined) return [{ id: 'custom.hidden', value: true }]
  return [
    { id: 'displayName', value: name },
    ...(unit === undefined ? [] : [{ id: 'unit', value: unit }]),
    ...(decimals === undefined ? [] : [{ id: 'decimals', value: decimals }]),
    ...(width === undefined ? [] : [{ id: 'custom.width', value: width }]),
    ...(link === undefined ? [] : [{ id: 'links', value: [link] }]),
    ...(mappings === undefined
      ? []
      : [
          { id: 'mappings', value: mappings },
          { id: 'custom.cellOptions', value: { type: 'color-text' } },
        ]),
  ]
}

/** What a series is called, by the name that its query gives it. */
export const named = (name: string, more: readonly DynamicConfigValue[] = []): DynamicConfigValue[] => [
  { id: 'displayName', value: name },
  ...more,
]
export const DASHED: DynamicConfigValue = { id: 'custom.lineStyle', value: { fill: 'dash', dash: [8, 8] } }
export const STEPPED: DynamicConfigValue = { id: 'custom.lineInterpolation', value: 'stepAfter' }
export const POINTS: DynamicConfigValue = { id: 'custom.drawStyle', value: 'points' }
export const colored = (color: string): DynamicConfigValue => ({
  id: 'color',
  value: { mode: 'fixed', fixedColor: color },
})
export const linked = (link: { readonly title: string; readonly url: string }): DynamicConfigValue => ({
  id: 'links',
  value: [link],
})
/** Counts by window, one upon the other. */
export const BARS: DynamicConfigValue[] = [
  { id: 'custom.drawStyle', value: 'bars' },
  { id: 'custom.fillOpacity', value: 80 },
  { id: 'custom.stacking', value: { mode: 'normal', group: 'A' } },
]
/** The rules call a battery low below this, unless a lane says otherwise. */
export const LOW_BATTERY_MV = 3_100
export const LOW_BATTERY = new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps([
  { value: null, color: 'red' },
  { value: LOW_BATTERY_MV, color: 'orange' },
  { value: LOW_BATTERY_MV + 200, color: 'green' },
])
