import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Figure } from './figure.ts'
import { nodeFlagsOf } from '../tools/node-flags.mjs'
import { toFigure } from './figure.ts'
import type { Beside } from './node-red-beside.ts'
import { measureStart } from './start-run.ts'
import { measureSync } from './sync-time.ts'

/** `npm run bench -- [--quick] [--only NAME] [--json FILE]`: figures with what they are compared with in the same run. */
const { values } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, only: { type: 'string' }, json: { type: 'string' } },
})
const SLOTS = 10_000
const ADDED_SYNC_MS = 10
const SLOW_READINGS_MS = 500
const readings = values.quick ? 200_000 : 1_000_000
const episodes = values.quick ? 100 : 2_000

/** One measurement in a process of its own. */
const run = <T>(script: string, args: readonly (string | number)[]): T =>
  toResult<T>([process.execPath, join(import.meta.dirname, script), ...args.map(String)])

/** The same as the gateway is run, on one processor only. */
const runAsGateway = <T>(script: string, args: readonly (string | number)[]): T =>
  toResult<T>(
    ['taskset', '-c', '0', process.execPath].concat(
      nodeFlagsOf('gateway/main.ts'),
      join(import.meta.dirname, script),
      args.map(String),
    ),
  )

const toResult = <T>(command: readonly string[]): T =>
  JSON.parse(execFileSync(command[0]!, command.slice(1), { encoding: 'utf8' })) as T

type Pipeline = { readonly readingsPerSecond: number; readonly rssMb: number }
const pipeline = (): Figure[] => {
  // The bytes come from a file that another process has made: what making them costs is not the gateway's.
  const folder = mkdtempSync(join(tmpdir(), 'traffic-'))
  const traffic = join(folder, 'traffic')
  run('traffic-file-run.ts', [traffic, SLOTS, readings])
  const baseline = runAsGateway<Pipeline>('pipeline-run.ts', [traffic, SLOTS, 0, 'group-by'])
  const figures = [0, ADDED_SYNC_MS].flatMap((syncMs) => {
    const own = runAsGateway<Pipeline>('pipeline-run.ts', [traffic, SLOTS, syncMs, 'rules'])
    const name = syncMs === 0 ? 'pipeline' : `pipeline +${syncMs} ms a sync`
    return [
      toFigure(name, own.readingsPerSecond, 'readings/s', { atLeast: 20_000 }, baseline.readingsPerSecond),
      toFigure(`${name}: memory`, own.rssMb, 'MB', { atMost: 160 }, baseline.rssMb),
    ]
  })
  rmSync(folder, { recursive: true })
  return figures
}

const sayDisk = ({ p50, p99 }: Times): void => {
  process.stdout.write(
    `  this disk syncs a kilobyte in ${p50.toFixed(2)} ms (p50), ${p99.toFixed(2)} ms (p99)\n`,
  )
}

type Times = { readonly p50: number; readonly p99: number }
type Latency = Times & { readonly bare: Times; readonly mosquitto?: Times }
const LATENCIES = [
  { name: 'event-latency', syncMs: 0, readingsSyncMs: 0 },
  {
    name: `event-latency +${ADDED_SYNC_MS} ms a sync`,
    syncMs: ADDED_SYNC_MS,
    readingsSyncMs: ADDED_SYNC_MS,
  },
  // A slow commit of readings must not be felt: the limits are those of the first.
  {
    name: `event-latency +${SLOW_READINGS_MS} ms a sync of readings`,
    syncMs: 0,
    readingsSyncMs: SLOW_READINGS_MS,
  },
]
const eventLatency = async (): Promise<Figure[]> => {
  const figures: Figure[] = []
  for (const { name, syncMs, readingsSyncMs } of LATENCIES) {
    const disk = await measureSync()
    sayDisk(disk)
    const own = run<Latency>('event-latency-run.ts', [episodes, syncMs, readingsSyncMs])
    const limits = { p50: disk.p50 + syncMs + 2, p99: 2 * (disk.p99 + syncMs) + 10 }
    figures.push(
      toFigure(`${name} p50`, own.p50, 'ms', { atMost: limits.p50 }, own.bare.p50),
      toFigure(`${name} p99`, own.p99, 'ms', { atMost: limits.p99 }, own.bare.p99),
    )
    if (own.mosquitto !== undefined) {
      figures.push(
        toFigure(
          `${name} p50 beside a bare publish over mosquitto`,
          own.p50,
          'ms',
          { atMost: limits.p50 },
          own.mosquitto.p50,
        ),
      )
    }
  }
  return figures
}

