import type { InfluxJson, InfluxSeries } from '../influxql/format.ts'

type Result = Extract<InfluxJson, { results: unknown }>['results'][number]
export type Chunk = {
  readonly results: readonly (Omit<Result, 'series'> & {
    readonly series?: readonly (InfluxSeries & { readonly partial?: true })[]
    readonly partial?: true
  })[]
}

/** First columns of what InfluxDB hands over one series at a time, however long, and never calls partial. */
const NEVER_PARTIAL: ReadonlySet<string> = new Set(['name', 'tagKey', 'key,value'])
const isNeverPartial = ({ columns }: InfluxSeries): boolean =>
  NEVER_PARTIAL.has(columns.join(',')) || columns.includes('shardGroupDuration')

/**
 * An answer in pieces of one series and at most `size` rows each. A piece is partial when another of its statement
 * follows, and its series is when the series itself goes on.
 */
export const toChunks = function* (answer: InfluxJson, size: number): Generator<Chunk | InfluxJson> {
  if (!('results' in answer)) {
    yield answer
    return
  }
  for (const { series, ...result } of answer.results) {
    if (series === undefined) {
      yield { results: [result] }
      continue
    }
    for (const [index, one] of series.entries()) {
      if (isNeverPartial(one)) {
        yield { results: [{ ...result, series: [one] }] }
        continue
      }
      for (let from = 0; from < one.values.length; from += size) {
        const goesOn = from + size < one.values.length
        const isLast = !goesOn && index === series.length - 1
        const piece = {
          ...one,
          values: one.values.slice(from, from + size),
          ...(goesOn && { partial: true as const }),
        }
        yield { results: [{ ...result, series: [piece], ...(!isLast && { partial: true as const }) }] }
      }
    }
  }
}
