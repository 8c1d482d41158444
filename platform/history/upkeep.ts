import type { DatabaseSync } from 'node:sqlite'
import type { Columns } from './block.ts'
import { encodeBlock, openBlock } from './block.ts'
import { BLOCK_STATES } from './history-file.ts'
import { mergeColumns } from './merge-columns.ts'
import type { RecentSlices } from './recent-slices.ts'
import { columnsOf, keyOf } from './rows.ts'
import { toDamage } from './segments.ts'
import type { Series, SeriesBook } from './series-book.ts'

/** How long a history keeps what. Presence and episodes, which say what happened, are never thinned. */
export type Retention = {
  /** Days that are kept as they came. */
  readonly fullDays: number
  /** Of older days a series keeps the first row in each stretch of so many minutes. */
  readonly thinnedMinutes: number
  /** Days after which nothing is kept. */
  readonly keepDays: number
}

/** Puts what came lately where it is found quickly, closes days, thins and drops them: a little at a time. */
export type Upkeep = {
  /** Works for some ms; false when there is nothing left to do. */
  step(): boolean
  /** Whether so much has come that it must be put away before more is taken. */
  isBehind(): boolean
}

export type UpkeepParts = {
  readonly db: DatabaseSync
  readonly series: SeriesBook
  readonly recent: RecentSlices
  readonly retention: Retention
  readonly maxRecentRows?: number
  readonly inTransaction: (work: () => void) => void
  readonly nowMs: () => number
  readonly onDamage: (message: string) => void
}

const DAY_MS = 86_400_000
/** A device that has been unheard may bring its memory: a day is written as a whole when little of it is to be expected. */
const CLOSE_AFTER_MS = 3_600_000
const MAX_RECENT_ROWS = 32_768
const MAX_RECENT_SLICES = 1_024
const STEP_MS = 4
const DROPPED_AT_ONCE = 64
/** Names and lengths of a part take some 150 bytes. */
const SMALL_PART_ROWS = 16
const PARTS_TO_GATHER = 16

const THINNED: readonly Series['measurement'][] = ['reading', 'coverage', 'health']

