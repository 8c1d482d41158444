import { createAlertGroup } from '@clearlane/grafana/alerts.ts'
import { createProvisioning } from '@clearlane/grafana/provisioning.ts'
import { z } from 'zod'

/** Every InfluxQL query that the provisioned Grafana can send, with its macros filled in as Grafana does. */
export type GrafanaQuery = { readonly place: string; readonly query: string }

/** Of what has no period of its own, that of the dashboard is taken to be a day. */
const WHOLE = { interval: '1m', timeFrom: '24h' }
const HISTORY_UID = 'clearlane-history'

const TargetSchema = z.object({
  refId: z.string(),
  query: z.string().optional(),
  expr: z.string().optional(),
  datasource: z.object({ uid: z.string() }).optional(),
})
const DashboardSchema = z.object({
  uid: z.string(),
  templating: z.object({
    list: z.array(z.object({ type: z.string(), name: z.string(), query: z.string().optional() })),
  }),
  annotations: z.object({
    list: z.array(z.object({ name: z.string(), target: TargetSchema })).default([]),
  }),
  panels: z.array(
    z.object({
      title: z.string(),
      interval: z.string().default(WHOLE.interval),
      timeFrom: z.string().default(WHOLE.timeFrom),
      targets: z.array(TargetSchema),
    }),
  ),
})

/** A choice of values for the variables, in the form in which Grafana puts them into a query. */
type Choice = { readonly name: string; readonly values: Readonly<Record<string, string>> }
const CHOICES: readonly Choice[] = [
  {
    name: 'all',
    values: { site: '.*', section: '.*', gateway: '.*', slot: 's5\\.a1', sectionOfSlot: 's5\\.a' },
  },
  {
    name: 'several',
    values: {
      site: 'yuntai\\-1',
      section: '(n3\\-b|w\\-a|s5\\.a|e\\-a)',
      gateway: '(gw\\-1|gw\\-2)',
      slot: 'n3\\-b1',
      sectionOfSlot: 'n3\\-b',
    },
  },
]

const UNITS_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const toMs = (interval: string): number => {
  const [, count, unit] = /^(\d+)([smhd])$/.exec(interval) ?? []
  if (count === undefined || unit === undefined) throw new Error(`no interval: ${interval}`)
  return Number(count) * UNITS_MS[unit as keyof typeof UNITS_MS]
}

const fillIn = (query: string, { values, interval, fromMs, toMs: endMs }: FillInOptions): string => {
  const filled = query
    .replaceAll('$timeFilter', `time >= ${fromMs}ms and time <= ${endMs}ms`)
    .replaceAll('${__from}', String(fromMs))
    .replaceAll('${__to}', String(endMs))
    .replaceAll('$__interval_ms', String(toMs(interval)))
    .replaceAll('$__interval', interval)
    .replaceAll(/\$(\w+)/g, (whole, name: string) => values[name] ?? whole)
  if (filled.includes('${')) throw new Error(`something is not filled in: ${filled}`)
  return filled
}
type FillInOptions = {
  readonly values: Readonly<Record<string, string>>
  readonly interval: string
  readonly fromMs: number
  readonly toMs: number
}

/** Each query once: both languages ask the same, as a test says. */
export const listGrafanaQueries = (endMs: number): GrafanaQuery[] => {
  const ofDashboards = listDashboards().flatMap((dashboard) =>
    CHOICES.flatMap(({ name, values }) =>
      listOfDashboard(dashboard).map(({ place, query, interval, timeFrom }) => ({
        place: `${place} (${name})`,
        query: fillIn(query, { values, interval, fromMs: endMs - toMs(timeFrom), toMs: endMs }),
      })),
    ),
  )
  const all = [...ofDashboards, ...listOfAlerts(endMs)]
  return [...new Map(all.map((one) => [one.query, one])).values()]
}

type Dashboard = z.output<typeof DashboardSchema>
export const listDashboards = (): Dashboard[] =>
  [...createProvisioning()]
    .filter(([path]) => path.endsWith('.json'))
    .map(([, dashboard]) => DashboardSchema.parse(JSON.parse(JSON.stringify(dashboard))))

export const listOfDashboard = ({ uid, templating, annotations, panels }: Dashboard) => [
  ...templating.list.flatMap(({ type, name, query }) =>
    type === 'query' && query !== undefined ? [{ place: `${uid}: variable ${name}`, query, ...WHOLE }] : [],
  ),
  ...annotations.list.map(({ name, target }) => ({
    place: `${uid}: ${name}`,
    query: target.query ?? '',
    ...WHOLE,
  })),
  ...panels.flatMap(({ title, interval, timeFrom, targets }) =>
    targets
      .filter(({ datasource }) => datasource?.uid === HISTORY_UID)
      .map(({ refId, query = '' }) => ({ place: `${uid}: ${title} ${refId}`, query, interval, timeFrom })),
  ),
]

const listOfAlerts = (endMs: number): GrafanaQuery[] =>
  createAlertGroup().rules?.flatMap(({ title, data }) =>
    data.flatMap(({ datasourceUid, relativeTimeRange, model }) =>
      datasourceUid === HISTORY_UID
        ? [
            {
              place: title,
              query: fillIn(TargetSchema.parse(model).query ?? '', {
                values: {},
                interval: '1m',
                fromMs: endMs - (relativeTimeRange?.from ?? 0) * 1_000,
                toMs: endMs,
              }),
            },
          ]
        : [],
    ),
  ) ?? []

/** What the panels ask Prometheus. */
export const listMetricQueries = (): { readonly question: string; readonly query: string }[] =>
  listDashboards()
    .filter(({ uid }) => uid.endsWith('-en'))
    .flatMap(({ panels }) =>
      panels.flatMap(({ title, targets }) =>
        targets.flatMap(({ expr }) =>
          expr === undefined ? [] : [{ question: title, query: expr.replaceAll('$__rate_interval', '1m') }],
        ),
      ),
    )
