import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { HistoryMeasurementName, Reading } from '@clearlane/protocol'
import { HISTORY_TABLE } from '@clearlane/protocol'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { MemorySchema } from '../influxql/testing-memory-source.ts'
import { createMemorySource } from '../influxql/testing-memory-source.ts'
import type { PointSource, Tags } from '../influxql/point-source.ts'
import type { StoredEntry } from '../log/log.ts'
import { openEmbeddedHistory } from './embedded-history.ts'
import { openHistorySource } from './history-source.ts'
import { toPoints } from './points.ts'
import type { Sample } from './samples.ts'
import { DEFAULT_RETENTION } from './sqlite-history.ts'

const DAY_MS = 86_400_000
const DAYS = 4

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'source-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const atMs = fc.oneof(
  fc.integer({ min: 0, max: DAYS * DAY_MS }),
  fc.constantFrom(0, DAY_MS - 1, DAY_MS, 2 * DAY_MS),
)
const optional = <Name extends string>(name: Name, value: fc.Arbitrary<number>) =>
  fc.oneof(fc.constant({}), fc.record({ [name]: value }))
const tenths = fc.integer({ min: -1_200, max: 1_200 }).map((value) => value / 10)

const readingRow = fc
  .tuple(
    atMs,
    fc.constantFrom(['a1', 'a'], ['a2', 'a'], ['b1', 'b'], ['b1', 'c']),
    fc.integer({ min: 0, max: 0xffff_ffff }),
    fc.tuple(fc.integer(), fc.integer({ min: -8_388_608, max: 8_388_607 }), fc.constant(0)),
    optional('temperatureC', tenths),
    optional('batteryMv', fc.nat(4_000)),
    optional('rssiDbm', fc.double({ noNaN: true, min: -150, max: -1 })),
  )
  .map(([eventMs, [slot, section], counter, [xNt, yNt, zNt], ...rest]) => ({
    device: `70b3d57ed001${slot}00`,
    session: 1,
    counter,
    trigger: counter % 2 === 0 ? 'period' : 'change',
    eventMs,
    receivedMs: eventMs + (counter % 5_000),
    boot: 'b1',
    monotonicMs: 1,
    clock: 'device',
    backfill: counter % 3 === 0,
    link: 'tcp',
    slot,
    section,
    xNt,
    yNt,
    zNt,
    ...Object.assign({}, ...rest),
  }))
const presenceRow = fc
  .tuple(
    atMs,
    fc.constantFrom('a1', 'b1'),
    fc.integer({ min: 1, max: 2_000 }),
    optional('residualNt', fc.nat()),
  )
  .map(([sinceMs, slot, revision, evidence]) => ({
    kind: 'presence',
    slot,
    section: 'a',
    presence: revision % 2 === 0 ? 'vacant' : 'occupied',
    revision,
    sinceMs,
    decidedMs: sinceMs + 10,
    evidence: { slot, reason: 'field', ...evidence },
  }))
const episodeRow = fc
  .tuple(atMs, fc.subarray(['a', 'b', 'c'], { minLength: 1 }), fc.integer({ min: 1, max: 9 }))
  .map(([time, sections, revision]) => ({
    kind: 'episode',
    transition: 'cleared',
    atMs: time,
    decidedMs: time,
    evidence: [],
    episode: {
      id: `e-${time}`,
      revision,
      lane: 'north',
      sections,
      suspect: 'vehicle',
      detectedMs: time - 60_000,
      confirmed: true,
      unobserved: false,
      rulesVersion: 1,
      layoutVersion: 2,
    },
  }))
const sampleRow = fc.tuple(fc.nat(DAYS * 1_440), fc.nat(3)).map(([minute, known]): Sample => ({
  atMs: minute * 60_000,
  coverage: [['north', 'a', known === 3 ? 'clear' : 'unobserved', 3, known, 0]],
  health: [{ gateway: 'gw', readingsWaiting: known, linksUp: 1 }],
}))
const entryRows = fc.oneof(
  fc.record({ channel: fc.constant('readings' as const), rows: fc.array(readingRow, { maxLength: 20 }) }),
  fc.record({
    channel: fc.constant('events' as const),
    rows: fc.array(fc.oneof(presenceRow, episodeRow), { maxLength: 8 }),
  }),
  fc.record({ channel: fc.constant('samples' as const), rows: fc.array(sampleRow, { maxLength: 5 }) }),
)
const toEntries = (
  drawn: readonly { channel: StoredEntry['channel']; rows: readonly object[] }[],
): StoredEntry[] =>
  drawn.map(({ channel, rows }, index) => ({
    position: index + 1,
    site: 's',
    gateway: 'gw',
    epoch: 'e1',
    channel,
    first: 1,
    last: 1,
    // Days close while readings of them still come.
    receivedMs: index * DAY_MS,
    text: JSON.stringify(rows),
  }))

const SCHEMA = Object.fromEntries(
  Object.entries(HISTORY_TABLE).map(([name, { fields }]) => [
    name,
    Object.fromEntries(Object.entries(fields).map(([field, { type }]) => [field, type])),
  ]),
) as MemorySchema

const sortTags = (tags: readonly Tags[]): string[] => tags.map((one) => JSON.stringify(one)).sort()
const readAll = (source: PointSource, fromUs: number, toUs: number, fields: (name: string) => string[]) =>
  (Object.keys(HISTORY_TABLE) as HistoryMeasurementName[]).flatMap((measurement) =>
    [...source.series(measurement)]
      .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
      .flatMap((tags) =>
        [false, true].map((descending) => ({
          measurement,
          tags,
          points: [
            ...source.points({ measurement, tags, fields: fields(measurement), fromUs, toUs, descending }),
          ],
        })),
      ),
  )

