import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { MetricRow, MetricTable } from '@clearlane/protocol'
import { METRICS } from '@clearlane/protocol'

/** `npm run metrics-page`: makes `docs/METRICS.md` from the table of the metrics. */

export type MetricQuery = {
  readonly question: string
  readonly query: string
  /** It answers nothing while all is well: an alert. */
  readonly isAlert?: boolean
}

/** What people ask, and the query that answers it. The slow tests ask a real Prometheus each of them. */
export const METRIC_QUERIES: readonly MetricQuery[] = [
  {
    question: 'Alert: a gateway has rows waiting, and the centre has freed none for five minutes',
    query:
      'sum by (instance) (clearlane_gateway_log_waiting_rows) > 0 ' +
      'unless on (instance) clearlane_gateway_last_acknowledgement_seconds < 300',
    isAlert: true,
  },
  {
    question: 'Alert: a gateway, or its way to the broker, or a link is down',
    query: 'up{job="gateway"} == 0 or clearlane_gateway_uplink_up == 0 or clearlane_gateway_link_up == 0',
    isAlert: true,
  },
  {
    question: 'Hours until the log of the readings makes room, at the pace of the last hour',
    query:
      '(clearlane_gateway_log_max_size_bytes - on (instance) clearlane_gateway_log_size_bytes{channel="readings"}) ' +
      '/ on (instance) clamp_min(deriv(clearlane_gateway_log_size_bytes{channel="readings"}[1h]), 1) / 3600',
  },
  { question: 'Readings heard a second', query: 'rate(clearlane_gateway_readings_heard_total[5m])' },
  {
    question: 'Time within which 99 of 100 events are on disk',
    query:
      'histogram_quantile(0.99, sum by (le) (rate(clearlane_gateway_event_commit_duration_seconds_bucket[1h])))',
  },
  {
    question: 'What was refused since the start, and where',
    query: 'sum by (job, reason) ({__name__=~"clearlane_.*_refusals_total"})',
  },
  {
    question: 'How far the history is behind the log',
    query: 'clearlane_platform_projection_lag_entries{projection="history"}',
  },
  {
    question: 'Alert: InfluxDB takes nothing, or is more than ten minutes behind',
    query: 'clearlane_platform_influx_up == 0 or clearlane_platform_influx_lag_seconds > 600',
    isAlert: true,
  },
  {
    question: 'Share of HTTP requests that the platform could not answer',
    query:
      '(sum(rate(clearlane_platform_http_requests_total{status=~"5.."}[5m])) or vector(0)) ' +
      '/ sum(rate(clearlane_platform_http_requests_total[5m]))',
  },
]

const HEAD = `# Metrics

Gateway, broker and platform tell Prometheus how they are, at \`GET /metrics\`. This page is made from the table in
\`protocol/metrics/table.ts\` by \`npm run metrics-page\`; nothing is exposed that does not stand here.

The platform answers on the port of its API. Gateway and broker open a port for it where their configuration says so:

\`\`\`json
"metrics": { "host": "127.0.0.1", "port": 9464 }
\`\`\`

All three listen on this machine only, and refuse another address: there is no TLS and no sign-in on these ports. Where
Prometheus runs elsewhere, let an agent on this machine (Prometheus in agent mode, Grafana Alloy) send on what it reads, or
take the port through a tunnel. No label holds a secret, a device or anything else that grows without end.

\`\`\`yaml
scrape_configs:
  - job_name: gateway
    static_configs: [{ targets: ['127.0.0.1:9464'] }]
  - job_name: broker
    static_configs: [{ targets: ['127.0.0.1:9465'] }]
  - job_name: platform
    static_configs: [{ targets: ['127.0.0.1:8080'] }]
\`\`\`

Counters of logs and ingest count from when their file was made, the others from the start of the process.
`

export const toMetricsPage = (): string => {
  const tables = Object.entries<MetricTable>(METRICS).map(
    ([name, table]) =>
      `\n## ${name}\n\n| Metric | Type | Labels | Meaning |\n|---|---|---|---|\n${Object.entries(table).map(toLine).join('')}`,
  )
  const queries = METRIC_QUERIES.map(({ question, query }) => `\n${question}\n\n\`\`\`\n${query}\n\`\`\`\n`)
  return `${HEAD}${tables.join('')}\n## Queries\n${queries.join('')}`
}

const toLine = ([name, { kind, help, labels = {} }]: readonly [string, MetricRow]): string => {
  const listed = Object.entries(labels).map(([label, holds]) => `\`${label}\`: ${holds}`)
  return `| \`${name}\` | ${kind} | ${listed.join('<br>')} | ${help} |\n`
}

if (import.meta.main)
  writeFileSync(join(dirname(fileURLToPath(import.meta.url)), '..', 'docs', 'METRICS.md'), toMetricsPage())
