import type { DatabaseSync } from 'node:sqlite'
import type { Reading } from '@clearlane/protocol'
import type { Block } from './block.ts'
import { openBlock } from './block.ts'
import type { Cell, Column } from './column.ts'
import type { RecentSlices } from './recent-slices.ts'
import { compareRows, keyOf, toUndatedRow } from './rows.ts'
import type { Series } from './series-book.ts'

/** What a series has of one day, wherever it stands: in order, each row once, only the columns that were asked for. */
export type Segment = { readonly rows: number; readonly columns: readonly Column[] }

export type Segments = {
  /** Days of which a series may have something, in order. */
  days(series: Series, fromDay: number, toDay: number): number[]
  read(series: Series, day: number, places: readonly number[]): Segment
}

export const openSegments = (db: DatabaseSync, recent: RecentSlices): Segments => {
  const statements = {
    days: db.prepare('SELECT DISTINCT day FROM block WHERE series = ? AND day BETWEEN ? AND ?'),
    blocks: db.prepare('SELECT body FROM block WHERE series = ? AND day = ? ORDER BY id'),
    undatedDays: db.prepare('SELECT DISTINCT day FROM undated WHERE series = ? AND day BETWEEN ? AND ?'),
    undated: db.prepare('SELECT atMs, text FROM undated WHERE series = ? AND day = ?'),
  }
  /** A row moves from one place to the next in one transaction, and is looked for in one. */
  const atOnce = <T>(look: () => T): T => {
    const isOuter = !db.isTransaction
    if (isOuter) db.exec('BEGIN')
    try {
      recent.refresh()
      return look()
    } finally {
      if (isOuter) db.exec('COMMIT')
    }
  }
  const openOwn = (series: Series, day: number, body: unknown): Block => {
    try {
      return openBlock(body as Uint8Array)
    } catch (cause) {
      throw new Error(toDamage(series, day, cause), { cause })
    }
  }

  return {
    days: (series, fromDay, toDay) =>
      atOnce(() => {
        const days = new Set<number>()
        for (const statement of [statements.days, statements.undatedDays])
          for (const { day } of statement.all(series.id, fromDay, toDay)) days.add(Number(day))
        for (const day of recent.daysOf(series.id)) if (day >= fromDay && day <= toDay) days.add(day)
        return [...days].sort((a, b) => a - b)
      }),
    read: (series, day, places) => {
      const key = keyOf(series.measurement)
      const wanted = [...key, ...places]
      const { blocks, late } = atOnce(() => ({
        blocks: statements.blocks.all(series.id, day).map(({ body }) => openOwn(series, day, body)),
        late: [
          ...recent.read(series.id, day, wanted),
          ...statements.undated.all(series.id, day).map(({ atMs, text }) => {
            const row = toUndatedRow(JSON.parse(String(text)) as Reading, Number(atMs), String(text))
            return wanted.map((place) => row[place])
          }),
        ],
      }))
      const [only] = blocks
      if (only !== undefined && blocks.length === 1 && late.length === 0)
        return { rows: only.rows, columns: places.map((place) => only.column(place) ?? toEmpty(only.rows)) }
      const merged = mergeRows([...blocks.flatMap((block) => toRows(block, wanted)), ...late], key.map((_, place) => place))
      return {
        rows: merged.length,
        columns: places.map((_, index) => merged.map((row) => row[key.length + index])),
      }
    },
  }
}

export const toDamage = ({ measurement, tags }: Series, day: number, cause: unknown): string => {
  const date = new Date(day * 86_400_000).toISOString().slice(0, 10)
  const where = Object.entries(tags).map(([name, value]) => `${name} ${value}`)
  return `the block of ${measurement} of ${where.join(', ')} on ${date} is damaged: ${cause instanceof Error ? cause.message : String(cause)}`
}

const toEmpty = (rows: number): Column => Array.from<Cell>({ length: rows })

export const toRows = (block: Block, places: readonly number[]): Cell[][] => {
  const columns = places.map((place) => block.column(place))
  return Array.from({ length: block.rows }, (_, row) => columns.map((column) => column?.[row]))
}

/** Rows in order of their key, each once. Of the same the later one says what it knows, and the earlier one the rest. */
export const mergeRows = (rows: Cell[][], key: readonly number[]): Cell[][] => {
  const merged: Cell[][] = []
  // Sorting is stable: the later one stays behind the earlier one.
  for (const row of rows.sort((a, b) => compareRows(a, b, key))) {
    const last = merged.at(-1)
    if (last === undefined || compareRows(last, row, key) !== 0) merged.push(row)
    else for (const [place, cell] of row.entries()) if (cell !== undefined) last[place] = cell
  }
  return merged
}
