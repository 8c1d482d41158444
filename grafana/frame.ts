import type { Builder } from '@grafana/grafana-foundation-sdk/cog'
import type { AnnotationQuery, VariableModel } from '@grafana/grafana-foundation-sdk/dashboard'
import {
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  QueryVariableBuilder,
  TextBoxVariableBuilder,
  VariableHide,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard'
import { HISTORY } from './data-sources.ts'
import type { DashboardName, Setting } from './language.ts'
import { DASHBOARDS, toUid } from './language.ts'
import { CONSOLE_OF } from './links.ts'

/** The address at which a browser beside the platform finds the console. */
const CONSOLE_ADDRESS = 'http://127.0.0.1:8080'

/** A dashboard without panels: its name, its period, its variables, and the way to the others and to the console. */
export const startDashboard = (
  name: DashboardName,
  setting: Setting,
  variables: readonly Builder<VariableModel>[],
): DashboardBuilder => {
  const { language, words } = setting
  const dashboard = new DashboardBuilder(words[name])
    .uid(toUid(name, language))
    .tags(['clearlane', language])
    .readonly()
    .timezone('browser')
    .tooltip(DashboardCursorSync.Crosshair)
    .time({ from: name === 'rules' ? 'now-7d' : 'now-24h', to: 'now' })
    .refresh('1m')
    .variables([
      ...variables,
      new TextBoxVariableBuilder('console')
        .label(words.consoleAddress)
        .defaultValue(CONSOLE_ADDRESS)
        .current({ text: CONSOLE_ADDRESS, value: CONSOLE_ADDRESS })
        .hide(VariableHide.InControlsMenu),
    ])
  dashboard.link(
    new DashboardLinkBuilder(words.console)
      .type(DashboardLinkType.Link)
      .icon('external link')
      .url(CONSOLE_OF[name])
      .targetBlank(true)
      .keepTime(false),
  )
  for (const other of DASHBOARDS)
    if (other !== name)
      dashboard.link(
        new DashboardLinkBuilder(words[other])
          .type(DashboardLinkType.Link)
          .icon('dashboard')
          .url(`/d/${toUid(other, language)}?\${site:queryparam}&\${console:queryparam}`)
          .keepTime(true),
      )
  return dashboard
}

/** A variable with the values of a tag; all of them at first. */
export const tagVariable = (
  name: string,
  label: string,
  query: string,
  isSeveral = true,
): QueryVariableBuilder => {
  const variable = new QueryVariableBuilder(name)
    .label(label)
    .datasource(HISTORY)
    .query(query)
    .definition(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.NaturalAsc)
  if (!isSeveral) return variable
  return variable
    .multi(true)
    .includeAll(true)
    .allValue('.*')
    .current({ text: ['All'], value: ['$__all'] })
}

/** A variable that nobody chooses: all values of a tag that the query finds. */
export const foundVariable = (name: string, query: string): QueryVariableBuilder =>
  tagVariable(name, name, query, false)
    .multi(true)
    .includeAll(true)
    .current({ text: ['All'], value: ['$__all'] })
    .hide(VariableHide.HideVariable)

export const siteVariable = ({ words }: Setting): QueryVariableBuilder =>
  tagVariable('site', words.sites, 'SHOW TAG VALUES FROM "reading" WITH KEY = "site"')

type Mark = {
  readonly name: string
  readonly color: string
  readonly query: string
  readonly text: string
  readonly tags?: string
}

/** Moments drawn over the panels, as Grafana's InfluxDB plugin keeps them. */
export const mark = ({ name, color, query, text, tags = '' }: Mark): Builder<AnnotationQuery> => ({
  build: () => ({
    name,
    datasource: HISTORY,
    enable: true,
    hide: false,
    iconColor: color,
    target: {
      _implementsDataqueryVariant: () => {},
      refId: 'Anno',
      query,
      queryType: 'tags',
      fromAnnotations: true,
      textColumn: text,
      tagsColumn: tags,
      titleColumn: '',
      timeEndColumn: '',
    },
  }),
})
