import type { Episode, GatewayEvent, LanSectionMessage, Layout } from '@clearlane/protocol'
import { LanReadingMessageSchema, LanSectionMessageSchema, toLanTopic } from '@clearlane/protocol'
import { expect, test } from 'vitest'
import type { Rows } from '../log/outbox.ts'
import type { Connection, ConnectionOptions } from '../uplink/connection.ts'
import { createLanFeed, LAN_READINGS_PER_SECOND, LAN_WINDOW } from './feed.ts'

/** The far end of the connection is the port here: what it takes, and when it says so, is the test's. */
const start = (sections = 2) => {
  let handlers: Pick<ConnectionOptions, 'onUp' | 'onDown' | 'onMessage'> | undefined
  let isUp = false
  let monotonicMs = 0
  const wire: { topic: string; text: string; retain: boolean; ack: () => void }[] = []
  const notes: string[] = []
  const listeners: Record<'events' | 'readings', (rows: Rows) => void> = {
    events: () => undefined,
    readings: () => undefined,
  }
  const layout: Layout = {
    v: 1,
    site: 's',
    name: '',
    version: 1,
    timeZone: 'Asia/Shanghai',
    lanes: [{ id: 'north', name: 'North', kind: 'fire-lane', lengthM: 1_000 }],
    sections: Array.from({ length: sections }, (_, index) => ({
      id: `a${index}`,
      name: `A${index}`,
      lane: 'north',
      fromM: index,
      toM: index + 1,
      gateway: 'gw',
    })),
    slots: Array.from({ length: sections }, (_, index) => ({
      id: `s${index}`,
      section: `a${index}`,
      offsetM: index,
    })),
  }
  const connection: Connection = {
    publish: (topic, payload, { retain }, ack) => {
      if (isUp) wire.push({ topic, text: payload.toString(), retain, ack })
    },
    isUp: () => isUp,
    close: async () => undefined,
  }
  const feed = createLanFeed({
    site: 's',
    gateway: 'gw',
    layout,
    active: () => ({ eventRow: 0, episodes: [], slots: [] }),
    events: { onCommit: (listener) => (listeners.events = listener) },
    readings: { onCommit: (listener) => (listeners.readings = listener) },
    monotonicMs: () => monotonicMs,
    open: (given) => {
      handlers = given
      return connection
    },
    onNote: (text) => notes.push(text),
    onChange: () => undefined,
  })
  const commit = (channel: 'events' | 'readings', rows: readonly object[]): void => {
    const text = rows.map((row) => JSON.stringify(row)).join(',')
    listeners[channel]({ first: 1, count: rows.length, json: Buffer.from(text) })
  }
  return {
    feed,
    layout,
    wire,
    notes,
    up: () => {
      isUp = true
      handlers?.onUp()
    },
    down: () => {
      isUp = false
      handlers?.onDown('test')
    },
    hear: (topic: string, text: string) => handlers?.onMessage(topic, Buffer.from(text)),
    pass: (ms: number) => (monotonicMs += ms),
    readings: (count: number) =>
      commit(
        'readings',
        Array.from({ length: count }, () => READING),
      ),
    events: async (...events: GatewayEvent[]) => {
      commit('events', events)
      await new Promise((resolve) => setImmediate(resolve))
    },
    take: () => {
      for (const { ack } of wire.splice(0)) ack()
    },
    /** Everything is taken at once until nothing more comes. */
    takeAll: () => {
      const taken: typeof wire = []
      for (let one = wire.shift(); one !== undefined; one = wire.shift()) {
        taken.push(one)
        one.ack()
      }
      return taken
    },
  }
}
const READING = {
  device: '0011223344556677',
  session: 1,
  counter: 1,
  trigger: 'period',
  receivedMs: 1,
  boot: 'b',
  monotonicMs: 1,
  clock: 'gateway',
  backfill: false,
  link: 'tcp',
  slot: 's0',
  section: 'a0',
  xNt: 1,
  yNt: 2,
  zNt: 3,
}
const presence = (slot: string, section: string, what: 'occupied' | 'vacant'): GatewayEvent => ({
  kind: 'presence',
  slot,
  section,
  presence: what,
  revision: 1,
  decidedMs: 1,
  evidence: { slot, reason: 'test' },
})
const episode = (over: Partial<Episode> = {}): GatewayEvent => ({
  kind: 'episode',
  transition: over.end === undefined ? 'confirmed' : 'cleared',
  decidedMs: 1,
  evidence: [],
  episode: {
    id: 'e1',
    revision: 1,
    lane: 'north',
    sections: ['a0'],
    suspect: 'vehicle',
    confirmed: true,
    unobserved: false,
    rulesVersion: 1,
    layoutVersion: 1,
    ...over,
  },
})
const at = (name: 'section' | 'episode' | 'reading' | 'note', id?: string): string =>
  toLanTopic({ site: 's', gateway: 'gw', name, id })
const sectionOf = (sent: readonly { topic: string; text: string }[], id: string): LanSectionMessage =>
  LanSectionMessageSchema.parse(JSON.parse(sent.findLast(({ topic }) => topic === at('section', id))!.text))

