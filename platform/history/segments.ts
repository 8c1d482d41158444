import type { DatabaseSync } from 'node:sqlite'
import type { Reading } from '@clearlane/protocol'
import type { Block, Columns } from './block.ts'
import { openBlock } from './block.ts'
import type { Column } from './column.ts'
import { mergeColumns } from './merge-columns.ts'
import type { RecentSlices } from './recent-slices.ts'
import { keyOf, toUndatedRow } from './rows.ts'
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
      const pick = (block: Block, of: readonly number[]): Columns => ({
        rows: block.rows,
        columns: of.map((place) => block.column(place)),
      })
      const { blocks, late } = atOnce(() => ({
        blocks: statements.blocks.all(series.id, day).map(({ body }) => openOwn(series, day, body)),
        late: [
          recent.read(series.id, day, wanted),
          toUndated(statements.undated.all(series.id, day), wanted),
        ].filter(({ rows }) => rows > 0),
      }))
      const [only] = blocks
      // Within a block all is in order, and there once.
      if (only !== undefined && blocks.length === 1 && late.length === 0) return fill(pick(only, places))
      const origins = [...blocks.map((block) => pick(block, wanted)), ...late]
      const { rows, columns } = mergeColumns(origins, [...key.keys()])
      return fill({ rows, columns: places.map((_, index) => columns[key.length + index]) })
    },
  }
}

const toUndated = (found: readonly Record<string, unknown>[], places: readonly number[]): Columns => {
  const rows = found.map(({ atMs, text }) =>
    toUndatedRow(JSON.parse(String(text)) as Reading, Number(atMs), String(text)),
  )
  return { rows: rows.length, columns: places.map((place) => rows.map((row) => row[place])) }
}

export const toDamage = ({ measurement, tags }: Series, day: number, cause: unknown): string => {
  const date = new Date(day * 86_400_000).toISOString().slice(0, 10)
  const where = Object.entries(tags).map(([name, value]) => `${name} ${value}`)
  return `the block of ${measurement} of ${where.join(', ')} on ${date} is damaged: ${cause instanceof Error ? cause.message : String(cause)}`
}

/** A column without values is as long as the others, and every row of it is undefined. */
const fill = ({ rows, columns }: Columns): Segment => ({
  rows,
  columns: columns.map((column) => column ?? { length: rows }),
})
