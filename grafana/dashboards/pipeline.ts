import type { DashboardBuilder } from '@grafana/grafana-foundation-sdk/dashboard'
import { influxql, METRICS, OF_GATEWAY, OF_SITE, promql } from '../data-sources.ts'
import { siteVariable, startDashboard, tagVariable } from '../frame.ts'
import type { Setting } from '../language.ts'
import { named, STEPPED, timeSeries, unitOf, WIDTH } from '../panels.ts'

const HALF = { width: 12, height: 9 }
const BY_TIME = 'GROUP BY time($__interval), "gateway" fill(null)'
const OF_HEALTH = `${OF_SITE} AND ${OF_GATEWAY} AND $timeFilter`

/** The way of a reading, hop by hop: how long it takes, what waits, and what is refused. */
export const createPipeline = (setting: Setting): DashboardBuilder => {
  const { words } = setting
  const health = (fields: readonly string[], refId = 'A') =>
    influxql(
      `SELECT ${fields.map((field) => `max("${field}") AS "${field}"`).join(', ')} FROM "health" WHERE ${OF_HEALTH} ${BY_TIME}`,
      { refId, alias: '$tag_gateway $col' },
    )
  /** The names of the series end with the name of the field; the gateway stands before it. */
  const ends = (field: string): string => `.* ${field}$`
  const called = (word: string) => named(`\${__field.labels.gateway} ${word}`)
  const fromMetrics = (title: string, expression: string, legend: string) =>
    timeSeries(title, HALF, [promql(expression, legend)])
      .datasource(METRICS)
      .description(words.needsPrometheus)
      .min(0)
  return startDashboard('pipeline', setting, [
    siteVariable(setting),
    tagVariable(
      'gateway',
      words.gateways,
      `SHOW TAG VALUES FROM "health" WITH KEY = "gateway" WHERE ${OF_SITE}`,
    ),
  ])
    .withPanel(
      timeSeries(words.hopDevice, { width: WIDTH, height: 9 }, [
        influxql(
          `SELECT median("delayMs") AS "median", percentile("delayMs", 90) AS "worst" FROM "reading" WHERE "backfill" = 0 AND ${OF_SITE} AND $timeFilter GROUP BY time($__interval) fill(none)`,
          { alias: '$col' },
        ),
      ])
        .description(words.hopDeviceHelp)
        .interval('5m')
        .unit(unitOf('reading', 'delayMs'))
        .min(0)
        .overrideByName('median', named(words.median))
        .overrideByName('worst', named(words.worstTenth)),
    )
    .withPanel(
      fromMetrics(
        words.hopDisk,
        'histogram_quantile(0.99, sum by (le, instance) (rate(clearlane_gateway_event_commit_duration_seconds_bucket[5m])))',
        '{{instance}} p99',
      ).unit('s'),
    )
    .withPanel(
      fromMetrics(
        words.hopHistory,
        'clearlane_platform_projection_lag_entries',
        '{{instance}} {{projection}}',
      ),
    )
    .withPanel(
      timeSeries(words.waiting, HALF, [health(['readingsWaiting', 'eventsWaiting'])])
        .min(0)
        .interval('1m')
        .overrideByRegexp(ends('readingsWaiting'), called(words.readingsWaiting))
        .overrideByRegexp(ends('eventsWaiting'), called(words.eventsWaiting)),
    )
    .withPanel(
      timeSeries(words.logSize, HALF, [health(['logBytes'])])
        .min(0)
        .interval('1m')
        .unit(unitOf('health', 'logBytes'))
        .overrideByRegexp(ends('logBytes'), called(words.logSize)),
    )
    .withPanel(
      fromMetrics(
        words.hoursLeft,
        '(clearlane_gateway_log_max_size_bytes - on (instance) clearlane_gateway_log_size_bytes{channel="readings"}) / on (instance) clamp_min(deriv(clearlane_gateway_log_size_bytes{channel="readings"}[1h]), 1) / 3600',
        '{{instance}}',
      ).unit('h'),
    )
    .withPanel(
      fromMetrics(
        words.refusals,
        'sum by (job, reason) (increase({__name__=~"clearlane_.*_refusals_total"}[$__rate_interval]))',
        '{{job}} {{reason}}',
      ),
    )
    .withPanel(
      timeSeries(words.refusedTotal, HALF, [health(['refused'])])
        .min(0)
        .interval('1m')
        .overrideByRegexp(ends('refused'), called(words.refusedTotal)),
    )
    .withPanel(
      timeSeries(words.given, HALF, [health(['droppedRows', 'parkedRows'])])
        .min(0)
        .interval('1m')
        .overrideByRegexp(ends('droppedRows'), called(words.dropped))
        .overrideByRegexp(ends('parkedRows'), called(words.parked)),
    )
    .withPanel(
      timeSeries(words.links, HALF, [health(['linksUp', 'linksDown'])])
        .min(0)
        .interval('1m')
        .overrideByRegexp('.*', [STEPPED])
        .overrideByRegexp(ends('linksUp'), called(words.up))
        .overrideByRegexp(ends('linksDown'), called(words.down)),
    )
    .withPanel(
      timeSeries(words.brokerMessages, HALF, [
        promql('rate(clearlane_broker_received_messages_total[$__rate_interval])', words.received),
        promql('rate(clearlane_broker_sent_messages_total[$__rate_interval])', words.sent, 'B'),
      ])
        .datasource(METRICS)
        .description(words.needsPrometheus)
        .unit('ops')
        .min(0),
    )
    .withPanel(fromMetrics(words.brokerClients, 'clearlane_broker_connected_clients', '{{instance}}'))
    .withPanel(fromMetrics(words.memory, 'process_resident_memory_bytes', '{{job}}').unit('bytes'))
}
