import type { GatewayView, HealthMessage, Presence, SectionView } from '@clearlane/protocol'
import { expect, test } from 'vitest'
import type { LogEntry } from '../log/log.ts'
import { toPoints } from './points.ts'
import { createSamples } from './samples.ts'

const MINUTE_MS = 60_000
const section = (id: string, state: SectionView['state'], presences: readonly Presence[]): SectionView => ({
  section: id,
  name: id,
  lane: 'north',
  laneName: 'North',
  state,
  slots: presences.map((presence, index) => ({ slot: `${id}${index}`, presence })),
})
const depth = { committedRow: 10, acknowledgedRow: 7, droppedRows: 1, parkedRows: 2, bytes: 1_000 }
const HEALTH: HealthMessage = {
  v: 1,
  gateway: 'gw',
  epoch: 'e1',
  boot: 'b1',
  atMs: 1,
  clock: 'gateway',
  layoutVersion: 1,
  rulesVersion: 1,
  readings: depth,
  events: { ...depth, acknowledgedRow: 10, bytes: 500 },
  links: [
    { id: 'tcp', state: 'up', sinceMs: 1 },
    { id: 'radio', state: 'down', sinceMs: 1 },
  ],
  refusals: [{ reason: 'crc', count: 4, lastMs: 1, sample: 'x' }],
  counters: {},
  unknownDevices: [],
  unknownDeviceCount: 3,
  devices: [{ device: '70b3d57ed001a001', slot: 'a0', lastHeardMs: 1, lowBattery: true, missing: 0 }],
}
const gateway = (id: string, connected: boolean): GatewayView => ({
  site: 's',
  gateway: id,
  connected,
  health: HEALTH,
  skippedRows: { readings: 0, events: 0 },
})

const start = (startMs: number) => {
  const appended: LogEntry[] = []
  let nowMs = startMs
  const samples = createSamples({
    site: 's',
    views: {
      sections: () => [
        section('a', 'pre-alarm', ['occupied', 'vacant', 'unknown']),
        section('b', 'unobserved', []),
      ],
      gateways: () => [gateway('gw', true), gateway('lost', false)],
    },
    log: {
      append: async (entry) => {
        appended.push(entry)
        return { outcome: 'committed', row: 0, skipped: 0 }
      },
    },
    nowMs: () => nowMs,
    onCommitted: () => undefined,
  })
  return {
    appended,
    lookAt: (atMs: number) => {
      nowMs = atMs
      samples.look()
    },
  }
}

test('one sample a minute, dated by its beginning, however often somebody looks; a minute that nobody saw has none', () => {
  const { appended, lookAt } = start(10 * MINUTE_MS + 5)
  for (const atMs of [10, 10.9, 11.2, 11.5, 12, 15.1]) lookAt(atMs * MINUTE_MS)
  const minutes = appended.flatMap((entry) => toPoints({ ...entry, position: 1 })).map(({ atUs }) => atUs)
  expect([...new Set(minutes)].map((atUs) => atUs / 1_000 / MINUTE_MS)).toEqual([11, 12, 15])
})

test('it says how much of each section is known, and how each gateway is that is heard', () => {
  const { appended, lookAt } = start(0)
  lookAt(MINUTE_MS)
  expect(toPoints({ ...appended[0]!, position: 1 })).toEqual([
    {
      measurement: 'coverage',
      tags: { site: 's', lane: 'north', section: 'a' },
      fields: { state: 1, slots: 3, known: 2, occupied: 1 },
      atUs: MINUTE_MS * 1_000,
    },
    {
      measurement: 'coverage',
      tags: { site: 's', lane: 'north', section: 'b' },
      fields: { state: 3, slots: 0, known: 0, occupied: 0 },
      atUs: MINUTE_MS * 1_000,
    },
    {
      measurement: 'health',
      tags: { site: 's', gateway: 'gw' },
      fields: {
        readingsWaiting: 3,
        eventsWaiting: 0,
        logBytes: 1_500,
        droppedRows: 2,
        parkedRows: 4,
        refused: 4,
        linksUp: 1,
        linksDown: 1,
        unknownDevices: 3,
        devicesLowBattery: 1,
      },
      atUs: MINUTE_MS * 1_000,
    },
  ])
})
