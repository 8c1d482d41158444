import type { HistoryPoint } from '@clearlane/protocol'
import { HISTORY_TABLE } from '@clearlane/protocol'
import { formatAnswer } from '../influxql/format.ts'
import { answerInfluxql } from '../influxql/influxql.ts'
import { createMemorySource } from '../influxql/testing-memory-source.ts'
import { describePointHistory } from './points-contract.ts'

const SCHEMA = Object.fromEntries(
  Object.entries(HISTORY_TABLE).map(([name, { fields }]) => [
    name,
    Object.fromEntries(Object.entries(fields).map(([field, { type }]) => [field, type])),
  ]),
)

describePointHistory('points in memory', async () => {
  const points: HistoryPoint[] = []
  return {
    write: async (more) => void points.push(...more),
    ask: async (query) => {
      const source = createMemorySource(SCHEMA, points)
      const databases = { names: () => ['b'], open: () => source }
      return formatAnswer(answerInfluxql({ query, database: 'b' }, { databases, now: Date.now }), 'u')
    },
    close: async () => undefined,
  }
})
