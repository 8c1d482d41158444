import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { InfluxJson } from '../platform/influxql/format.ts'
import { formatAnswer } from '../platform/influxql/format.ts'
import { answerInfluxql } from '../platform/influxql/influxql.ts'
import { createMemorySource } from '../platform/influxql/testing-memory-source.ts'
import { findDifference, toComparable } from './testing-answers.ts'
import type { Influxd } from './testing-influxd.ts'
import { findInfluxd, startInfluxd } from './testing-influxd.ts'
import { FAULTS, GRAFANA_QUERIES, MORE_QUERIES } from './testing-influxql-requests.ts'
import { createPoints, createQuery, createRandom, SCHEMA, START_MS, toLine } from './testing-influxql.ts'

const found = findInfluxd()
process.stderr.write(`influxd: ${found ?? 'none found, so InfluxQL is not compared with it'}\n`)
const DATABASE = 'estate'
const SEEDS = [1, 2, 3]
const QUERIES_PER_SEED = 200

describe.skipIf(found === undefined)('the same points in a real influxd and in ours', () => {
  const points = createPoints(createRandom(1))
  const source = createMemorySource(SCHEMA, points)
  const databases = {
    names: () => [DATABASE],
    open: (name: string) => (name === DATABASE ? source : undefined),
  }
  const ask = (query: string): InfluxJson =>
    formatAnswer(answerInfluxql({ query, database: DATABASE }, { databases, now: () => START_MS }), 'ms')
  let influxd: Influxd
  beforeAll(async () => {
    influxd = await startInfluxd(found ?? '', DATABASE)
    await influxd.write(
      DATABASE,
      points.map((point) => toLine(point)),
    )
  })
  afterAll(() => influxd[Symbol.asyncDispose]())

  const findDifferences = async (queries: readonly string[]): Promise<string[]> => {
    const differences: string[] = []
    for (const query of queries) {
      const [ours, theirs] = [toComparable(ask(query)), toComparable(await influxd.query(DATABASE, query))]
      const place = findDifference(ours, theirs, '')
      if (place !== undefined) differences.push(`${query}: ${place}`)
    }
    return differences
  }

  test('answer what Grafana asks with the same rows', async () => {
    expect(await findDifferences(GRAFANA_QUERIES)).toEqual([])
  })

  test('answer what else can be asked with the same rows', async () => {
    expect(await findDifferences(MORE_QUERIES)).toEqual([])
  })

  test.each(SEEDS)(
    `answer ${QUERIES_PER_SEED} queries made with seed %i with the same rows`,
    async (seed) => {
      const random = createRandom(seed)
      const queries = Array.from({ length: QUERIES_PER_SEED }, () => createQuery(random))
      expect(
        queries.filter((query) => JSON.stringify(ask(query)).includes('"values":[[')).length,
      ).toBeGreaterThan(QUERIES_PER_SEED / 2)
      expect(await findDifferences(queries)).toEqual([])
    },
  )

  test.each(FAULTS)('refuse %s in the same words', async (query) => {
    const [ours, theirs] = [toComparable(ask(query)), toComparable(await influxd.query(DATABASE, query))]
    expect(JSON.stringify(ours)).toContain('error')
    expect(ours).toEqual(theirs)
  })
})
