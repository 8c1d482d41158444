import { join } from 'node:path'
import { encodeBlock } from '@clearlane/platform/history/block.ts'
import { BLOCK_STATES, openHistoryFile } from '@clearlane/platform/history/history-file.ts'
import type { Row } from '@clearlane/platform/history/rows.ts'
import { columnsOf, toDay, toReadingRow } from '@clearlane/platform/history/rows.ts'
import type { Layout, Reading } from '@clearlane/protocol'

const DAY_MS = 86_400_000
const EMPTY = { xNt: 33_000, yNt: -3_800, zNt: 36_200 }
const VEHICLE_NT = 8_000
/** Of a slot's readings, one in fifty is of a vehicle above it. */
const OCCUPIED_EVERY = 50

export type PastOptions = {
  readonly days: number
  readonly untilMs: number
  /** How far the readings of a slot are apart. */
  readonly everyMs: (slot: string) => number
}

/**
 * Fills the history of a platform that stands still with readings of the past, as its thread would have put them away:
 * two million through the log would take minutes. Returns how many they are.
 */
export const fillHistory = (platformDir: string, layout: Layout, options: PastOptions): number => {
  const db = openHistoryFile(join(platformDir, 'history.sqlite'))
  db.exec('PRAGMA synchronous = OFF')
  const addSeries = db.prepare('INSERT OR IGNORE INTO series (measurement, tags) VALUES (?, ?)')
  const findSeries = db.prepare('SELECT id FROM series WHERE measurement = ? AND tags = ?')
  const addBlock = db.prepare('INSERT INTO block (series, day, state, body) VALUES (?, ?, ?, ?)')
  let count = 0
  db.exec('BEGIN')
  for (const { id: slot, section, device } of layout.slots) {
    if (device === undefined) continue
    const own = ['reading', JSON.stringify({ site: layout.site, section, slot })] as const
    addSeries.run(...own)
    const series = Number(findSeries.get(...own)?.['id'])
    for (const [day, rows] of toDays(toReadings(slot, section, device, options))) {
      const columns = columnsOf('reading').map((_, place) => rows.map((row) => row[place]))
      addBlock.run(series, day, BLOCK_STATES.part, encodeBlock({ rows: rows.length, columns }))
      count += rows.length
    }
  }
  db.exec('COMMIT')
  db.close()
  return count
}

function* toReadings(
  slot: string,
  section: string,
  device: string,
  { days, untilMs, everyMs }: PastOptions,
): Generator<Reading> {
  let counter = 0
  for (let atMs = untilMs - days * DAY_MS; atMs < untilMs; atMs += everyMs(slot))
    yield toReading(slot, section, device, counter++, atMs)
}
const toDays = (readings: Iterable<Reading>): Map<number, Row[]> => {
  const days = new Map<number, Row[]>()
  for (const reading of readings) {
    const atMs = reading.eventMs!
    const day = toDay('reading', atMs)
    const rows = days.get(day) ?? []
    days.set(day, rows)
    rows.push(toReadingRow(reading, atMs))
  }
  return days
}

/** The field drifts with the day's warmth, and a vehicle stands on it now and then. */
const toReading = (slot: string, section: string, device: string, counter: number, atMs: number): Reading => {
  const warmth = Math.sin((2 * Math.PI * atMs) / DAY_MS)
  const drift = Math.round(60 * warmth) + (counter % 23)
  return {
    device,
    session: 9_999,
    counter,
    trigger: 'period',
    eventMs: atMs,
    receivedMs: atMs + 200,
    boot: 'past',
    monotonicMs: counter,
    clock: 'device',
    backfill: false,
    link: 'tcp',
    slot,
    section,
    xNt: EMPTY.xNt + drift,
    yNt: EMPTY.yNt - drift,
    zNt: EMPTY.zNt + (counter % OCCUPIED_EVERY === 0 ? VEHICLE_NT : 0),
    temperatureC: Math.round(200 + 80 * warmth) / 10,
    batteryMv: 3_600,
    health: 1,
  }
}
