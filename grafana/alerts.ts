import type { Builder } from '@grafana/grafana-foundation-sdk/cog'
import type { Rule, RuleGroup } from '@grafana/grafana-foundation-sdk/alerting'
import { QueryBuilder, RuleBuilder, RuleGroupBuilder } from '@grafana/grafana-foundation-sdk/alerting'
import { codeOf } from './codes.ts'
import { HISTORY, influxql } from './data-sources.ts'
import { mathematics, newestOf } from './expressions.ts'
import { toUid } from './language.ts'
import { LOW_BATTERY_MV } from './panels.ts'

/**
 * Alert rules exist once, so they speak both languages. Whoever is on call is told by the platform's webhooks; these rules
 * watch what a webhook cannot say: that something has lasted, or has fallen silent.
 */
export const ALERT_FOLDER = 'Clearlane 告警 · Alerts'
const BLOCKED_FOR = '10m'
const LOG_FULL_BYTES = 1.6 * 1024 ** 3
const MINUTE_S = 60
const HOUR_S = 60 * MINUTE_S

type AlertRule = {
  readonly uid: string
  readonly title: string
  readonly summary: string
  readonly query: string
  readonly periodS: number
  /** Of the newest value `$NEWEST`. */
  readonly condition: string
  readonly lasts: string
  /** When the query has no rows at all. */
  readonly noData: 'OK' | 'Alerting'
  readonly dashboard: Parameters<typeof toUid>[0]
}

const RULES: readonly AlertRule[] = [
  {
    uid: 'clearlane-blocked',
    title: '车道占用超时 · Lane blocked',
    summary: '{{ $labels.section }} 已占用超过 10 分钟 · blocked for more than 10 minutes',
    query:
      'SELECT last("state") AS "state" FROM "coverage" WHERE $timeFilter GROUP BY "site", "lane", "section"',
    periodS: 10 * MINUTE_S,
    condition: `$NEWEST == ${codeOf('sectionState', 'blocked')}`,
    lasts: BLOCKED_FOR,
    noData: 'OK',
    dashboard: 'estate',
  },
  {
    uid: 'clearlane-gateway-unheard',
    title: '网关离线 · Gateway unheard',
    summary: '{{ $labels.gateway }} 超过 5 分钟未上报 · not heard for 5 minutes',
    query:
      'SELECT count("readingsWaiting") AS "heard" FROM "health" WHERE $timeFilter GROUP BY time(5m), "site", "gateway" fill(0)',
    periodS: 24 * HOUR_S,
    condition: '$NEWEST == 0',
    lasts: '2m',
    noData: 'Alerting',
    dashboard: 'pipeline',
  },
  {
    uid: 'clearlane-battery-low',
    title: '电量低 · Battery low',
    summary: '{{ $labels.slot }} 的地磁电量低 · the battery of its device is low',
    query:
      'SELECT last("batteryMv") AS "battery" FROM "reading" WHERE $timeFilter GROUP BY "site", "section", "slot"',
    periodS: 6 * HOUR_S,
    condition: `$NEWEST < ${LOW_BATTERY_MV}`,
    lasts: '1h',
    noData: 'OK',
    dashboard: 'fleet',
  },
  {
    uid: 'clearlane-log-filling',
    title: '网关日志将满 · Log filling',
    summary: '{{ $labels.gateway }} 的日志接近上限，中心长时间未确认 · its logs come near their limit',
    query: 'SELECT last("logBytes") AS "log" FROM "health" WHERE $timeFilter GROUP BY "site", "gateway"',
    periodS: 10 * MINUTE_S,
    condition: `$NEWEST > ${LOG_FULL_BYTES}`,
    lasts: '5m',
    noData: 'OK',
    dashboard: 'pipeline',
  },
]

const toRule = (rule: AlertRule): Builder<Rule> => {
  const relativeTimeRange = { from: rule.periodS, to: 0 }
  const expression = (refId: string, model: ReturnType<typeof newestOf>) =>
    new QueryBuilder(refId).datasourceUid('__expr__').relativeTimeRange(relativeTimeRange).model(model)
  return new RuleBuilder(rule.title)
    .uid(rule.uid)
    .condition('CONDITION')
    .withQuery(
      new QueryBuilder('HISTORY')
        .datasourceUid(HISTORY.uid)
        .relativeTimeRange(relativeTimeRange)
        .model(influxql(rule.query, { refId: 'HISTORY' })),
    )
    .withQuery(expression('NEWEST', newestOf('NEWEST', 'HISTORY')))
    .withQuery(expression('CONDITION', mathematics('CONDITION', rule.condition)))
    .forDuration(rule.lasts)
    .noDataState(rule.noData)
    .execErrState('Error')
    .labels({ service: 'clearlane' })
    .annotations({ summary: rule.summary, __dashboardUid__: toUid(rule.dashboard, 'zh'), __panelId__: '1' })
}

export const createAlertGroup = (): RuleGroup => {
  const group = new RuleGroupBuilder('clearlane').interval(MINUTE_S)
  for (const rule of RULES) group.withRule(toRule(rule))
  return group.build()
}