test('says the same of generated points as a source that holds them in memory', () => {
  fc.assert(
    fc.property(
      fc.array(entryRows, { maxLength: 10 }),
      fc.constantFrom(0, 15, 1_000),
      fc.tuple(atMs, atMs),
      fc.integer({ min: 1, max: 7 }),
      (drawn, maxRecentRows, [oneMs, otherMs], every) => {
        const own = mkdtempSync(join(folder, 'run-'))
        const entries = toEntries(drawn)
        const history = openEmbeddedHistory({
          file: join(own, 'history.sqlite'),
          retention: DEFAULT_RETENTION,
          syncDelayMs: 0,
          maxRecentRows,
          onDamage: (message) => expect.unreachable(message),
        })
        const source = openHistorySource(join(own, 'history.sqlite'))
        const memory = createMemorySource(SCHEMA, entries.flatMap(toPoints))
        for (const one of entries) {
          history.apply([one], one.position)
          while (maxRecentRows < 1_000 && history.upkeep.step());
        }
        expect([...source.measurements()].sort()).toEqual([...memory.measurements()].sort())
        for (const name of memory.measurements()) {
          expect(source.fields(name)).toEqual(memory.fields(name))
          expect(sortTags(source.series(name))).toEqual(sortTags(memory.series(name)))
        }
        const [fromUs, toUs] = [Math.min(oneMs, otherMs) * 1_000, Math.max(oneMs, otherMs) * 1_000 + 500]
        const fields = (name: string): string[] => [
          ...Object.keys(SCHEMA[name]!).filter((_, index) => index % every === 0),
          'none',
        ]
        expect(readAll(source, fromUs, toUs, fields)).toEqual(readAll(memory, fromUs, toUs, fields))
        source.close()
        history.close()
      },
    ),
    { numRuns: 60 },
  )
})

const reading = (counter: number): Reading => ({
  device: '70b3d57ed001a001',
  session: 1,
  counter,
  trigger: 'period',
  eventMs: counter,
  receivedMs: counter,
  boot: 'b1',
  monotonicMs: counter,
  clock: 'device',
  backfill: false,
  link: 'tcp',
  slot: 'a1',
  section: 'a',
  xNt: counter,
  yNt: 0,
  zNt: 0,
})
const query = {
  measurement: 'reading',
  tags: { site: 's', section: 'a', slot: 'a1' },
  fields: ['xNt'],
  fromUs: 0,
  toUs: 10 * DAY_MS * 1_000,
  descending: false,
}

test('sees what is committed after it was opened, and what is put away while it is read, each point once', () => {
  const file = join(folder, 'history.sqlite')
  const history = openEmbeddedHistory({
    file,
    retention: DEFAULT_RETENTION,
    syncDelayMs: 0,
    maxRecentRows: 0,
    onDamage: (message) => expect.unreachable(message),
  })
  const source = openHistorySource(file)
  expect(source.measurements()).toEqual([])
  const days = Array.from({ length: DAYS }, (_, day) => [reading(day * DAY_MS), reading(day * DAY_MS + 1)])
  history.apply(toEntries([{ channel: 'readings', rows: days.flat() }]), 1)
  const seen: unknown[] = []
  for (const { values } of source.points(query)) {
    seen.push(values[0])
    history.upkeep.step()
  }
  expect(seen).toEqual(days.flat().map(({ xNt }) => xNt))
  source.close()
  history.close()
})

test('is read in another thread while the history is written in its own', async () => {
  const file = join(folder, 'history.sqlite')
  const history = openEmbeddedHistory({
    file,
    retention: DEFAULT_RETENTION,
    syncDelayMs: 0,
    onDamage: (message) => expect.unreachable(message),
  })
  const entries = Array.from({ length: 20 }, (_, index) => ({
    ...toEntries([{ channel: 'readings', rows: [reading(index * 2), reading(index * 2 + 1)] }])[0]!,
    position: index + 1,
  }))
  history.apply(entries.slice(0, 1), 1)
  const worker = new Worker(READ_UNTIL_ALL_IS_THERE, {
    eval: true,
    workerData: { module: new URL('./history-source.ts', import.meta.url).href, file, query, count: 40 },
  })
  const counts = new Promise<number[]>((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
  })
  for (const one of entries.slice(1)) {
    history.apply([one], one.position)
    await new Promise((resolve) => setImmediate(resolve))
  }
  const seen = await counts
  expect(seen.at(-1)).toBe(40)
  // Of a slice either both readings are seen or none.
  expect(seen.filter((one) => one % 2 !== 0)).toEqual([])
  history.close()
})

const READ_UNTIL_ALL_IS_THERE = `
  const { parentPort, workerData } = require('node:worker_threads')
  import(workerData.module).then(({ openHistorySource }) => {
    const source = openHistorySource(workerData.file)
    const counts = []
    do counts.push([...source.points(workerData.query)].length)
    while (counts.at(-1) < workerData.count)
    source.close()
    parentPort.postMessage(counts)
  })
`

test('a file that is not there cannot be opened', () => {
  expect(() => openHistorySource(join(folder, 'none.sqlite'))).toThrow('unable to open')
})
