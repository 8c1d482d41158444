import { readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DASHBOARDS, LANGUAGES, toUid, WORDS } from '@clearlane/grafana/language.ts'
import { METRICS } from '@clearlane/protocol'
import { expect, test } from 'vitest'
import { ROUTES } from '../console/routes.ts'
import { toGrafanaFiles } from '../tools/grafana.ts'
import { listDashboards, listOfDashboard } from './testing-grafana.ts'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
const files = toGrafanaFiles()
const texts = [...files].filter(([path]) => path.endsWith('.json')).map(([, text]) => text)
const queriesOf = (language: string) =>
  listDashboards()
    .filter(({ uid }) => uid.endsWith(language))
    .flatMap((dashboard) => listOfDashboard(dashboard).map(({ query, interval }) => [query, interval]))

test.each([...files].map(([path, text]) => [relative(ROOT, path), text] as const))(
  'what is checked in is what is built: %s',
  (path, text) => {
    expect(readFileSync(join(ROOT, path), 'utf8'), 'run `npm run grafana`').toBe(text)
  },
)

test('there is a dashboard of each kind in each language, and all know each other by their uid', () => {
  const uids = LANGUAGES.flatMap((language) => DASHBOARDS.map((name) => toUid(name, language)))
  expect(
    listDashboards()
      .map(({ uid }) => uid)
      .sort(),
  ).toEqual(uids.sort())
  const linked = texts.flatMap((text) => [...text.matchAll(/"\/d\/([^?"]+)/g)].map(([, uid]) => uid ?? ''))
  expect(linked.length).toBeGreaterThan(50)
  expect(linked.filter((uid) => !uids.includes(uid))).toEqual([])
})

test('both languages ask the same', () => {
  expect(queriesOf('zh')).toEqual(queriesOf('en'))
})

test('a query names no variable that its dashboard does not have', () => {
  const own = new Set(['timeFilter', '__interval', '__from', '__to', '__rate_interval'])
  const unknown = listDashboards().flatMap((dashboard) => {
    const names = new Set(dashboard.templating.list.map(({ name }) => name))
    return listOfDashboard(dashboard).flatMap(({ place, query }) =>
      [...query.matchAll(/\$\{?(\w+)/g)]
        .map(([, name]) => name ?? '')
        .filter((name) => !own.has(name) && !names.has(name))
        .map((name) => `${place}: ${name}`),
    )
  })
  expect(unknown).toEqual([])
})

test('every link into the console is an address of the console', () => {
  const patterns = Object.values(ROUTES).map(
    (route) => new RegExp(`^${route.replaceAll(/:\w+/g, '\\$\\{[^}]+\\}')}$`),
  )
  const paths = texts.flatMap((text) =>
    [...text.matchAll(/\$\{console:raw\}([^"?]+)/g)].map(([, path]) => path ?? ''),
  )
  expect(paths.length).toBeGreaterThan(10)
  expect(paths.filter((path) => !patterns.some((pattern) => pattern.test(path)))).toEqual([])
})

test('every metric that a panel asks Prometheus for is in the table of metrics', () => {
  const known = Object.values(METRICS).flatMap((service) => Object.keys(service))
  const asked = texts.flatMap((text) => text.match(/\b(clearlane|process)_[a-z_]+\b/g) ?? [])
  expect(asked.length).toBeGreaterThan(10)
  const unknown = asked.filter((name) => {
    const family = name.replace(/_bucket$/, '')
    return !known.some((one) => one === family || (name.endsWith('_') && one.startsWith(name)))
  })
  expect(unknown).toEqual([])
})

test('no word is left over', () => {
  const sources = ['estate', 'slot', 'rules', 'fleet', 'pipeline']
    .map((name) => `grafana/dashboards/${name}.ts`)
    .concat('grafana/frame.ts', 'grafana/links.ts', 'grafana/provisioning.ts')
    .map((path) => readFileSync(join(ROOT, path), 'utf8'))
    .join('\n')
  const unused = Object.keys(WORDS.en).filter(
    (key) => !new RegExp(`\\b(words|WORDS\\[language\\])\\.${key}\\b`).test(sources),
  )
  // The names of the dashboards are asked for by the dashboard's own name.
  expect(unused.filter((key) => !DASHBOARDS.some((name) => name === key))).toEqual([])
})
