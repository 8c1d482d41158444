import type { Channel, InfluxView, Metrics, Refusals, Status } from '@clearlane/protocol'
import { createMetrics, METRICS, readProcess } from '@clearlane/protocol'
import * as prometheus from '@prometheus-io/client'
import type { RequestCounts } from './api/request-counts.ts'
import type { Episodes } from './episodes/episodes.ts'
import type { Influx } from './influx/influx.ts'
import type { Ingest } from './ingest/ingest.ts'
import type { Live } from './live.ts'
import type { Log, Progress } from './log/log.ts'
import type { Views } from './views.ts'

export type MetricsParts = {
  readonly log: Log
  readonly episodes: Episodes
  readonly views: Views
  readonly live: Live
  readonly ingest: Ingest
  readonly refusals: Refusals
  readonly requests: RequestCounts
  readonly influx: Influx | undefined
  readonly status: () => Pick<Status, 'projections' | 'broker'>
}

/** What Prometheus may know of the platform: read from what is counted anyhow, when it asks. */
export const createPlatformMetrics = (parts: MetricsParts): Metrics => {
  const { log, episodes, views, live, ingest, refusals, requests, influx, status } = parts
  const rowsOf = (read: (progress: Progress) => number) => () => sumRows(log.progress(), read)
  const ofInflux = (read: (view: InfluxView) => number) => () =>
    influx === undefined ? undefined : read(influx.view())

  return createMetrics(prometheus, METRICS.platform, {
    clearlane_platform_ingested_rows_total: rowsOf(({ count }) => count),
    clearlane_platform_skipped_rows_total: rowsOf(({ skipped }) => skipped),
    clearlane_platform_gateway_up: () =>
      views.gateways().map(({ gateway, connected }) => ({ labels: { gateway }, value: Number(connected) })),
    clearlane_platform_log_entries_total: log.position,
    clearlane_platform_projection_lag_entries: () =>
      status().projections.map(({ name, lag }) => ({ labels: { projection: name }, value: lag })),
    clearlane_platform_ingest_waiting_bytes: ingest.waitingBytes,
    clearlane_platform_broker_up: () => Number(status().broker.connected),
    clearlane_platform_refusals_total: () =>
      refusals.list().map(({ reason, count }) => ({ labels: { reason }, value: count })),
    clearlane_platform_live_listeners: live.count,
    clearlane_platform_http_requests_total: () =>
      requests.list().map(({ method, route, status: answered, count }) => ({
        labels: { method, route, status: String(answered) },
        value: count,
      })),
    clearlane_platform_open_episodes: () => episodes.open().length,
    clearlane_platform_influx_up: ofInflux(({ failing }) => Number(failing === undefined)),
    clearlane_platform_influx_points_total: ofInflux(({ written }) => written),
    clearlane_platform_influx_parked_lines_total: ofInflux(({ parked }) => parked.total),
    clearlane_platform_influx_lag_seconds: ofInflux(({ lagSeconds }) => lagSeconds),
    ...readProcess({ process, performance }),
  })
}

/** A gateway with a new card begins a new epoch; its rows of every epoch are one series. */
const sumRows = (progress: readonly Progress[], read: (progress: Progress) => number) => {
  const sums = new Map<string, { labels: { gateway: string; channel: Channel }; value: number }>()
  for (const one of progress) {
    const { gateway, channel } = one
    const key = `${gateway} ${channel}`
    const known = sums.get(key)
    if (known === undefined) sums.set(key, { labels: { gateway, channel }, value: read(one) })
    else known.value += read(one)
  }
  return sums.values()
}
