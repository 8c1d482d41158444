import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { openEmbeddedHistory } from '@clearlane/platform/history/embedded-history.ts'
import { openHistorySource } from '@clearlane/platform/history/history-source.ts'
import { toPoints } from '@clearlane/platform/history/points.ts'
import { DEFAULT_RETENTION } from '@clearlane/platform/history/sqlite-history.ts'
import { answerInfluxql } from '@clearlane/platform/influxql/influxql.ts'
import type { PointSource } from '@clearlane/platform/influxql/point-source.ts'
import type { StoredEntry } from '@clearlane/platform/log/log.ts'
import type { HistoryPoint, Reading } from '@clearlane/protocol'
import { HISTORY_TABLE, MAX_READINGS_PER_MESSAGE } from '@clearlane/protocol'
import { createRandom } from '@clearlane/firmware-sim/world/random.ts'
import { toGeneratedDevice } from '@clearlane/firmware-sim/sites/generated.ts'
import type { Influxd } from '../e2e/testing-influxd.ts'
import { findInfluxd, startInfluxd } from '../e2e/testing-influxd.ts'
import { percentile } from './figure.ts'
import { TRAFFIC_START_MS } from './traffic.ts'

/**
 * The embedded history on its own: `node history-embedded-run.ts SLOTS DAYS REPEATS`. Each slot says something once a
 * minute, as entries of the platform's log. Prints how fast they are taken and closed, what they weigh, and how long a
 * slot's day and a dashboard's panels take, beside an influxd that holds the same points where one is found; JSON.
 */
const [slots, days, repeats] = process.argv.slice(2, 5).map(Number) as [number, number, number]
const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
const SLOTS_PER_SECTION = 10
/** What the platform hands a projection at once. */
const ENTRIES_AT_ONCE = 50
const DATABASE = 'bench'

const random = createRandom('history')
const noise = (width: number): number => Math.floor(random() * width)

/** Once a minute with some jitter on the way, a field that is never still, warmth by day, and a car now and then. */
const toReading = (slot: number, counter: number): Reading => {
  const eventMs = TRAFFIC_START_MS + counter * MINUTE_MS + Math.floor((slot / slots) * MINUTE_MS) + noise(40)
  const receivedMs = eventMs + 180 + noise(60)
  return {
    device: toGeneratedDevice(slot),
    session: 1,
    counter,
    trigger: 'period',
    eventMs,
    receivedMs,
    boot: 'b1234567',
    monotonicMs: receivedMs - TRAFFIC_START_MS + noise(2),
    clock: 'device',
    backfill: false,
    link: 'tcp',
    slot: `n1-a${slot}`,
    section: `n1-${Math.floor(slot / SLOTS_PER_SECTION)}`,
    xNt: 33_000 + noise(40),
    yNt: -3_800 + noise(40),
    zNt: 36_200 + noise(40) + ((counter + slot) % 97 < 3 ? 8_000 : 0),
    temperatureC: Math.round(200 + 80 * Math.sin((counter / 1_440) * 2 * Math.PI) + noise(3)) / 10,
    batteryMv: 3_600 - Math.floor(counter / 2_000),
    health: 1,
    rssiDbm: -80 - noise(8),
  }
}

const rows = slots * days * 1_440
function* toSlices(): Generator<StoredEntry[]> {
  let slice: StoredEntry[] = []
  let position = 0
  for (let row = 0; row < rows; row += MAX_READINGS_PER_MESSAGE) {
    const count = Math.min(MAX_READINGS_PER_MESSAGE, rows - row)
    const readings = Array.from({ length: count }, (_, index) =>
      toReading((row + index) % slots, Math.floor((row + index) / slots)),
    )
    slice.push({
      position: ++position,
      site: DATABASE,
      gateway: 'gw',
      epoch: 'e1',
      channel: 'readings',
      first: row + 1,
      last: row + count,
      receivedMs: readings.at(-1)!.receivedMs,
      text: JSON.stringify(readings),
    })
    if (slice.length < ENTRIES_AT_ONCE && row + count < rows) continue
    yield slice
    slice = []
  }
}

const timed = (work: () => void): number => {
  const startedMs = performance.now()
  work()
  return performance.now() - startedMs
}

const toLine = ({ measurement, tags, fields, atUs }: HistoryPoint): string => {
  const types: Readonly<Record<string, { readonly type: string }>> = HISTORY_TABLE[measurement].fields
  const texts = Object.entries(fields).map(([name, value]) => {
    const type = types[name]?.type
    return `${name}=${type === 'string' ? `"${value}"` : type === 'integer' ? `${value}i` : value}`
  })
  const series = Object.entries(tags).map(([name, value]) => `,${name}=${value}`)
  return `${measurement}${series.join('')} ${texts.join(',')} ${atUs}`
}