test('a broker that comes up is told everything that stands, retained', async () => {
  const { up, takeAll, events } = start()
  await events(presence('s0', 'a0', 'occupied'), presence('s1', 'a1', 'vacant'), episode())
  up()
  const sent = takeAll().filter(({ topic }) => !topic.endsWith('health'))
  expect(sent.every(({ retain }) => retain)).toBe(true)
  expect(sectionOf(sent, 'a0')).toMatchObject({ state: 'blocked', episode: 'e1', laneName: 'North' })
  expect(sectionOf(sent, 'a1')).toMatchObject({ state: 'clear' })
  expect(sent.map(({ topic }) => topic)).toContain(at('episode', 'e1'))
})

test('an event touches its own section only', async () => {
  const { up, takeAll, events } = start(100)
  up()
  takeAll()
  await events(presence('s7', 'a7', 'occupied'))
  const sent = takeAll()
  expect(sent.map(({ topic }) => topic)).toEqual([at('section', 'a7')])
  expect(sectionOf(sent, 'a7').state).toBe('pre-alarm')
})

test('an end is told once, and then nothing of the episode stays behind', async () => {
  const { up, takeAll, events } = start()
  up()
  await events(episode())
  takeAll()
  await events(episode({ end: 'cleared', revision: 2 }))
  const sent = takeAll().filter(({ topic }) => topic === at('episode', 'e1'))
  expect(sent.map(({ text, retain }) => [text !== '', retain])).toEqual([
    [true, false],
    [false, true],
  ])
})

test('while the broker takes nothing, at most a window is on the wire, and afterwards what is so then is told once', async () => {
  const { up, wire, take, takeAll, events } = start(100)
  up()
  expect(wire).toHaveLength(LAN_WINDOW)
  for (let change = 0; change < 500; change++)
    await events(presence('s99', 'a99', change % 2 === 0 ? 'occupied' : 'vacant'))
  expect(wire).toHaveLength(LAN_WINDOW)
  take()
  const sent = takeAll()
  expect(sent.filter(({ topic }) => topic === at('section', 'a99'))).toHaveLength(1)
  expect(sectionOf(sent, 'a99').state).toBe('clear')
})

test('readings that the broker does not take are dropped with a count, and a commit never waits', () => {
  const { feed, up, wire, readings } = start()
  readings(10)
  expect(feed.stats()).toMatchObject({ up: false, droppedReadings: 10 })
  up()
  for (let commit = 0; commit < 5; commit++) readings(10)
  const sent = wire.filter(({ topic }) => topic === at('reading'))
  expect(sent).toHaveLength(2)
  expect(LanReadingMessageSchema.parse(JSON.parse(sent[0]!.text)).rows).toHaveLength(10)
  expect(feed.stats()).toMatchObject({ up: true, droppedReadings: 40 })
})

test(`at most ${LAN_READINGS_PER_SECOND} readings a second are told, however fast the broker is`, () => {
  const { feed, up, readings, takeAll, pass } = start()
  up()
  takeAll()
  let told = 0
  for (let commit = 0; commit < 40; commit++) {
    readings(500)
    told += takeAll().length * 500
  }
  expect(told).toBe(LAN_READINGS_PER_SECOND)
  pass(1_000)
  readings(500)
  expect(takeAll()).toHaveLength(1)
  expect(feed.stats().droppedReadings).toBe(39 * 500)
})

test('what stands from an earlier life and is no more is taken away', () => {
  const { up, hear, takeAll } = start()
  up()
  takeAll()
  hear(at('section', 'gone'), '{}')
  hear(at('episode', 'gone'), '{}')
  hear(at('section', 'a0'), '{}')
  expect(takeAll().map(({ topic, text, retain }) => [topic, text, retain])).toEqual([
    [at('section', 'gone'), '', true],
    [at('episode', 'gone'), '', true],
  ])
})

test('a section that the layout has no more is taken away, and a new one is told', () => {
  const { feed, layout, up, takeAll } = start()
  up()
  takeAll()
  const [first, second] = layout.sections
  feed.configure({ ...layout, sections: [first!, { ...second!, id: 'b' }] })
  const sent = Object.fromEntries(takeAll().map(({ topic, text }) => [topic, text !== '']))
  expect(sent).toMatchObject({ [at('section', 'a1')]: false, [at('section', 'b')]: true })
})

test('a flood of events is not read one by one: what stands behind it is told as a whole', async () => {
  const { up, takeAll, events } = start()
  up()
  await events(presence('s0', 'a0', 'occupied'))
  takeAll()
  const flood = Array.from({ length: 10_000 }, () => presence('s1', 'a1', 'occupied'))
  await events(...flood)
  const sent = takeAll()
  // The estate itself says that it knows nothing, which is what counts.
  expect(sectionOf(sent, 'a0').state).toBe('unobserved')
  expect(sectionOf(sent, 'a1').state).toBe('unobserved')
})

test('a note is handed on as it came', () => {
  const { up, hear, notes } = start()
  up()
  hear(at('note'), '{"v":1,"text":"hello"}')
  expect(notes).toEqual(['{"v":1,"text":"hello"}'])
})

test('an acknowledgement of an earlier session opens no window', () => {
  const { up, down, wire } = start(100)
  up()
  const old = wire.splice(0)
  down()
  up()
  for (const { ack } of old) ack()
  expect(wire).toHaveLength(LAN_WINDOW)
})
