import type { DatabaseSync } from 'node:sqlite'
import type { HistoryMeasurementName } from '@clearlane/protocol'
import type { Block, Columns } from './block.ts'
import { openBlock } from './block.ts'
import type { Cell, Column } from './column.ts'
import { toDay } from './rows.ts'

/** What was applied lately, as it came: few enough rows to be held, found by series and day. */
export type RecentSlices = {
  /** Looks what is there now; costs next to nothing when nothing has changed. */
  refresh(): void
  readonly slices: () => number
  readonly rows: () => number
  readonly lastId: () => number
  daysOf(series: number): Iterable<number>
  all(): Iterable<{ readonly series: number; readonly day: number }>
  /** The rows of a series and day in the order in which they came, of slices up to one. */
  read(series: number, day: number, places: readonly number[], untilId?: number): Columns
}

type Slice = {
  readonly id: number
  readonly block: Block
  readonly columns: (Column | undefined)[]
  readonly isRead: boolean[]
}
/** Where a slice has rows of one series and day. */
type Place = { readonly slice: Slice; readonly rows: number[] }

/** The first column of a slice says the series of each row; those of its measurement follow. */
export const SERIES_PLACE = 0

/** A slice that is damaged is told of and passed over. */
export const openRecentSlices = (
  db: DatabaseSync,
  onDamage: (message: string) => void = () => undefined,
): RecentSlices => {
  const statements = {
    ends: db.prepare('SELECT min(id) AS first, max(id) AS last FROM recent'),
    behind: db.prepare('SELECT id, measurement, body FROM recent WHERE id > ? ORDER BY id'),
  }
  const found = new Map<number, Map<number, Place[]>>()
  let slices: Slice[] = []
  let lastId = 0
  let rows = 0

  const cellsOf = (slice: Slice, place: number): Column | undefined => {
    if (slice.isRead[place] !== true) {
      slice.columns[place] = slice.block.column(place)
      slice.isRead[place] = true
    }
    return slice.columns[place]
  }
  const openSlice = (id: number, body: Uint8Array): Block => {
    try {
      return openBlock(body)
    } catch (cause) {
      onDamage(`slice ${id} is damaged: ${cause instanceof Error ? cause.message : String(cause)}`)
      return { rows: 0, column: () => undefined }
    }
  }
  const take = (id: number, measurement: HistoryMeasurementName, body: Uint8Array): void => {
    const slice: Slice = { id, block: openSlice(id, body), columns: [], isRead: [] }
    const [series, times] = [cellsOf(slice, SERIES_PLACE), cellsOf(slice, SERIES_PLACE + 1)] as [
      Float64Array,
      Float64Array,
    ]
    for (let row = 0; row < slice.block.rows; row++) {
      const own = found.get(series[row]!) ?? new Map<number, Place[]>()
      if (own.size === 0) found.set(series[row]!, own)
      const day = toDay(measurement, times[row]!)
      const places = own.get(day)
      const last = places?.at(-1)
      if (last?.slice === slice) last.rows.push(row)
      else if (places === undefined) own.set(day, [{ slice, rows: [row] }])
      else places.push({ slice, rows: [row] })
    }
    slices.push(slice)
    rows += slice.block.rows
    lastId = id
  }
  const forget = (firstId: number): void => {
    slices = slices.filter(({ id }) => id >= firstId)
    rows = slices.reduce((sum, { block }) => sum + block.rows, 0)
    for (const [series, days] of found) {
      for (const [day, places] of days) {
        const kept = places.filter(({ slice }) => slice.id >= firstId)
        if (kept.length === 0) days.delete(day)
        else if (kept.length < places.length) days.set(day, kept)
      }
      if (days.size === 0) found.delete(series)
    }
  }

  return {
    refresh: () => {
      const { first, last } = statements.ends.get() ?? {}
      const firstId = first == null ? Number.POSITIVE_INFINITY : Number(first)
      if ((slices[0]?.id ?? firstId) < firstId) forget(firstId)
      if (last == null || Number(last) <= lastId) return
      for (const { id, measurement, body } of statements.behind.all(lastId))
        take(Number(id), String(measurement) as HistoryMeasurementName, body as Uint8Array)
    },
    slices: () => slices.length,
    rows: () => rows,
    lastId: () => lastId,
    daysOf: (series) => found.get(series)?.keys() ?? [],
    all: function* () {
      for (const [series, days] of found) for (const day of days.keys()) yield { series, day }
    },
    read: (series, day, places, untilId = Number.POSITIVE_INFINITY) => {
      const own = (found.get(series)?.get(day) ?? []).filter(({ slice }) => slice.id <= untilId)
      const columns = places.map((place) => {
        const cells: Cell[] = []
        for (const { slice, rows: ownRows } of own) {
          const column = cellsOf(slice, place + 1)
          for (let index = 0; index < ownRows.length; index++) cells.push(column?.[ownRows[index]!])
        }
        return cells
      })
      return { rows: own.reduce((sum, { rows: ownRows }) => sum + ownRows.length, 0), columns }
    },
  }
}