export const createUpkeep = (parts: UpkeepParts): Upkeep => {
  const {
    db,
    series,
    recent,
    retention,
    maxRecentRows = MAX_RECENT_ROWS,
    inTransaction,
    nowMs,
    onDamage,
  } = parts
  const statements = prepare(db)
  const dayAgo = (ms: number): number => Math.floor((nowMs() - ms) / DAY_MS)
  /** Of a day that closes nothing is left behind. */
  let settledDay: number | undefined
  let settling: { readonly untilId: number; readonly left: { series: number; day: number }[] } | undefined

  const add = (own: Series, day: number, state: number, rows: Columns): void => {
    statements.add.run(own.id, day, state, encodeBlock(rows, state === BLOCK_STATES.part))
  }
  const open = (own: Series, body: unknown): Columns => {
    const block = openBlock(body as Uint8Array)
    return { rows: block.rows, columns: placesOf(own).map((place) => block.column(place)) }
  }
  const placesOf = ({ measurement }: Series): number[] => columnsOf(measurement).map((_, place) => place)
  /** Takes blocks out of the file. What is damaged is set aside, and the rest goes on without it. */
  const takeOut = (own: Series, day: number, blocks: readonly Record<string, unknown>[]): Columns[] =>
    blocks.flatMap(({ id, body }) => {
      try {
        const rows = open(own, body)
        statements.drop.run(Number(id))
        return [rows]
      } catch (cause) {
        statements.setState.run(BLOCK_STATES.damaged, Number(id))
        onDamage(toDamage(own, day, cause))
        return []
      }
    })
  const join = (
    own: Series,
    day: number,
    state: number,
    blocks: readonly Record<string, unknown>[],
  ): void => {
    const origins = takeOut(own, day, blocks)
    if (origins.length > 0) add(own, day, state, mergeColumns(origins, keyOf(own.measurement)))
  }
  /** In a large estate a part has few rows, and its names and lengths would be more than they. */
  const gather = (own: Series, day: number): void => {
    const { count } = statements.countParts.get(own.id, day, BLOCK_STATES.part)!
    if (Number(count) < PARTS_TO_GATHER) return
    join(own, day, BLOCK_STATES.gathered, statements.parts.all(own.id, day, BLOCK_STATES.part))
  }

  const settle = (): boolean => {
    if (settling === undefined) {
      const day = dayAgo(CLOSE_AFTER_MS)
      if (day === settledDay && recent.slices() <= MAX_RECENT_SLICES && recent.rows() <= maxRecentRows)
        return false
      settledDay = day
      if (recent.slices() === 0) return false
      settling = { untilId: recent.lastId(), left: [...recent.all()] }
    }
    const { untilId, left } = settling
    const next = left.slice()
    inTransaction(() => {
      const endMs = performance.now() + STEP_MS
      while (next.length > 0 && performance.now() < endMs) {
        const { series: id, day } = next.pop()!
        const own = series.byId(id)
        if (own === undefined) continue
        const rows = recent.read(id, day, placesOf(own), untilId)
        if (rows.rows === 0) continue
        add(own, day, BLOCK_STATES.part, mergeColumns([rows], keyOf(own.measurement)))
        if (rows.rows < SMALL_PART_ROWS) gather(own, day)
      }
      if (next.length === 0) statements.dropSlices.run(untilId)
    })
    settling = next.length === 0 ? undefined : { untilId, left: next }
    recent.refresh()
    return true
  }

  /** One series and day becomes one block. */
  const close = (): boolean => {
    const until = dayAgo(CLOSE_AFTER_MS)
    const found =
      statements.toClose.get(BLOCK_STATES.part, until) ?? statements.toClose.get(BLOCK_STATES.gathered, until)
    const own = found === undefined ? undefined : series.byId(Number(found['series']))
    if (found === undefined || own === undefined) return false
    const day = Number(found['day'])
    inTransaction(() => {
      const state = THINNED.includes(own.measurement) ? BLOCK_STATES.whole : BLOCK_STATES.final
      join(own, day, state, statements.ofDay.all(own.id, day, BLOCK_STATES.damaged))
    })
    return true
  }

  const thin = (): boolean => {
    const found = statements.toThin.get(BLOCK_STATES.whole, dayAgo(retention.fullDays * DAY_MS))
    const own = found === undefined ? undefined : series.byId(Number(found['series']))
    if (found === undefined || own === undefined) return false
    const [id, day] = [Number(found['id']), Number(found['day'])]
    inTransaction(() => {
      for (const rows of takeOut(own, day, [{ id, body: found['body'] }]))
        add(own, day, BLOCK_STATES.final, toThinned(own, rows, retention.thinnedMinutes))
    })
    return true
  }

  const drop = (): boolean => {
    const day = dayAgo(retention.keepDays * DAY_MS)
    const ids = Object.values(BLOCK_STATES).flatMap((state) =>
      statements.toDrop.all(state, day, DROPPED_AT_ONCE).map(({ id }) => Number(id)),
    )
    if (ids.length === 0) return false
    inTransaction(() => {
      for (const id of ids.slice(0, DROPPED_AT_ONCE)) statements.drop.run(id)
      statements.dropUndated.run(day)
    })
    return true
  }

  return {
    step: () => settle() || drop() || close() || thin(),
    isBehind: () => recent.slices() > 2 * MAX_RECENT_SLICES || recent.rows() > 2 * maxRecentRows,
  }
}

/** Rows as they were, never a mean that nobody has measured. */
const toThinned = ({ measurement }: Series, { rows, columns }: Columns, minutes: number): Columns => {
  const stretch = minutes * 60_000 * (measurement === 'reading' ? 1 : 1_000)
  const stretchOf = (row: number): number => Math.floor(Number(columns[0]?.[row]) / stretch)
  const kept = Array.from({ length: rows }, (_, row) => row).filter(
    (row) => row === 0 || stretchOf(row) !== stretchOf(row - 1),
  )
  return { rows: kept.length, columns: columns.map((column) => column && kept.map((row) => column[row])) }
}

const prepare = (db: DatabaseSync) => ({
  add: db.prepare('INSERT INTO block (series, day, state, body) VALUES (?, ?, ?, ?)'),
  drop: db.prepare('DELETE FROM block WHERE id = ?'),
  setState: db.prepare('UPDATE block SET state = ? WHERE id = ?'),
  dropSlices: db.prepare('DELETE FROM recent WHERE id <= ?'),
  toClose: db.prepare('SELECT series, day FROM block WHERE state = ? AND day < ? LIMIT 1'),
  ofDay: db.prepare('SELECT id, body FROM block WHERE series = ? AND day = ? AND state <> ? ORDER BY id'),
  parts: db.prepare('SELECT id, body FROM block WHERE series = ? AND day = ? AND state = ? ORDER BY id'),
  countParts: db.prepare('SELECT count(*) AS count FROM block WHERE series = ? AND day = ? AND state = ?'),
  toThin: db.prepare('SELECT id, series, day, body FROM block WHERE state = ? AND day < ? LIMIT 1'),
  toDrop: db.prepare('SELECT id FROM block WHERE state = ? AND day < ? LIMIT ?'),
  dropUndated: db.prepare('DELETE FROM undated WHERE day < ?'),
})
