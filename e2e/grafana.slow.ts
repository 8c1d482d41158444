import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { InfluxJson } from '../platform/influxql/format.ts'
import { formatAnswer } from '../platform/influxql/format.ts'
import { answerInfluxql } from '../platform/influxql/influxql.ts'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openEmbeddedHistory } from '../platform/history/embedded-history.ts'
import { openHistorySource } from '../platform/history/history-source.ts'
import { DEFAULT_RETENTION } from '../platform/history/sqlite-history.ts'
import { findDifference, toComparable } from './testing-answers.ts'
import { listGrafanaQueries } from './testing-grafana.ts'
import { createDay, DAY_END_MS, HISTORY_SCHEMA, toDayEntries, toDayPoints } from './testing-history-day.ts'
import type { Influxd } from './testing-influxd.ts'
import { findInfluxd, startInfluxd } from './testing-influxd.ts'
import { toLine } from './testing-influxql.ts'

const found = findInfluxd()
process.stderr.write(
  `influxd: ${found ?? 'none found, so the queries of Grafana are not compared with it'}\n`,
)
const DATABASE = 'clearlane'
const LINES_PER_WRITE = 5_000

describe('a simulated day, asked with every query of every dashboard, variable, annotation and alert rule', () => {
  const day = toDayPoints(createDay())
  const folder = mkdtempSync(join(tmpdir(), 'grafana-'))
  const file = join(folder, 'history.sqlite')
  const history = openEmbeddedHistory({
    file,
    retention: DEFAULT_RETENTION,
    syncDelayMs: 0,
    onDamage: (m) => {
      throw new Error(m)
    },
  })
  history.apply(toDayEntries(createDay()), 3)
  while (history.upkeep.step());
  const source = openHistorySource(file)
  afterAll(() => {
    source.close()
    history.close()
    rmSync(folder, { recursive: true })
  })
  const databases = {
    names: () => [DATABASE],
    open: (name: string) => (name === DATABASE ? source : undefined),
  }
  const ask = (query: string): InfluxJson =>
    formatAnswer(answerInfluxql({ query, database: DATABASE }, { databases, now: () => DAY_END_MS }), 'ms')
  const queries = listGrafanaQueries(DAY_END_MS)

  test('has an answer with values to each of them', () => {
    expect(queries.length).toBeGreaterThan(100)
    const empty = queries.flatMap(({ place, query }) => {
      const answer = ask(query)
      const series = 'results' in answer ? answer.results.flatMap((result) => result.series ?? []) : []
      const hasValue = series.some(({ values }) =>
        values.some((row) => row.slice(1).some((cell) => cell !== null)),
      )
      return hasValue ? [] : [`${place}: ${query}: ${JSON.stringify(answer).slice(0, 300)}`]
    })
    expect(empty).toEqual([])
  })

  describe.skipIf(found === undefined)('beside a real influxd', () => {
    let influxd: Influxd
    beforeAll(async () => {
      influxd = await startInfluxd(found ?? '', DATABASE)
      const lines = day.map((point) => toLine(point, HISTORY_SCHEMA))
      for (let from = 0; from < lines.length; from += LINES_PER_WRITE)
        await influxd.write(DATABASE, lines.slice(from, from + LINES_PER_WRITE))
    })
    afterAll(() => influxd[Symbol.asyncDispose]())

    test('has the same rows', async () => {
      const differences: string[] = []
      for (const { place, query } of queries) {
        const theirs = toComparable(await influxd.query(DATABASE, query))
        const difference = findDifference(toComparable(ask(query)), theirs, '')
        if (difference !== undefined) differences.push(`${place}: ${query}: ${difference}`)
      }
      expect(differences).toEqual([])
    })
  })
})
