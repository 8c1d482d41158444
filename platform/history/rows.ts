import type { HistoryMeasurementName, HistoryPoint, Reading } from '@clearlane/protocol'
import { HISTORY_CODES, HISTORY_TABLE, toPointUs } from '@clearlane/protocol'
import type { Cell } from './column.ts'

/**
 * How what a history keeps stands in rows. A row begins with its time: of a reading in ms, of any other point in µs.
 * A column's place is in the stored blocks: a new one is added at the end, and with a new version of the file.
 */
export type Row = readonly Cell[]

const READING_COLUMNS = [
  'atMs',
  'device',
  'session',
  'counter',
  'xNt',
  'yNt',
  'zNt',
  'temperatureC',
  'batteryMv',
  'rssiDbm',
  'snrDb',
  'trigger',
  'clock',
  'backfill',
  'delayMs',
  'boot',
  // When that boot began by the gateway's clock: it hardly changes, and the monotonic time follows from it.
  'bootMs',
  'link',
  'opinion',
  'health',
  'foreign',
  'rest',
  // Of a reading without event time all of it, as JSON. It is never in a block.
  'undated',
] as const

export const columnsOf = (measurement: HistoryMeasurementName): readonly string[] =>
  measurement === 'reading' ? READING_COLUMNS : ['atUs', ...Object.keys(HISTORY_TABLE[measurement].fields)]

/** The columns by which rows are in order, and by which one is known: the same again is the same row. */
export const keyOf = (measurement: HistoryMeasurementName): readonly number[] =>
  measurement === 'reading' ? [0, 1, 2, 3] : [0]

export const compareRows = (a: Row, b: Row, key: readonly number[]): number => {
  for (const place of key) {
    const [left, right] = [a[place]!, b[place]!]
    if (left !== right) return left < right ? -1 : 1
  }
  return 0
}

const DAY_MS = 86_400_000
export const toDay = (measurement: HistoryMeasurementName, at: number): number =>
  Math.floor(at / (measurement === 'reading' ? DAY_MS : DAY_MS * 1_000))

/** Microseconds of a row of a measurement. */
export const toRowUs = (measurement: HistoryMeasurementName, at: number, counter: number): number =>
  measurement === 'reading' ? toPointUs(at, counter) : at

export const toPointRow = ({ measurement, atUs, fields }: HistoryPoint): Row => [
  atUs,
  ...Object.keys(HISTORY_TABLE[measurement].fields).map((name) => fields[name]),
]

/** What has a column of its own, or follows from columns and the series. */
const KNOWN = new Set<string>([
  ...READING_COLUMNS.slice(1, -2),
  'eventMs',
  'receivedMs',
  'monotonicMs',
  'slot',
  'section',
  // The bytes as they came stay in the two logs.
  'raw',
])

const { trigger: TRIGGERS, clock: CLOCKS, presence: PRESENCES } = HISTORY_CODES
const codeOf = (words: readonly string[], word: string): number => words.indexOf(word)

export const toReadingRow = (reading: Reading, atMs: number): Row => [
  atMs,
  reading.device,
  reading.session,
  reading.counter,
  reading.xNt,
  reading.yNt,
  reading.zNt,
  reading.temperatureC,
  reading.batteryMv,
  reading.rssiDbm,
  reading.snrDb,
  codeOf(TRIGGERS, reading.trigger),
  codeOf(CLOCKS, reading.clock),
  reading.backfill ? 1 : 0,
  reading.receivedMs - atMs,
  reading.boot,
  reading.receivedMs - reading.monotonicMs,
  reading.link,
  reading.opinion === undefined ? undefined : codeOf(PRESENCES, reading.opinion),
  reading.health,
  reading.foreign === undefined ? undefined : Number(reading.foreign),
  toRest(reading),
  undefined,
]

/** Nobody knows when it was taken, so from its event time to its reception nothing passes. */
export const toUndatedRow = (reading: Reading, atMs: number, text: string): Row => {
  const row = [...toReadingRow(reading, atMs)]
  row[READING_COLUMNS.indexOf('delayMs')] = 0
  row[READING_COLUMNS.indexOf('undated')] = text
  return row
}

const toRest = (reading: Reading): string | undefined => {
  let rest: Record<string, unknown> | undefined
  for (const name in reading) {
    if (KNOWN.has(name)) continue
    rest ??= {}
    rest[name] = reading[name]
  }
  return rest === undefined ? undefined : JSON.stringify(rest)
}

export const toReading = (row: Row, { slot, section }: Readonly<Record<string, string>>): Reading => {
  const [atMs, device, session, counter, xNt, yNt, zNt, temperatureC, batteryMv, rssiDbm, snrDb] =
    row as number[]
  const [trigger, clock, backfill, delayMs, boot, bootMs, link, opinion, health, foreign] = row.slice(
    11,
  ) as number[]
  const [rest, undated] = row.slice(21) as (string | undefined)[]
  if (undated !== undefined) return JSON.parse(undated) as Reading
  const receivedMs = atMs! + delayMs!
  const reading = {
    device,
    session,
    counter,
    trigger: TRIGGERS[trigger!],
    eventMs: atMs,
    receivedMs,
    boot,
    monotonicMs: receivedMs - bootMs!,
    clock: CLOCKS[clock!],
    backfill: backfill === 1,
    link,
    slot,
    section,
    ...(foreign !== undefined && { foreign: foreign === 1 }),
    xNt,
    yNt,
    zNt,
    ...(temperatureC !== undefined && { temperatureC }),
    ...(opinion !== undefined && { opinion: PRESENCES[opinion] }),
    ...(batteryMv !== undefined && { batteryMv }),
    ...(health !== undefined && { health }),
    ...(rssiDbm !== undefined && { rssiDbm }),
    ...(snrDb !== undefined && { snrDb }),
    ...(rest !== undefined && (JSON.parse(rest) as object)),
  }
  return reading as unknown as Reading
}
