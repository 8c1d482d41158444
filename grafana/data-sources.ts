import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog'
import type { DataSourceRef } from '@grafana/grafana-foundation-sdk/common'
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus'

/** InfluxDB, or the platform's own `/query`. */
export const HISTORY: Required<DataSourceRef> = { type: 'influxdb', uid: 'clearlane-history' }
export const METRICS: Required<DataSourceRef> = { type: 'prometheus', uid: 'clearlane-metrics' }

/** A query as Grafana's InfluxDB plugin keeps it; the SDK has no builder for it. */
type InfluxQuery = Dataquery & {
  readonly refId: string
  readonly datasource: DataSourceRef
  readonly rawQuery: true
  readonly query: string
  readonly resultFormat: 'time_series' | 'table'
  readonly alias?: string
  readonly hide?: true
}

type InfluxqlOptions = {
  readonly refId?: string
  readonly format?: InfluxQuery['resultFormat']
  /** The name of a series: `$col` is the column, `$tag_x` the value of a tag. */
  readonly alias?: string
  /** An input of an expression only, not to be drawn. */
  readonly isInput?: boolean
}

export const influxql = (
  query: string,
  { refId = 'A', format = 'time_series', alias, isInput = false }: InfluxqlOptions = {},
): Builder<Dataquery> => ({
  build: (): InfluxQuery => ({
    _implementsDataqueryVariant: () => {},
    refId,
    datasource: HISTORY,
    rawQuery: true,
    query,
    resultFormat: format,
    ...(alias === undefined ? {} : { alias }),
    ...(isInput ? { hide: true } : {}),
  }),
})

export const promql = (expression: string, legend: string, refId = 'A'): Builder<Dataquery> =>
  new DataqueryBuilder()
    .refId(refId)
    .datasource(METRICS)
    .expr(expression)
    .legendFormat(legend)
    .format(PromQueryFormat.TimeSeries)
    .range()

/** The variables of a dashboard as conditions; each takes several values, or all. */
export const OF_SITE = '"site" =~ /^$site$/'
export const OF_SECTION = '"section" =~ /^$section$/'
export const OF_GATEWAY = '"gateway" =~ /^$gateway$/'
export const OF_SLOT = '"slot" =~ /^$slot$/'
export const OF_SECTION_OF_SLOT = '"section" =~ /^$sectionOfSlot$/'

/**
 * What is told on a change only stood before the period began: the week before it is read too. Grafana draws the period.
 */
export const SINCE_A_WEEK_BEFORE = 'time >= ${__from}ms - 7d AND time <= ${__to}ms'
