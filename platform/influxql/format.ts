import type { SeriesAnswer } from './answer.ts'
import type { Cell } from './evaluation.ts'
import type { InfluxqlAnswer } from './influxql.ts'
import type { Zone } from './timezones.ts'
import { createZone } from './timezones.ts'

/** In which unit times are numbers; without one they are RFC 3339. */
export type Epoch = 'ns' | 'u' | 'ms' | 's' | 'm' | 'h'

const MICROSECONDS: Readonly<Record<Exclude<Epoch, 'ns'>, number>> = {
  u: 1,
  ms: 1_000,
  s: 1_000_000,
  m: 60_000_000,
  h: 3_600_000_000,
}

/** An answer in the shape of InfluxDB's JSON. */
export const formatAnswer = (answer: InfluxqlAnswer, epoch: Epoch | undefined): InfluxJson => {
  if ('fault' in answer) return { error: answer.fault }
  return {
    results: answer.statements.map((statement, index) => {
      if ('fault' in statement) return { statement_id: index, error: statement.fault }
      if (statement.length === 0) return { statement_id: index }
      return { statement_id: index, series: statement.map((series) => formatSeries(series, epoch)) }
    }),
  }
}

type JsonCell = string | number | boolean | null
export type InfluxSeries = {
  readonly name?: string
  readonly tags?: Readonly<Record<string, string>>
  readonly columns: readonly string[]
  readonly values: readonly (readonly JsonCell[])[]
}
export type InfluxJson =
  | { readonly error: string }
  | {
      readonly results: readonly {
        readonly statement_id: number
        readonly series?: readonly InfluxSeries[]
        readonly error?: string
      }[]
    }

const formatSeries = (
  { name, tags, columns, rows, hasTime, timezone }: SeriesAnswer,
  epoch: Epoch | undefined,
): InfluxSeries => {
  const formatTime = createTimeFormat(epoch, timezone)
  const format = (cell: Cell, index: number): JsonCell =>
    cell === undefined ? null : index === 0 && hasTime && typeof cell === 'number' ? formatTime(cell) : cell
  return {
    ...(name === undefined ? {} : { name }),
    ...(tags === undefined ? {} : { tags }),
    columns,
    values: rows.map((row) => row.map(format)),
  }
}

const createTimeFormat = (
  epoch: Epoch | undefined,
  timezone: string | undefined,
): ((atUs: number) => JsonCell) => {
  if (epoch === undefined) {
    const zone = timezone === undefined ? undefined : createZone(timezone)
    return (atUs) => toRfc3339(atUs, zone)
  }
  // Three zeros behind microseconds are written as they are, although such a number is not held exactly.
  if (epoch === 'ns') return (atUs) => atUs * 1_000
  const unit = MICROSECONDS[epoch]
  return (atUs) => Math.floor(atUs / unit)
}

/** As short as it says the time: no fraction of a second that is zero. */
const toRfc3339 = (atUs: number, zone: Zone | undefined): string => {
  const offsetUs = zone?.offsetUs(atUs) ?? 0
  const localUs = atUs + offsetUs
  const date = new Date(Math.floor(localUs / 1_000_000) * 1_000).toISOString().slice(0, 19)
  const fraction = (((localUs % 1_000_000) + 1_000_000) % 1_000_000)
    .toString()
    .padStart(6, '0')
    .replace(/0+$/, '')
  const minutes = Math.abs(Math.trunc(offsetUs / 60_000_000))
  const two = (number: number): string => String(number).padStart(2, '0')
  const offset =
    minutes === 0 ? 'Z' : `${offsetUs < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`
  return `${date}${fraction === '' ? '' : `.${fraction}`}${offset}`
}
