import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type {
  GatewayView,
  HealthMessage,
  LanSectionMessage,
  NoteView,
  SectionView,
} from '@clearlane/protocol'
import type { MqttClient } from 'mqtt'
import { connectAsync } from 'mqtt'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { getJson } from '../tools/collect.ts'
import { findFreePorts } from '../tools/estate.ts'
import { DESK_EN, openBrowser, PHONE_ZH } from './testing-browser.ts'
import { findChild } from './testing-children.ts'
import type { TestEstate } from './testing-estate.ts'
import { explain, startTestEstate } from './testing-estate.ts'

/** A third of what ends is a stay that the verdict scores. */
const ENOUGH_EPISODES = 100

let estate: TestEstate
let url: string
const SITE = 'yuntai-1'
const clients: MqttClient[] = []
const ask = async <T>(path: string): Promise<T> => (await getJson(`${estate.api}/api/v1${path}`)) as T
const brokerPid = (): number | undefined => findChild(estate.child.gateway.pid(), 'broker/main.ts')
const lan = async (): Promise<HealthMessage['lan']> =>
  (await ask<{ items: GatewayView[] }>('/gateways')).items[0]?.health?.lan
const countEpisodes = async (narrow = ''): Promise<number> =>
  (await ask<{ count: number }>(`/episodes/count${narrow}`)).count

beforeAll(async () => {
  const [port] = (await findFreePorts(1)) as [number]
  url = `mqtt://127.0.0.1:${port}`
  estate = await startTestEstate({
    speed: 10,
    forMs: 600_000,
    arrivalsPerHour: 900,
    heartbeatMs: 1_000,
    box: { lan: { broker: { port }, url } },
  })
})
afterAll(async () => {
  for (const client of clients) client.end(true)
  await estate?.[Symbol.asyncDispose]()
})

const secretOf = (user: string): string =>
  readFileSync(join(estate.dataDir, `gateway/lan/${user}.secret`), 'utf8').trim()
const enter = async (user: string, password = secretOf(user)): Promise<MqttClient> => {
  const client = await connectAsync(url, {
    username: user,
    password,
    clientId: `${user}:test`,
    reconnectPeriod: 0,
  })
  clients.push(client)
  return client
}

/** What of each section stands retained now, heard by whoever may only listen. */
const readSections = async (): Promise<Record<string, string>> => {
  const client = await connectAsync(url, {
    username: 'viewer',
    password: secretOf('viewer'),
    clientId: 'viewer:reader',
    reconnectPeriod: 0,
  })
  const states: Record<string, string> = {}
  client.on('message', (_topic, payload) => {
    if (payload.length === 0) return
    const { section, state } = JSON.parse(payload.toString()) as LanSectionMessage
    states[section] = state
  })
  await client.subscribeAsync(`lan/v1/${SITE}/gw-1/section/+`, { qos: 1 })
  // What is asked for last is answered last.
  await client.subscribeAsync(`lan/v1/${SITE}/gw-1/health`, { qos: 1 })
  await client.endAsync()
  return states
}
const compare = async (): Promise<string> => {
  const [box, { items }] = await Promise.all([readSections(), ask<{ items: SectionView[] }>('/sections')])
  const centre = Object.fromEntries(items.map(({ section, state }) => [section, state]))
  return Object.keys(centre).every((id) => box[id] === centre[id])
    ? 'the same'
    : JSON.stringify({ box, centre })
}

test('the box hears of every section what the centre shows', async () => {
  await expect.poll(async () => (await lan())?.up).toBe(true)
  await expect.poll(compare).toBe('the same')
})

test.each([
  { user: 'viewer', topic: 'note' },
  { user: 'viewer', topic: 'section/a' },
  { user: 'node-red', topic: 'section/a' },
  { user: 'node-red', topic: 'episode/a' },
  { user: 'node-red', topic: 'health' },
  { user: 'box', topic: 'note' },
])('$user may not publish to $topic', async ({ user, topic }) => {
  const client = await enter(user)
  const closed = new Promise<'closed'>((resolve) => client.once('close', () => resolve('closed')))
  const taken = client.publishAsync(`lan/v1/${SITE}/gw-1/${topic}`, 'x', { qos: 1 }).then(
    () => 'taken',
    () => 'closed',
  )
  expect(await Promise.race([closed, taken])).toBe('closed')
})

test('nobody comes in without a secret, and the secrets of the centre are none of the box', async () => {
  await expect(enter('node-red', 'x')).rejects.toThrow()
  await expect(
    enter('gw-1', readFileSync(join(estate.dataDir, 'secrets/gateway.secret'), 'utf8')),
  ).rejects.toThrow()
})

test('a note of a flow stands in the list of the console, in both languages, and is no alarm', async () => {
  const text = 'The lamp at the north gate is broken <b>'
  const client = await enter('node-red')
  const note = { v: 1, text, level: 'warning' }
  await client.publishAsync(`lan/v1/${SITE}/gw-1/note`, JSON.stringify(note), { qos: 1 })
  await expect
    .poll(() => ask<{ items: NoteView[] }>('/notes'))
    .toMatchObject({ items: [{ gateway: 'gw-1', text, level: 'warning' }] })
  const browser = await openBrowser()
  for (const { profile, title } of [
    { profile: PHONE_ZH, title: '网关留言' },
    { profile: DESK_EN, title: 'Notes from gateways' },
  ]) {
    const page = await (await browser.newContext(profile)).newPage()
    await page.goto(`${estate.api}/more`)
    await page.getByText(text).waitFor()
    await page.getByText(title).waitFor()
  }
  await browser.close()
})

test('while the broker of the box stands still, the centre is told as ever, and what the box misses is counted', async () => {
  const before = { episodes: await countEpisodes(), dropped: (await lan())?.droppedReadings ?? 0 }
  const pid = brokerPid()!
  process.kill(pid, 'SIGSTOP')
  try {
    await expect.poll(() => countEpisodes(), { timeout: 60_000 }).toBeGreaterThan(before.episodes + 2)
    await expect.poll(async () => (await lan())?.droppedReadings).toBeGreaterThan(before.dropped)
  } finally {
    process.kill(pid, 'SIGCONT')
  }
  await expect.poll(async () => (await lan())?.up, { timeout: 60_000 }).toBe(true)
  await expect.poll(compare).toBe('the same')
})

test('a broker of the box that is killed is started again, and told everything', async () => {
  const pid = brokerPid()!
  process.kill(pid, 'SIGKILL')
  await expect.poll(brokerPid).not.toBe(pid)
  await expect.poll(compare, { timeout: 60_000 }).toBe('the same')
})

test('what the sensors said and what the centre holds are the same after all of it', async () => {
  // Enough of them for a verdict.
  await expect
    .poll(() => countEpisodes('?state=ended'), { timeout: 240_000 })
    .toBeGreaterThan(ENOUGH_EPISODES)
  const verdict = await estate.verdict()
  expect(verdict.green, explain(verdict, estate.dataDir)).toBe(true)
})
