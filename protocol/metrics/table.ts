/** One row of the metrics table: what Prometheus calls the metric's type, its help text, and what each label holds. */
export type MetricRow = {
  readonly kind: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly labels?: Readonly<Record<string, string>>
  /** Upper bounds of a histogram's buckets, in the unit of its name. */
  readonly buckets?: readonly number[]
}
export type MetricTable = Readonly<Record<string, MetricRow>>

const CHANNEL = 'readings or events'
const REASON = 'a constant of the code, at most 200 of them'

/** What each of our processes says of itself, by the names that every Prometheus client uses. */
const PROCESS = {
  process_cpu_seconds_total: { kind: 'counter', help: 'Processor time used by all threads of the process.' },
  process_resident_memory_bytes: { kind: 'gauge', help: 'Memory of the process that stands in RAM.' },
  process_start_time_seconds: { kind: 'gauge', help: 'When the process started, in seconds since 1970.' },
  nodejs_heap_size_used_bytes: { kind: 'gauge', help: 'Objects on the heap of the main thread.' },
  nodejs_eventloop_active_seconds_total: {
    kind: 'counter',
    help: 'Time for which the main thread was at work; its rate is how busy that thread is, from 0 to 1.',
  },
} as const satisfies MetricTable

/** Every metric of the house. `docs/METRICS.md` is made from it, and nothing else is exposed. */
export const METRICS = {
  gateway: {
    clearlane_gateway_readings_heard_total: {
      kind: 'counter',
      help: 'Readings heard of devices that stand in a slot, repeats and what was left with its device included.',
    },
    clearlane_gateway_readings_duplicate_total: {
      kind: 'counter',
      help: 'Readings heard again: over another link, or because our answer was lost.',
    },
    clearlane_gateway_readings_late_total: {
      kind: 'counter',
      help: 'Readings that came behind what is settled; each is told as a correction.',
    },
    clearlane_gateway_readings_missing: {
      kind: 'gauge',
      help: 'Readings that the devices of the layout have overwritten before they were heard.',
    },
    clearlane_gateway_refusals_total: {
      kind: 'counter',
      help: 'What was refused, by reason.',
      labels: { reason: REASON },
    },
    clearlane_gateway_log_committed_rows_total: {
      kind: 'counter',
      help: 'Rows on disk since the log was made.',
      labels: { channel: CHANNEL },
    },
    clearlane_gateway_log_waiting_rows: {
      kind: 'gauge',
      help: 'Rows on disk that the centre has not acknowledged.',
      labels: { channel: CHANNEL },
    },
    clearlane_gateway_log_dropped_rows_total: {
      kind: 'counter',
      help: 'Rows that made room before the centre had them.',
      labels: { channel: CHANNEL },
    },
    clearlane_gateway_log_parked_rows: {
      kind: 'gauge',
      help: 'Rows put aside because the broker ended the session on them.',
      labels: { channel: CHANNEL },
    },
    clearlane_gateway_log_size_bytes: {
      kind: 'gauge',
      help: 'Size of the log.',
      labels: { channel: CHANNEL },
    },
    clearlane_gateway_log_max_size_bytes: {
      kind: 'gauge',
      help: 'Size at which the log of the readings makes room.',
    },
    clearlane_gateway_uplink_up: {
      kind: 'gauge',
      help: '1 while the gateway has a session with the broker.',
    },
    clearlane_gateway_last_acknowledgement_seconds: {
      kind: 'gauge',
      help:
        'Seconds since an acknowledgement by the centre freed rows. Absent before the first of this start; ' +
        'it grows while nothing waits.',
    },
    clearlane_gateway_link_up: {
      kind: 'gauge',
      help: '1 while the port of the link is open.',
      labels: { link: 'its id in the configuration, at most 16' },
    },
    clearlane_gateway_known_devices: { kind: 'gauge', help: 'Devices that stand in a slot.' },
    clearlane_gateway_silent_devices: {
      kind: 'gauge',
      help: 'Devices that stand in a slot and were not heard for longer than the silence limit of their lane.',
    },
    clearlane_gateway_unknown_devices_total: {
      kind: 'counter',
      help: 'Devices heard since the start that stand in no slot.',
    },
    clearlane_gateway_open_episodes: { kind: 'gauge', help: 'Episodes that are open, as told.' },
    clearlane_gateway_clock_known: { kind: 'gauge', help: '1 while the clock is known.' },
    clearlane_gateway_event_commit_duration_seconds: {
      kind: 'histogram',
      help: 'From when events are handed to their log until they are on disk.',
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    },
    ...PROCESS,
  },
  broker: {
    clearlane_broker_connected_clients: { kind: 'gauge', help: 'Clients with a session.' },
    clearlane_broker_received_messages_total: {
      kind: 'counter',
      help: 'Messages that clients published and that were accepted.',
    },
    clearlane_broker_sent_messages_total: {
      kind: 'counter',
      help: 'Messages on their way to a subscriber, counted for each subscriber.',
    },
    clearlane_broker_refusals_total: {
      kind: 'counter',
      help: 'What was refused, by reason; publish-refused is a message that its sender may not publish.',
      labels: { reason: REASON },
    },
    clearlane_broker_slow_subscribers_dropped_total: {
      kind: 'counter',
      help: 'Subscribers cut off because they took nothing for longer than drainTimeoutMs.',
    },
    ...PROCESS,
  },
  platform: {
    clearlane_platform_ingested_rows_total: {
      kind: 'counter',
      help: 'Rows of gateways in the log.',
      labels: { gateway: 'as the broker knows it', channel: CHANNEL },
    },
    clearlane_platform_skipped_rows_total: {
      kind: 'counter',
      help: 'Rows that their gateway gave up: dropped or parked there.',
      labels: { gateway: 'as the broker knows it', channel: CHANNEL },
    },
    clearlane_platform_gateway_up: {
      kind: 'gauge',
      help: '1 while the gateway was heard in the last 30 s.',
      labels: { gateway: 'as the broker or the layout knows it' },
    },
    clearlane_platform_log_entries_total: {
      kind: 'counter',
      help: 'Entries of the log; an entry holds the rows of one message.',
    },
    clearlane_platform_projection_lag_entries: {
      kind: 'gauge',
      help: 'Entries of the log that a projection has not taken yet.',
      labels: { projection: 'history, episodes or influx' },
    },
    clearlane_platform_ingest_waiting_bytes: {
      kind: 'gauge',
      help: 'Messages of gateways that wait to be looked at.',
    },
    clearlane_platform_broker_up: {
      kind: 'gauge',
      help: '1 while the platform has a session with the broker.',
    },
    clearlane_platform_refusals_total: {
      kind: 'counter',
      help: 'What was refused, by reason.',
      labels: { reason: REASON },
    },
    clearlane_platform_live_listeners: { kind: 'gauge', help: 'Listeners of the live feed.' },
    clearlane_platform_http_requests_total: {
      kind: 'counter',
      help: 'HTTP requests answered, or begun to be answered.',
      labels: {
        method: 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS or other',
        route: 'the template of the route, never the path; * for what was refused before one was found',
        status: 'the HTTP status',
      },
    },
    clearlane_platform_open_episodes: { kind: 'gauge', help: 'Episodes that are open.' },
    clearlane_platform_influx_up: {
      kind: 'gauge',
      help: '1 while InfluxDB takes what it is sent. This and the next three are absent where none is configured.',
    },
    clearlane_platform_influx_points_total: {
      kind: 'counter',
      help: 'Points that InfluxDB has acknowledged.',
    },
    clearlane_platform_influx_parked_lines_total: {
      kind: 'counter',
      help: 'Lines that InfluxDB refused, since its first start; they are kept with their reasons.',
    },
    clearlane_platform_influx_lag_seconds: {
      kind: 'gauge',
      help: 'Seconds since the first entry was received that InfluxDB does not have; 0 when it has all.',
    },
    ...PROCESS,
  },
} as const satisfies Readonly<Record<string, MetricTable>>
