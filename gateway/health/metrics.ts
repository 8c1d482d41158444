import type { Metrics } from '@clearlane/protocol'
import { createMetrics, METRICS, readProcess } from '@clearlane/protocol'
import type { Outbox } from '../log/outbox.ts'
import type { Uplink } from '../uplink/send.ts'
import type { HealthParts } from './health-message.ts'

export type MetricsParts = Omit<HealthParts, 'gateway' | 'documents'> & {
  readonly uplink: Pick<Uplink, 'isUp' | 'acknowledgedAgoMs'>
  /** Bound of the readings log. */
  readonly maxBytes: number
}

/**
 * What Prometheus may know of the gateway: read from what is counted anyhow, when it asks. The client library is
 * loaded only where somebody wants it.
 */
export const createGatewayMetrics = async (parts: MetricsParts): Promise<Metrics> => {
  const { clock, readings, events, linkStates, refusals, decide, unknown, devices, dedupe, uplink } = parts
  const byChannel = (read: (stats: ReturnType<Outbox['stats']>) => number) => () =>
    [readings, events].map((log) => ({ labels: { channel: log.channel }, value: read(log.stats()) }))

  return createMetrics(await import('@prometheus-io/client'), METRICS.gateway, {
    clearlane_gateway_readings_heard_total: () => dedupe.counters().heard,
    clearlane_gateway_readings_duplicate_total: () => dedupe.counters().seen,
    clearlane_gateway_readings_late_total: () => decide.counters()['late'],
    clearlane_gateway_readings_missing: () =>
      [...devices.all()].reduce((sum, { device }) => sum + dedupe.missing(device), 0),
    clearlane_gateway_refusals_total: () =>
      refusals.list().map(({ reason, count }) => ({ labels: { reason }, value: count })),
    clearlane_gateway_log_committed_rows_total: byChannel(({ committedRow }) => committedRow),
    clearlane_gateway_log_waiting_rows: byChannel(
      ({ committedRow, acknowledgedRow }) => committedRow - acknowledgedRow,
    ),
    clearlane_gateway_log_dropped_rows_total: byChannel(({ droppedRows }) => droppedRows),
    clearlane_gateway_log_parked_rows: byChannel(({ parkedRows }) => parkedRows),
    clearlane_gateway_log_size_bytes: byChannel(({ bytes }) => bytes),
    clearlane_gateway_log_max_size_bytes: () => parts.maxBytes,
    clearlane_gateway_uplink_up: () => Number(uplink.isUp()),
    clearlane_gateway_last_acknowledgement_seconds: () => {
      const agoMs = uplink.acknowledgedAgoMs()
      return agoMs === undefined ? undefined : agoMs / 1_000
    },
    clearlane_gateway_link_up: () =>
      linkStates.list().map(({ id, state }) => ({ labels: { link: id }, value: Number(state === 'up') })),
    clearlane_gateway_known_devices: () => [...devices.all()].length,
    clearlane_gateway_silent_devices: () => {
      const nowMs = clock.nowMs()
      return [...devices.all()].filter(({ lastHeardMs, rules }) => nowMs - lastHeardMs > rules.silenceAfterMs)
        .length
    },
    clearlane_gateway_unknown_devices_total: unknown.count,
    clearlane_gateway_open_episodes: () => decide.active().episodes.length,
    clearlane_gateway_clock_known: () => Number(clock.isKnown()),
    clearlane_gateway_event_commit_duration_seconds: (observe) =>
      events.onAppended((durationMs) => observe(durationMs / 1_000)),
    ...readProcess({ process, performance }),
  })
}
