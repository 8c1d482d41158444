import type { Reading } from '@clearlane/protocol'
import type { Cell } from './column.ts'
import type { HistoryQuery, HistorySeries, SeriesQuery } from './history.ts'
import { columnsOf, compareRows, keyOf, toDay, toReading } from './rows.ts'
import type { Segments } from './segments.ts'
import type { Series, SeriesBook } from './series-book.ts'
import type { Sample } from './thin.ts'
import { createThinning } from './thin.ts'

export type HistoryQueries = {
  readings(query: HistoryQuery): { readonly items: readonly Reading[]; readonly next: string | undefined }
  series(query: SeriesQuery): HistorySeries
}

const KEY = keyOf('reading')
const ALL_PLACES = columnsOf('reading').map((_, place) => place)
const AT = ['atMs'].map(toPlace)
const SAMPLE = ['atMs', 'xNt', 'yNt', 'zNt', 'temperatureC'].map(toPlace)
const FIRST_DAY = Number.MIN_SAFE_INTEGER
const LAST_DAY = Number.MAX_SAFE_INTEGER

/** What the history is asked for, over all series of a slot. */
export const createHistoryQueries = (book: SeriesBook, segments: Segments): HistoryQueries => {
  const daysOf = (slot: string, fromDay: number, toDayIncluded: number): number[] => {
    const days = new Set(book.ofSlot(slot).flatMap((own) => segments.days(own, fromDay, toDayIncluded)))
    return [...days].sort((a, b) => a - b)
  }
  /** One day of a slot as rows, with the series of each. */
  const rowsOf = (slot: string, day: number, places: readonly number[]): { row: Cell[]; own: Series }[] =>
    book.ofSlot(slot).flatMap((own) => {
      const { rows, columns } = segments.read(own, day, places)
      return Array.from({ length: rows }, (_, row) => ({ row: columns.map((column) => column[row]), own }))
    })
  function* samplesOf(slot: string, fromMs: number, toMs: number): Generator<Sample> {
    for (const day of daysOf(slot, toDay('reading', fromMs), toDay('reading', toMs))) {
      const samples = rowsOf(slot, day, SAMPLE).map(
        ({ row: [atMs, xNt, yNt, zNt, temperatureC] }) =>
          [atMs, xNt, yNt, zNt, temperatureC ?? null] as Sample,
      )
      if (book.ofSlot(slot).length > 1) samples.sort((a, b) => a[0] - b[0])
      for (const sample of samples) if (sample[0] >= fromMs && sample[0] < toMs) yield sample
    }
  }
  const timesOf = (slot: string, day: number): number[] =>
    rowsOf(slot, day, AT).map(({ row }) => Number(row[0]))
  const lastBefore = (slot: string, beforeMs: number): number | undefined => {
    for (const day of daysOf(slot, FIRST_DAY, toDay('reading', beforeMs)).reverse()) {
      const times = timesOf(slot, day).filter((atMs) => atMs < beforeMs)
      if (times.length > 0) return Math.max(...times)
    }
    return undefined
  }
  const firstFrom = (slot: string, fromMs: number): number | undefined => {
    for (const day of daysOf(slot, toDay('reading', fromMs), LAST_DAY)) {
      const times = timesOf(slot, day).filter((atMs) => atMs >= fromMs)
      if (times.length > 0) return Math.min(...times)
    }
    return undefined
  }

  return {
    readings: ({ slot, fromMs, toMs, limit, cursor }) => {
      const [atMs = fromMs, device = '', session = -1, counter = -1] = cursor?.split('~') ?? []
      const after = [Number(atMs), device, Number(session), Number(counter)]
      const found: { row: Cell[]; own: Series }[] = []
      for (const day of daysOf(slot, toDay('reading', Number(atMs)), toDay('reading', toMs))) {
        const rows = rowsOf(slot, day, ALL_PLACES).filter(
          ({ row }) => Number(row[0]) < toMs && compareRows(row, after, KEY) > 0,
        )
        if (book.ofSlot(slot).length > 1) rows.sort((a, b) => compareRows(a.row, b.row, KEY))
        found.push(...rows.slice(0, limit - found.length))
        if (found.length === limit) break
      }
      return {
        items: found.map(({ row, own }) => toReading(row, own.tags)),
        next: found.length < limit ? undefined : KEY.map((place) => found.at(-1)?.row[place]).join('~'),
      }
    },
    series: ({ slot, fromMs, toMs, points, silenceAfterMs, nowMs }) => {
      const thinning = createThinning({ fromMs, toMs, stretches: points })
      const untilMs = Math.min(toMs, nowMs)
      const silent: { fromMs: number; toMs: number }[] = []
      // Never heard before is silent from the start of all time.
      let heardMs = lastBefore(slot, fromMs) ?? Number.NEGATIVE_INFINITY
      const hear = (atMs: number): void => {
        const gap = { fromMs: Math.max(fromMs, heardMs), toMs: Math.min(untilMs, atMs) }
        if (atMs - heardMs > silenceAfterMs && gap.fromMs < gap.toMs) silent.push(gap)
        heardMs = atMs
      }
      for (const sample of samplesOf(slot, fromMs, toMs)) {
        hear(sample[0])
        thinning.take(sample)
      }
      hear(firstFrom(slot, toMs) ?? nowMs)
      return { ...thinning.end(), silent }
    },
  }
}

function toPlace(name: string): number {
  return columnsOf('reading').indexOf(name)
}
