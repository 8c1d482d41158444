import type { HistoryMeasurementName } from '@clearlane/protocol'
import { HISTORY_TABLE } from '@clearlane/protocol'
import type { FieldType, PointSource } from '../influxql/point-source.ts'
import type { Cell, Column } from './column.ts'
import { openHistoryFileToRead } from './history-file.ts'
import { openRecentSlices } from './recent-slices.ts'
import { columnsOf, toDay, toRowUs } from './rows.ts'
import type { Segment } from './segments.ts'
import { openSegments } from './segments.ts'
import type { Series } from './series-book.ts'
import { openSeriesBook } from './series-book.ts'

const NAMES = Object.keys(HISTORY_TABLE) as HistoryMeasurementName[]
const isMeasurement = (name: string): name is HistoryMeasurementName => Object.hasOwn(HISTORY_TABLE, name)

/** The history of a site as InfluxQL reads it, beside the thread that writes it: what is committed is seen. */
export const openHistorySource = (file: string): PointSource & { close(): void } => {
  const db = openHistoryFileToRead(file)
  const book = openSeriesBook(db)
  const segments = openSegments(db, openRecentSlices(db))

  return {
    measurements: () => {
      book.refresh()
      return NAMES.filter((name) => book.list(name).length > 0)
    },
    fields: (measurement) =>
      new Map<string, FieldType>(isMeasurement(measurement) ? toFields(measurement) : []),
    series: (measurement) => {
      book.refresh()
      return isMeasurement(measurement) ? book.list(measurement).map(({ tags }) => tags) : []
    },
    points: function* ({ measurement, tags, fields, fromUs, toUs, descending }) {
      book.refresh()
      const own = isMeasurement(measurement) ? book.find(measurement, tags) : undefined
      if (own === undefined) return
      const columns = columnsOf(own.measurement)
      const known = Object.keys(HISTORY_TABLE[own.measurement].fields)
      // Behind the last column nothing has a value.
      const placeOf = (name: string): number =>
        known.includes(name) ? columns.indexOf(name) : columns.length
      // Whatever has no counter is not a reading, and its time is whole.
      const places = [0, Math.max(0, columns.indexOf('counter')), ...fields.map(placeOf)]
      const days = segments.days(own, toUsDay(fromUs), toUsDay(toUs))
      if (descending) days.reverse()
      for (const day of days) {
        // Of many series a day each is held at once, so nothing is held that is not given out.
        const points = toPoints(own, segments.read(own, day, places), fromUs, toUs)
        for (let step = 0; step < points.times.length; step++) {
          const row = descending ? points.times.length - 1 - step : step
          yield { atUs: points.times[row]!, values: points.values.map((column) => column[row]) }
        }
      }
    },
    close: () => db.close(),
  }
}

const toFields = (measurement: HistoryMeasurementName): [string, FieldType][] =>
  Object.entries(HISTORY_TABLE[measurement].fields).map(([name, { type }]) => [name, type])

const toUsDay = (atUs: number): number => toDay('presence', atUs)

type Points = { readonly times: Float64Array; readonly values: readonly Column[] }

const toPoints = (own: Series, { rows, columns }: Segment, fromUs: number, toUs: number): Points => {
  const [at, counter, ...values] = columns as [Column, Column, ...Column[]]
  const times = new Float64Array(rows)
  for (let row = 0; row < rows; row++)
    times[row] = toRowUs(own.measurement, Number(at[row]), Number(counter[row]))
  return cut(isAscending(times) ? { times, values } : toAscending(times, values), fromUs, toUs)
}

const cut = ({ times, values }: Points, fromUs: number, toUs: number): Points => {
  let first = 0
  while (first < times.length && times[first]! < fromUs) first++
  let end = times.length
  while (end > first && times[end - 1]! > toUs) end--
  if (first === 0 && end === times.length) return { times, values }
  const cutColumn = (column: Column): Column =>
    column instanceof Float64Array ? column.slice(first, end) : Array.from(column).slice(first, end)
  return { times: times.slice(first, end), values: values.map(cutColumn) }
}

const isAscending = (times: Float64Array): boolean => {
  for (let row = 1; row < times.length; row++) if (times[row]! <= times[row - 1]!) return false
  return true
}

/** Readings of one millisecond stand by device; of one microsecond they are one point, and the later one wins. */
const toAscending = (times: Float64Array, values: readonly Column[]): Points => {
  const rows = [...times.keys()].sort((a, b) => times[a]! - times[b]!)
  const kept: number[] = []
  const merged: Cell[][] = values.map(() => [])
  for (const row of rows) {
    if (kept.at(-1) !== times[row]) {
      kept.push(times[row]!)
      for (const column of merged) column.push(undefined)
    }
    for (const [index, column] of values.entries()) {
      if (column[row] !== undefined) merged[index]![kept.length - 1] = column[row]
    }
  }
  return { times: Float64Array.from(kept), values: merged }
}