/** Beside the same gateway without Node-RED, in the same run. A flow that never ends takes a whole processor. */
const nodeRedIsolation = async (): Promise<Figure[]> => {
  const disk = await measureSync()
  const measure = (beside: Beside): Times =>
    run<Times>('event-latency-run.ts', [values.quick ? 20 : 1_000, 0, 0, beside])
  const alone = measure('off')
  const limits = { p50: disk.p50 + 2, p99: 2 * disk.p99 + 10 }
  // The harder of the two says it all when there is little time.
  const besides = values.quick ? (['looping'] as const) : (['idle', 'looping'] as const)
  return besides.flatMap((beside) => {
    const own = measure(beside)
    const name = `node-red-isolation: event latency, Node-RED ${beside}`
    return (['p50', 'p99'] as const).map((share) =>
      toFigure(`${name} ${share}`, own[share], 'ms', { atMost: limits[share] }, alone[share]),
    )
  })
}

const LISTENERS = 500
type Feed = { readonly p50: number; readonly p95: number; readonly rssMb: number; readonly aloneMb: number }
/** Beside one listener only: what the other 499 cost. */
const feed = (): Figure[] => {
  const changes = values.quick ? 20 : 200
  const one = run<Feed>('feed-run.ts', [1, changes])
  const all = run<Feed>('feed-run.ts', [LISTENERS, changes])
  return [
    toFigure(`feed p95 to ${LISTENERS} listeners`, all.p95, 'ms', { atMost: 500 }, one.p95),
    toFigure('feed: memory of the platform', all.rssMb, 'MB', {}, all.aloneMb),
  ]
}
type Scroll = { readonly rows: number; readonly slowPercent: number; readonly stillPercent: number }
/** Beside the frames of the same page while nothing moves: the machine's own unevenness. */
const episodesScroll = (): Figure[] => {
  const own = run<Scroll>('episodes-scroll-run.ts', [values.quick ? 10_000 : 100_000])
  const name = `episodes-scroll: frames over 50 ms, ${own.rows} rows`
  return [toFigure(name, own.slowPercent, '%', { atMost: own.stillPercent + 1 }, own.stillPercent)]
}

type Month = {
  readonly rows: number
  readonly monthMs: number
  readonly dayMs: number
  readonly firstViewMs: number
  readonly unthrottledMs: number
}
const FINE_MS = 30_000
const COARSE_MS = 600_000
/** A month of one slot beside a day of it, and the first view on a throttled phone beside one that is not. */
const chart = (): Figure[] => {
  const own = run<Month>('month-run.ts', values.quick ? [3, COARSE_MS] : [10, FINE_MS])
  const past = `${own.rows} readings of the past`
  return [
    toFigure(
      `chart p95: a month of one slot to the screen, ${past}`,
      own.monthMs,
      'ms',
      { atMost: 1_000 },
      own.dayMs,
    ),
    toFigure(
      `first view p95 on a throttled phone, ${past}`,
      own.firstViewMs,
      'ms',
      { atMost: 2_000 },
      own.unthrottledMs,
    ),
  ]
}

type Memory = { readonly residentMb: number; readonly ownMb: number }
type AtRest = { readonly processes: Readonly<Record<string, Memory>>; readonly nothing: Memory }
/** Beside a Node that does nothing. */
const memory = (): Figure[] => {
  const { processes, nothing } = run<AtRest>('memory-run.ts', [values.quick ? 10 : 120])
  return Object.entries(processes).flatMap(([name, { residentMb, ownMb }]) => [
    toFigure(`memory at rest, ${name}: in RAM`, residentMb, 'MB', {}, nothing.residentMb),
    toFigure(`memory at rest, ${name}: its own`, ownMb, 'MB', {}, nothing.ownMb),
  ])
}

type Panel = { readonly p95: number; readonly influxP95?: number }
type EmbeddedHistory = {
  readonly rows: number
  readonly rowsPerSecond: number
  readonly influxRowsPerSecond?: number
  readonly closedRowsPerSecond: number
  readonly longestStepMs: number
  readonly bytesPerRow: number
  readonly fileBytesPerRow: number
  readonly dayP50: number
  readonly dayP95: number
  readonly panels: Readonly<Record<'slotDay' | 'slotWeek' | 'sectionDay' | 'sectionWeek', Panel>>
}
/** Beside an influxd that holds the same points, where one is found. */
const historyEmbedded = (): Figure[] => {
  const own = run<EmbeddedHistory>('history-embedded-run.ts', values.quick ? [60, 1, 20] : [1_000, 7, 100])
  const name = `history-embedded, ${own.rows} rows`
  const panel = (what: string, { p95, influxP95 }: Panel): Figure =>
    toFigure(`${name}: panel p95, mean by 5 min of ${what}`, p95, 'ms', { atMost: 200 }, influxP95)
  return [
    toFigure(`${name}: taken`, own.rowsPerSecond, 'rows/s', { atLeast: 200_000 }, own.influxRowsPerSecond),
    toFigure(`${name}: days closed`, own.closedRowsPerSecond, 'rows/s', {}),
    toFigure(`${name}: longest that upkeep holds anybody up`, own.longestStepMs, 'ms', {}),
    // The file also has pages that are free, as many as a day takes while it is open.
    toFigure(`${name}: a row on disk`, own.bytesPerRow, 'B', { atMost: 10 }, own.fileBytesPerRow),
    toFigure(
      `${name}: field and temperature of a slot's day p95`,
      own.dayP95,
      'ms',
      { atMost: 2 },
      own.dayP50,
    ),
    panel('a slot over a day', own.panels.slotDay),
    panel('a slot over a week', own.panels.slotWeek),
    panel('a section of ten slots over a day', own.panels.sectionDay),
    panel('a section of ten slots over a week', own.panels.sectionWeek),
  ]
}

