import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { InfluxJson } from '../platform/influxql/format.ts'
import { formatAnswer } from '../platform/influxql/format.ts'
import { answerInfluxql } from '../platform/influxql/influxql.ts'
import { createMemorySource } from '../platform/influxql/testing-memory-source.ts'
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
    await influxd.write(DATABASE, points.map(toLine))
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

type Json = null | string | number | boolean | readonly Json[] | { readonly [key: string]: Json }

/** Sums of many numbers depend on the order in which they are added. */
const isClose = (a: number, b: number): boolean =>
  Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(a), Math.abs(b))

/** The place of the first difference and what stands there. */
const findDifference = (ours: Json, theirs: Json, place: string): string | undefined => {
  if (typeof ours === 'number' && typeof theirs === 'number' && isClose(ours, theirs)) return undefined
  if (ours === theirs) return undefined
  if (ours === null || theirs === null || typeof ours !== 'object' || typeof theirs !== 'object')
    return `${place} is ${JSON.stringify(ours)} and not ${JSON.stringify(theirs)}`
  const [a, b] = [Object.entries(ours), Object.entries(theirs)]
  if (a.length !== b.length || a.some(([key]) => !Object.hasOwn(theirs, key)))
    return `${place} is ${JSON.stringify(ours).slice(0, 500)} and not ${JSON.stringify(theirs).slice(0, 500)}`
  for (const [key, value] of a) {
    const other = b.find(([name]) => name === key)?.[1] ?? null
    const difference = findDifference(value, other, `${place}/${key}`)
    if (difference !== undefined) return difference
  }
  return undefined
}

/**
 * InfluxDB 2 words a fault of the whole query otherwise than 1.x, counts the end of a query once too often, and gives the
 * last window of an integral of several series behind those of all others, in no order.
 */
const toComparable = (answer: unknown): Json => {
  const json = JSON.parse(JSON.stringify(answer)) as { [key: string]: Json }
  if (typeof json['message'] === 'string')
    return toComparable({ error: json['message'].replace('failed to parse query', 'error parsing query') })
  if (typeof json['error'] === 'string')
    return { error: json['error'].replace(/(found EOF.*) at line.*/, '$1') }
  return { results: (json['results'] as readonly { [key: string]: Json }[]).map(joinSeries) }
}

const joinSeries = (result: { readonly [key: string]: Json }): Json => {
  const series = (result['series'] ?? []) as readonly { [key: string]: Json }[]
  if (!series.some(({ columns }) => JSON.stringify(columns).includes('integral'))) return result
  const joined = new Map<string, { [key: string]: Json }>()
  for (const one of series) {
    const key = JSON.stringify([one['name'] ?? null, one['tags'] ?? null])
    const values = [...((joined.get(key)?.['values'] ?? []) as Json[]), ...(one['values'] as Json[])]
    joined.set(key, { ...one, values })
  }
  const sorted = [...joined].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one)
  return { ...result, series: sorted }
}
