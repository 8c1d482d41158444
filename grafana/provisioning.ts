import { ALERT_FOLDER, createAlertGroup } from './alerts.ts'
import { createEstate } from './dashboards/estate.ts'
import { createFleet } from './dashboards/fleet.ts'
import { createPipeline } from './dashboards/pipeline.ts'
import { createRules } from './dashboards/rules.ts'
import { createSlot } from './dashboards/slot.ts'
import { HISTORY, METRICS } from './data-sources.ts'
import { DASHBOARDS, LANGUAGES, WORDS } from './language.ts'

/** Everything that a Grafana server reads from files at its start, by its path under `provisioning/`. */
export const createProvisioning = (): ReadonlyMap<string, unknown> =>
  new Map<string, unknown>([
    ['datasources/clearlane.yml', createDataSources()],
    ['dashboards/clearlane.yml', createProviders()],
    ['alerting/clearlane.yml', createAlerts()],
    ...LANGUAGES.flatMap((language) =>
      DASHBOARDS.map((name) => {
        const built = CREATE[name]({ language, words: WORDS[language] }).build()
        return [`dashboards/${language}/${name}.json`, toNumbered(built)] as const
      }),
    ),
  ])

const CREATE = {
  estate: createEstate,
  slot: createSlot,
  rules: createRules,
  fleet: createFleet,
  pipeline: createPipeline,
} as const

/** A link can name a panel by its number, and a repaired dashboard keeps it. */
const toNumbered = <T extends object>(dashboard: T & { panels?: object[] }): object => ({
  ...dashboard,
  panels: (dashboard.panels ?? []).map((panel, index) => ({ ...panel, id: index + 1 })),
})

/** Grafana fills in `$NAME` from its environment; the token comes from a file that it alone can read. */
const createDataSources = (): object => ({
  apiVersion: 1,
  prune: true,
  datasources: [
    {
      name: 'Clearlane',
      uid: HISTORY.uid,
      type: HISTORY.type,
      access: 'proxy',
      url: '$CLEARLANE_HISTORY_URL',
      isDefault: true,
      editable: false,
      jsonData: {
        version: 'InfluxQL',
        dbName: '$CLEARLANE_HISTORY_DATABASE',
        httpMode: 'POST',
        httpHeaderName1: 'Authorization',
      },
      secureJsonData: { httpHeaderValue1: 'Token $__file{/run/clearlane/grafana/history-token}' },
    },
    {
      name: 'Clearlane metrics',
      uid: METRICS.uid,
      type: METRICS.type,
      access: 'proxy',
      url: '$CLEARLANE_METRICS_URL',
      editable: false,
    },
  ],
})

const createProviders = (): object => ({
  apiVersion: 1,
  providers: LANGUAGES.map((language) => ({
    name: `clearlane-${language}`,
    type: 'file',
    folder: WORDS[language].folder,
    folderUid: `clearlane-${language}`,
    disableDeletion: true,
    allowUiUpdates: false,
    updateIntervalSeconds: 60,
    options: { path: `/etc/grafana/provisioning/dashboards/${language}` },
  })),
})

const createAlerts = (): object => {
  const { title, interval, rules } = createAlertGroup()
  return {
    apiVersion: 1,
    groups: [
      {
        orgId: 1,
        name: title,
        folder: ALERT_FOLDER,
        interval: `${interval}s`,
        rules: (rules ?? []).map(({ folderUID: _folder, ruleGroup: _group, orgID: _org, ...rule }) => rule),
      },
    ],
  }
}