const saySkipped = (what: string): Figure[] => {
  process.stdout.write(`  no figure: ${what} is not found\n`)
  return []
}

type HistoryInflux = {
  readonly own?: number
  readonly client: number
  readonly http: number
  readonly fields: number
}
/** From the platform's log until an InfluxDB has acknowledged all of it, beside the bare client and ready lines over HTTP. */
const historyInflux = (): Figure[] => {
  const { own, client, http, fields } = run<HistoryInflux>('history-influx-run.ts', [
    values.quick ? 30_000 : 300_000,
  ])
  if (own === undefined) return saySkipped('influxd')
  const name = `history-influx: points of ${fields} fields acknowledged`
  return [
    toFigure(`${name}, beside the bare client`, own, 'points/s', { atLeast: 100_000 }, client),
    toFigure(`${name}, beside ready lines over plain HTTP`, own, 'points/s', {}, http),
  ]
}

type Way = { readonly own: number; readonly telegraf: number }
type IngestWays = { readonly single?: Way; readonly batched: Way }
/** From a gateway's topic into an InfluxDB, beside mosquitto and Telegraf with what they are best at. */
const ingest = (): Figure[] => {
  const { single, batched } = run<IngestWays>(
    'ingest-run.ts',
    values.quick ? [5_000, 20_000] : [200_000, 500_000],
  )
  if (single === undefined) return saySkipped('influxd, telegraf or mosquitto')
  const beside = 'beside mosquitto and Telegraf'
  return [
    toFigure(
      `ingest: one reading a message, ${beside}`,
      single.own,
      'readings/s',
      { atLeast: single.telegraf },
      single.telegraf,
    ),
    toFigure(`ingest: 500 readings a message, ${beside}`, batched.own, 'readings/s', {}, batched.telegraf),
  ]
}

const BENCHES: Readonly<Record<string, () => Figure[] | Promise<Figure[]>>> = {
  pipeline,
  'event-latency': eventLatency,
  'node-red-isolation': nodeRedIsolation,
  'episodes-scroll': episodesScroll,
  chart,
  start: measureStart,
  feed,
  memory,
  'history-embedded': historyEmbedded,
  'history-influx': historyInflux,
  ingest,
}

/** Each starts several servers or a browser: two minutes are not enough for all of them. */
const LEFT_OUT_WHEN_QUICK = [
  'node-red-isolation',
  'chart',
  'memory',
  'history-embedded',
  'history-influx',
  'ingest',
]
const isLeftOut = (name: string): boolean => values.quick === true && LEFT_OUT_WHEN_QUICK.includes(name)
const chosen =
  values.only === undefined ? Object.keys(BENCHES).filter((name) => !isLeftOut(name)) : [values.only]
if (values.quick === true && values.only === undefined)
  process.stdout.write(`left out of --quick, each to be had by --only: ${LEFT_OUT_WHEN_QUICK.join(', ')}\n`)
sayDisk(await measureSync())
const figures: Figure[] = []
for (const name of chosen) {
  const bench = BENCHES[name]
  if (bench === undefined) {
    process.stderr.write(`there is no bench ${name}: ${Object.keys(BENCHES).join(', ')}\n`)
    process.exit(2)
  }
  process.stdout.write(`${name} …\n`)
  for (const figure of await bench()) {
    figures.push(figure)
    const ratio = figure.ratio === undefined ? '' : ` (${figure.ratio} times)`
    const beside = figure.baseline === undefined ? '' : `, beside ${figure.baseline}${ratio}`
    process.stdout.write(
      `  ${figure.name}: ${figure.value} ${figure.unit}${beside}; wanted ${figure.target}: ${figure.met ? 'met' : 'NOT MET'}\n`,
    )
  }
}
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(figures, undefined, 2)}\n`)
