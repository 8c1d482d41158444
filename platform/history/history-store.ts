import type { DatabaseSync } from 'node:sqlite'
import type { HistoryMeasurementName, Reading } from '@clearlane/protocol'
import type { StoredEntry } from '../log/log.ts'
import { encodeBlock } from './block.ts'
import type { Cell } from './column.ts'
import { toPoints } from './points.ts'
import type { RecentSlices } from './recent-slices.ts'
import type { Row } from './rows.ts'
import { columnsOf, toDay, toPointRow, toReadingRow } from './rows.ts'
import type { Series, SeriesBook } from './series-book.ts'

/** What is written of a history at once, in the thread that owns its file. */
export type HistoryStore = {
  cursor(): number
  /** Domain time as the log has it: the newest reception of an entry. */
  nowMs(): number
  apply(entries: readonly StoredEntry[], cursor: number): void
  dateBoot(boot: string, utcMs: number): void
}

export type StoreParts = {
  readonly db: DatabaseSync
  readonly series: SeriesBook
  readonly recent: RecentSlices
  /** All or nothing, so that what fails can be tried again. */
  readonly inTransaction: (work: () => void) => void
}

export const openHistoryStore = ({ db, series, recent, inTransaction }: StoreParts): HistoryStore => {
  const statements = prepare(db)
  const stored = statements.cursor.get()
  let cursor = Number(stored?.['position'] ?? 0)
  let nowMs = Number(stored?.['nowMs'] ?? 0)
  let slice = Number(stored?.['slice'] ?? 0)

  const idOf = (measurement: HistoryMeasurementName, tags: Series['tags']): number => {
    const known = series.find(measurement, tags)
    if (known !== undefined) return known.id
    statements.addSeries.run(measurement, JSON.stringify(tags))
    series.refresh()
    return series.find(measurement, tags)!.id
  }
  /** Readings are many, and each looks for its series. */
  const idOfSlot = (site: string, section: string, slot: string): number => {
    const own = series.ofSlot(slot).find(({ tags }) => tags['section'] === section && tags['site'] === site)
    return own?.id ?? idOf('reading', { site, section, slot })
  }
  /** Undone together with the transaction, so that nothing points at what was never stored. */
  const write = (work: () => void): void => {
    const before = { cursor, nowMs, slice }
    try {
      inTransaction(() => {
        work()
        statements.setCursor.run(cursor, nowMs, slice)
      })
    } catch (cause) {
      ;({ cursor, nowMs, slice } = before)
      series.reload()
      throw cause
    }
    recent.refresh()
  }
  const keep = (gathered: Gathered): void => {
    for (const [measurement, columns] of gathered.take()) {
      statements.addSlice.run(++slice, measurement, encodeBlock({ rows: columns[0]!.length, columns }, true))
    }
  }
  const keepReading = (site: string, reading: Reading, atMs: number, gathered: Gathered): void => {
    const { section, slot, device, session, counter, boot } = reading
    const id = idOfSlot(site, section, slot)
    const utcMs = reading.eventMs === undefined ? statements.boot.get(boot)?.['utcMs'] : undefined
    const eventMs = reading.eventMs ?? (utcMs === undefined ? undefined : Number(utcMs) + reading.monotonicMs)
    if (eventMs !== undefined) return gathered.add('reading', id, toReadingRow(reading, eventMs))
    const { raw: _raw, ...kept } = reading
    statements.wait.run(
      id,
      toDay('reading', atMs),
      atMs,
      device,
      session,
      counter,
      boot,
      JSON.stringify(kept),
    )
  }

  return {
    cursor: () => cursor,
    nowMs: () => nowMs,
    apply: (entries, next) => {
      if (next <= cursor) return
      write(() => {
        const gathered = createGathered()
        for (const entry of entries) {
          // What is here already is passed over: whoever did not know where the history stands begins before it.
          if (entry.position <= cursor) continue
          nowMs = Math.max(nowMs, entry.receivedMs)
          if (entry.channel === 'readings') {
            for (const reading of JSON.parse(entry.text) as Reading[])
              keepReading(entry.site, reading, entry.receivedMs, gathered)
          } else {
            for (const point of toPoints(entry))
              gathered.add(point.measurement, idOf(point.measurement, point.tags), toPointRow(point))
          }
        }
        keep(gathered)
        cursor = next
      })
    },
    dateBoot: (boot, utcMs) => {
      if (statements.boot.get(boot) !== undefined) return
      write(() => {
        const gathered = createGathered()
        statements.setBoot.run(boot, utcMs)
        for (const { series: id, text } of statements.waiting.all(boot)) {
          const reading = JSON.parse(String(text)) as Reading
          gathered.add('reading', Number(id), toReadingRow(reading, utcMs + reading.monotonicMs))
        }
        statements.dropWaiting.run(boot)
        keep(gathered)
      })
    },
  }
}

type Gathered = {
  add(measurement: HistoryMeasurementName, series: number, row: Row): void
  take(): Iterable<[HistoryMeasurementName, Cell[][]]>
}
/** Rows by column, the series of each in front. */
const createGathered = (): Gathered => {
  const gathered = new Map<HistoryMeasurementName, Cell[][]>()
  return {
    add: (measurement, series, row) => {
      let columns = gathered.get(measurement)
      if (columns === undefined) {
        columns = Array.from({ length: columnsOf(measurement).length + 1 }, () => [])
        gathered.set(measurement, columns)
      }
      columns[0]!.push(series)
      for (let place = 0; place < row.length; place++) columns[place + 1]!.push(row[place])
    },
    take: () => gathered,
  }
}

const prepare = (db: DatabaseSync) => ({
  cursor: db.prepare('SELECT position, nowMs, slice FROM cursor WHERE id = 1'),
  setCursor: db.prepare('INSERT OR REPLACE INTO cursor (id, position, nowMs, slice) VALUES (1, ?, ?, ?)'),
  addSeries: db.prepare('INSERT INTO series (measurement, tags) VALUES (?, ?)'),
  addSlice: db.prepare('INSERT INTO recent (id, measurement, body) VALUES (?, ?, ?)'),
  boot: db.prepare('SELECT utcMs FROM boot WHERE boot = ?'),
  setBoot: db.prepare('INSERT INTO boot (boot, utcMs) VALUES (?, ?)'),
  wait: db.prepare('INSERT OR IGNORE INTO undated VALUES (?, ?, ?, ?, ?, ?, ?, ?)'),
  waiting: db.prepare('SELECT series, text FROM undated WHERE boot = ?'),
  dropWaiting: db.prepare('DELETE FROM undated WHERE boot = ?'),
})
