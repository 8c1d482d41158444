import type { HistoryPoint } from '@clearlane/protocol'
import { EpisodeEventSchema, HISTORY_CODES, HISTORY_TABLE, TransitionSchema } from '@clearlane/protocol'
import { expect, test } from 'vitest'
import type { StoredEntry } from '../log/log.ts'
import { toPoints } from './points.ts'

const READING = {
  device: '70b3d57ed001a001',
  session: 2,
  counter: 1_007,
  trigger: 'change',
  receivedMs: 1_700_000_000_900,
  boot: 'b1',
  monotonicMs: 5_000,
  clock: 'device',
  backfill: true,
  link: 'tcp',
  slot: 'a1',
  section: 'a',
  xNt: 33_000,
  yNt: -3_800,
  zNt: 36_200,
}
const EPISODE = {
  id: 'e1',
  revision: 3,
  lane: 'north',
  sections: ['a', 'b'],
  suspect: 'vehicle',
  detectedMs: 1_700_000_000_000,
  confirmed: true,
  unobserved: false,
  rulesVersion: 4,
  layoutVersion: 5,
}
const entryOf = (channel: StoredEntry['channel'], rows: readonly object[]): StoredEntry => ({
  position: 1,
  site: 's',
  gateway: 'gw',
  epoch: 'e',
  channel,
  first: 1,
  last: rows.length,
  receivedMs: 1_700_000_005_000,
  text: JSON.stringify(rows),
})
const EVENTS = entryOf('events', [
  {
    kind: 'presence',
    slot: 'a1',
    section: 'a',
    presence: 'occupied',
    revision: 2,
    sinceMs: 1_700_000_000_000,
    decidedMs: 1_700_000_000_500,
    evidence: { slot: 'a1', baseline: [1, 2, 3], residualNt: 900, thresholdNt: 400, reason: 'field' },
  },
  {
    kind: 'episode',
    transition: 'cleared',
    atMs: 1_700_000_090_000,
    decidedMs: 1_700_000_090_100,
    episode: EPISODE,
    evidence: [],
  },
  {
    kind: 'correction',
    reading: { device: READING.device, session: 1, counter: 1 },
    slot: 'a1',
    section: 'a',
    eventMs: 1,
    settledMs: 2,
    decidedMs: 3,
  },
])

test('a reading is a point of its slot, told from another of the same millisecond by its counter', () => {
  const [dated, undated] = toPoints(
    entryOf('readings', [
      { ...READING, eventMs: 1_700_000_000_000 },
      { ...READING, clock: 'unknown' },
    ]),
  )
  expect(dated).toEqual({
    measurement: 'reading',
    tags: { site: 's', section: 'a', slot: 'a1' },
    fields: {
      xNt: 33_000,
      yNt: -3_800,
      zNt: 36_200,
      trigger: 1,
      clock: 0,
      backfill: 1,
      delayMs: 900,
      counter: 1_007,
      session: 2,
      device: READING.device,
    },
    atUs: 1_700_000_000_000_007,
  })
  expect(undated).toMatchObject({ atUs: 1_700_000_005_000_007, fields: { clock: 2, delayMs: 0 } })
})

test('a change of presence and a transition are points, a transition one for each section', () => {
  expect(toPoints(EVENTS)).toEqual([
    {
      measurement: 'presence',
      tags: { site: 's', section: 'a', slot: 'a1' },
      fields: {
        presence: 1,
        residualNt: 900,
        thresholdNt: 400,
        baselineXNt: 1,
        baselineYNt: 2,
        baselineZNt: 3,
        revision: 2,
      },
      atUs: 1_700_000_000_000_002,
    },
    ...['a', 'b'].map((section) => ({
      measurement: 'episode',
      tags: { site: 's', lane: 'north', section },
      fields: {
        transition: 3,
        suspect: 0,
        revision: 3,
        durationMs: 90_000,
        rulesVersion: 4,
        layoutVersion: 5,
        id: 'e1',
      },
      atUs: 1_700_000_090_000_003,
    })),
  ])
})

test('every point has the tags of its measurement and only fields of the table, each of its type', () => {
  const full = { ...READING, temperatureC: 21.5, batteryMv: 3_600, rssiDbm: -90, snrDb: 7.5 }
  const sample = {
    atMs: 1,
    coverage: [['north', 'a', 'clear', 3, 3, 0]],
    health: [{ gateway: 'gw', linksUp: 1 }],
  }
  const points = [
    ...toPoints(entryOf('readings', [full])),
    ...toPoints(EVENTS),
    ...toPoints(entryOf('samples', [sample])),
  ]
  expect(new Set(points.map(({ measurement }) => measurement))).toEqual(new Set(Object.keys(HISTORY_TABLE)))
  expect(points.flatMap(findMisfits)).toEqual([])
})

const findMisfits = ({ measurement, tags, fields }: HistoryPoint): string[] => {
  const row: { tags: readonly string[]; fields: Readonly<Record<string, { type: string } | undefined>> } =
    HISTORY_TABLE[measurement]
  const misfits = Object.entries(fields).filter(([name, value]) => {
    const type = row.fields[name]?.type
    if (type === 'string') return typeof value !== 'string'
    return type === 'integer' ? !Number.isInteger(value) : type !== 'float' || typeof value !== 'number'
  })
  const isTagged = JSON.stringify(Object.keys(tags)) === JSON.stringify(row.tags)
  return [...misfits.map(([name]) => `${measurement}.${name}`), ...(isTagged ? [] : [`${measurement}: tags`])]
}

test('every transition and suspect that a gateway can say has a code', () => {
  expect([...HISTORY_CODES.transition]).toEqual(TransitionSchema.options)
  expect([...HISTORY_CODES.suspect]).toEqual(EpisodeEventSchema.shape.episode.shape.suspect.options)
})
