import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { QueryLimits } from './budget.ts'
import { formatAnswer } from './format.ts'
import type { Epoch } from './format.ts'
import { answerInfluxql } from './influxql.ts'
import { printStatement } from './print.ts'
import type { MemoryPoint } from './testing-memory-source.ts'
import { createMemorySource } from './testing-memory-source.ts'
import { statements } from './testing-queries.ts'

const START_US = Date.UTC(2026, 0, 1) * 1_000
const POINTS: MemoryPoint[] = Array.from({ length: 60 }, (_, index) => ({
  measurement: 'reading',
  tags: { site: 'north', slot: index % 2 === 0 ? 'a1' : 'b1' },
  atUs: START_US + index * 1_000_000,
  fields: { x: index, temperature: index / 4 },
}))
const SOURCE = createMemorySource({ reading: { x: 'integer', temperature: 'float' } }, POINTS)

const ask = (
  query: string,
  {
    limits = {},
    now = () => 0,
    epoch = 's',
  }: { limits?: Partial<QueryLimits>; now?: () => number; epoch?: Epoch } = {},
) => {
  const databases = {
    names: () => ['estate'],
    open: (name: string) => (name === 'estate' ? SOURCE : undefined),
  }
  return formatAnswer(answerInfluxql({ query, database: 'estate' }, { databases, limits, now }), epoch)
}
const errorOf = (query: string, options = {}): unknown => {
  const answer = ask(query, options)
  return 'error' in answer ? answer.error : answer.results[0]?.error
}

test('several statements are answered in their order, a fault of one leaves the others alone', () => {
  expect(ask('show measurements; select nope(x) from reading; select last(x) from reading')).toEqual({
    results: [
      { statement_id: 0, series: [{ name: 'measurements', columns: ['name'], values: [['reading']] }] },
      { statement_id: 1, error: 'undefined function nope()' },
      {
        statement_id: 2,
        series: [{ name: 'reading', columns: ['time', 'last'], values: [[START_US / 1_000_000 + 59, 59]] }],
      },
    ],
  })
})

test('a query that cannot be read is refused as a whole, in the shape of InfluxDB 1', () => {
  expect(ask('show measurements; selec')).toEqual({
    error: expect.stringMatching(
      /^error parsing query: found selec, expected SELECT, .* at line 1, char 20$/,
    ),
  })
  expect(ask(' ')).toEqual({ error: 'missing required parameter "q"' })
})

test.each<[Epoch, number]>([
  ['ns', 1_767_225_601_000_000_000],
  ['u', 1_767_225_601_000_000],
  ['ms', 1_767_225_601_000],
  ['s', 1_767_225_601],
  ['m', 29_453_760],
  ['h', 490_896],
])('times are numbers of %s', (epoch, expected) => {
  expect(ask('select x from reading limit 1 offset 1', { epoch })).toMatchObject({
    results: [{ series: [{ values: [[expected, 1]] }] }],
  })
})

test('without an epoch times are RFC 3339, in the zone of the query', () => {
  const timeOf = (query: string) => {
    const databases = { names: () => [], open: () => SOURCE }
    const answer = formatAnswer(
      answerInfluxql({ query, database: 'estate' }, { databases, now: () => 0 }),
      undefined,
    )
    return 'results' in answer ? answer.results[0]?.series?.[0]?.values[0]?.[0] : answer
  }
  expect(timeOf('select x from reading')).toBe('2026-01-01T00:00:00Z')
  expect(timeOf("select x from reading tz('Asia/Shanghai')")).toBe('2026-01-01T08:00:00+08:00')
  expect(timeOf("select x from reading tz('America/New_York')")).toBe('2025-12-31T19:00:00-05:00')
})

test.each<[string, Partial<QueryLimits>, string | undefined]>([
  ['select x from reading', { points: 59 }, 'max-select-point limit exceeded: (60/59)'],
  ['select x from reading', { points: 60 }, undefined],
  ['select x from reading', { values: 119 }, 'max-held-value limit exceeded: (120/119)'],
  ['select x from reading', { values: 120 }, undefined],
  ['select median(x) from reading', { values: 59 }, 'max-held-value limit exceeded: (60/59)'],
  ['select median(x) from reading', { values: 60 }, undefined],
  ['select x from reading', { series: 1 }, 'max-select-series limit exceeded: (2/1)'],
  ['show series', { series: 1 }, 'max-select-series limit exceeded: (2/1)'],
  ['select x from reading', { series: 2 }, undefined],
  [
    `select mean(x) from reading where time >= ${START_US}u and time < ${START_US + 10_000_000}u group by time(1s)`,
    { buckets: 9 },
    'max-select-buckets limit exceeded: (10/9)',
  ],
  [
    `select mean(x) from reading where time >= ${START_US}u and time < ${START_US + 10_000_000}u group by time(1s)`,
    { buckets: 10 },
    undefined,
  ],
])('%s within %j: %s', (query, limits, message) => {
  expect(errorOf(query, { limits })).toBe(message)
})

test('a query that takes too long is ended while it reads', () => {
  const points = Array.from({ length: 5_000 }, (_, index) => ({
    ...POINTS[0]!,
    atUs: START_US + index,
  }))
  const source = createMemorySource({ reading: { x: 'integer' } }, points)
  let nowMs = 0
  let read = 0
  const slow = {
    ...source,
    points: function* (query: Parameters<typeof source.points>[0]) {
      for (const point of source.points(query)) {
        read++
        nowMs++
        yield point
      }
    },
  }
  const databases = { names: () => [], open: () => slow }
  const options = { databases, limits: { withinMs: 2_000 }, now: () => nowMs }
  const answer = answerInfluxql({ query: 'select mean(x) from reading', database: 'estate' }, options)
  expect(answer).toEqual({ statements: [{ fault: 'query-timeout limit exceeded' }] })
  expect(read).toBe(2_048)
})

test('an expression that backtracks elsewhere is answered at once', () => {
  const slot = 'a'.repeat(5_000)
  const source = createMemorySource({ reading: { x: 'integer' } }, [{ ...POINTS[0]!, tags: { slot } }])
  const databases = { names: () => [], open: () => source }
  const request = { query: 'select x from reading where slot =~ /^(a+)+$b/', database: 'estate' }
  expect(answerInfluxql(request, { databases, now: () => 0 })).toEqual({ statements: [[]] })
})

test('whatever statement comes is answered or refused', () => {
  fc.assert(
    fc.property(statements, (statement) => {
      const answer = ask(printStatement(statement), { limits: { buckets: 1_000 } })
      expect(Object.keys(answer)).toHaveLength(1)
    }),
    { numRuns: 300 },
  )
})

test('a time that no clock shows is refused', () => {
  expect(
    errorOf("select x from reading where time > now() * 9223372036854775807 tz('Asia/Shanghai')", {
      now: () => 1,
    }),
  ).toBe('time now() * 9223372036854775807 overflows time literal')
})