const fill = async (history: ReturnType<typeof openEmbeddedHistory>, influxd: Influxd | undefined) => {
  let [takenMs, closedMs, influxMs, longestStepMs, closed] = [0, 0, 0, 0, 0]
  const tend = (): void => {
    for (let isDone = false; !isDone; closed++) {
      const ms = timed(() => (isDone = !history.upkeep.step()))
      longestStepMs = Math.max(longestStepMs, ms)
    }
  }
  for (const entries of toSlices()) {
    // What has come lately is put away as part of being taken: it could not go on without.
    takenMs += timed(() => {
      history.apply(entries, entries.at(-1)!.position)
      while (history.upkeep.isBehind() && history.upkeep.step());
    })
    closedMs += timed(tend)
    const startedMs = performance.now()
    await influxd?.write(DATABASE, entries.flatMap(toPoints).map(toLine))
    influxMs += performance.now() - startedMs
  }
  const end = { ...toSlices().next().value![0]!, position: rows, text: '[]' }
  closedMs += timed(() => {
    history.apply([{ ...end, receivedMs: TRAFFIC_START_MS + (days + 1) * DAY_MS }], rows)
    tend()
  })
  return { takenMs, closedMs, influxMs, longestStepMs }
}

const weigh = (file: string) => {
  const db = new DatabaseSync(file, { readOnly: true })
  const { bytes } = db
    .prepare(
      `SELECT (page_count - freelist_count) * page_size AS bytes
       FROM pragma_page_count, pragma_freelist_count, pragma_page_size`,
    )
    .get()!
  db.close()
  return { bytesPerRow: Number(bytes) / rows, fileBytesPerRow: statSync(file).size / rows }
}

const DAY_FIELDS = ['xNt', 'yNt', 'zNt', 'temperatureC']
/** Each time another slot: nothing of it has been read before. */
const readDays = (source: PointSource) => {
  const times = Array.from({ length: repeats * 5 }, () => {
    const slot = noise(slots)
    const tags = {
      site: DATABASE,
      section: `n1-${Math.floor(slot / SLOTS_PER_SECTION)}`,
      slot: `n1-a${slot}`,
    }
    const fromUs = (TRAFFIC_START_MS + noise(days) * DAY_MS) * 1_000
    const query = { measurement: 'reading', tags, fields: DAY_FIELDS, descending: false }
    let count = 0
    const ms = timed(() => {
      for (const _ of source.points({ ...query, fromUs, toUs: fromUs + DAY_MS * 1_000 - 1 })) count++
    })
    // Jitter may carry one reading over midnight.
    if (Math.abs(count - 1_440) > 1) throw new Error(`a slot's day has ${count} readings`)
    return ms
  })
  return { dayP50: percentile(times, 0.5), dayP95: percentile(times, 0.95) }
}

const PANELS = [
  { name: 'slotDay', where: (slot: number) => `slot = 'n1-a${slot}'`, forDays: 1 },
  { name: 'slotWeek', where: (slot: number) => `slot = 'n1-a${slot}'`, forDays: 7 },
  {
    name: 'sectionDay',
    where: (slot: number) => `section = 'n1-${Math.floor(slot / SLOTS_PER_SECTION)}'`,
    forDays: 1,
  },
  {
    name: 'sectionWeek',
    where: (slot: number) => `section = 'n1-${Math.floor(slot / SLOTS_PER_SECTION)}'`,
    forDays: 7,
  },
]

const askPanels = async (source: PointSource, influxd: Influxd | undefined) => {
  const databases = { names: () => [DATABASE], open: () => source }
  const panels: Record<string, { p95: number; influxP95: number | undefined }> = {}
  for (const { name, where, forDays } of PANELS) {
    const [own, theirs]: [number[], number[]] = [[], []]
    for (let count = 0; count < repeats; count++) {
      const fromMs = TRAFFIC_START_MS + noise(Math.max(1, days - forDays + 1)) * DAY_MS
      const query = `SELECT mean("zNt") FROM "reading" WHERE ${where(noise(slots))} AND time >= ${fromMs}ms AND time < ${fromMs + forDays * DAY_MS}ms GROUP BY time(5m) fill(null)`
      own.push(
        timed(() => {
          const answer = answerInfluxql({ query, database: DATABASE }, { databases, now: Date.now })
          if (JSON.stringify(answer).includes('fault')) throw new Error(JSON.stringify(answer))
        }),
      )
      if (influxd === undefined) continue
      const startedMs = performance.now()
      await influxd.query(DATABASE, query)
      theirs.push(performance.now() - startedMs)
    }
    panels[name] = {
      p95: percentile(own, 0.95),
      influxP95: theirs.length === 0 ? undefined : percentile(theirs, 0.95),
    }
  }
  return panels
}

const folder = mkdtempSync(join(tmpdir(), 'history-embedded-'))
const file = join(folder, 'history.sqlite')
const found = findInfluxd()
const influxd = found === undefined ? undefined : await startInfluxd(found, DATABASE)
const history = openEmbeddedHistory({
  file,
  retention: DEFAULT_RETENTION,
  syncDelayMs: 0,
  onDamage: (message) => {
    throw new Error(message)
  },
})
const { takenMs, closedMs, influxMs, longestStepMs } = await fill(history, influxd)
const source = openHistorySource(file)
readDays(source)
const result = {
  rows,
  rowsPerSecond: (rows / takenMs) * 1_000,
  influxRowsPerSecond: influxd === undefined ? undefined : (rows / influxMs) * 1_000,
  closedRowsPerSecond: (rows / closedMs) * 1_000,
  longestStepMs,
  ...weigh(file),
  ...readDays(source),
  panels: await askPanels(source, influxd),
}
source.close()
history.close()
await influxd?.[Symbol.asyncDispose]()
rmSync(folder, { recursive: true })
process.stdout.write(JSON.stringify(result))
