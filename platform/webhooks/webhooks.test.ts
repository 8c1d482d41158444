import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Episode, EpisodeView } from '@clearlane/protocol'
import { afterEach, describe, expect, test } from 'vitest'
import { layout } from '../testing-platform.ts'
import { startTestEndpoint } from './testing-endpoint.ts'
import { openWebhookBook } from './webhook-book.ts'
import type { Webhook } from './webhook.ts'
import type { Timer } from './webhooks.ts'
import { startWebhooks } from './webhooks.ts'

const START_MS = Date.UTC(2026, 0, 1)
const SECRET = 'SEC-known'
const KINDS = ['json', 'wecom', 'dingtalk', 'feishu'] as const

const view = (over: Partial<Episode> = {}): EpisodeView => ({
  site: 's',
  gateway: 'gw',
  epoch: 'e1',
  firstReceivedMs: START_MS,
  receivedMs: START_MS,
  late: false,
  seen: [],
  episode: {
    id: 'ep-1',
    revision: 1,
    lane: 'north',
    sections: ['a'],
    suspect: 'unknown',
    detectedMs: START_MS,
    confirmed: true,
    unobserved: false,
    rulesVersion: 1,
    layoutVersion: 1,
    ...over,
  },
})
const ended = (over: Partial<Episode> = {}): EpisodeView =>
  view({ end: 'cleared', endedMs: START_MS + 480_000, ...over })

/** Time that stands still until the test moves it. */
const createTestTimer = () => {
  let nowMs = START_MS
  const sleeping = new Set<{ readonly dueMs: number; readonly resolve: () => void }>()
  const waiters: (() => void)[] = []
  const timer: Timer = {
    nowMs: () => nowMs,
    wait: (ms, signal) =>
      new Promise<void>((resolve) => {
        const sleeper = { dueMs: nowMs + ms, resolve }
        sleeping.add(sleeper)
        const wake = (): void => {
          sleeping.delete(sleeper)
          resolve()
        }
        signal.addEventListener('abort', wake, { once: true })
        for (const waiter of waiters.splice(0)) waiter()
      }),
  }
  return {
    timer,
    /** Resolves when something waits again: what could be done now is done. */
    rest: () => new Promise<void>((resolve) => waiters.push(resolve)),
    /** False when nothing was due. */
    advance: (ms: number): boolean => {
      nowMs += ms
      const due = [...sleeping].filter(({ dueMs }) => dueMs <= nowMs)
      for (const sleeper of due) {
        sleeping.delete(sleeper)
        sleeper.resolve()
      }
      return due.length > 0
    },
  }
}

const closes: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closes.splice(0).reverse()) await close()
})

const startHouse = async (kind: Webhook['kind'] = 'json') => {
  const folder = mkdtempSync(join(tmpdir(), 'webhooks-'))
  closes.push(() => rmSync(folder, { recursive: true }))
  const { timer, rest, advance } = createTestTimer()
  const endpoint = await startTestEndpoint(kind, SECRET, timer.nowMs)
  closes.push(endpoint.stop)
  const episodes = new Map<string, EpisodeView>()
  const givenUp: string[] = []
  const open = async () => {
    const resting = rest()
    const webhooks = startWebhooks({
      webhooks: [
        {
          id: 'duty',
          kind,
          language: 'zh',
          url: endpoint.url,
          secret: kind === 'wecom' ? undefined : SECRET,
        },
      ],
      book: openWebhookBook(join(folder, 'webhooks.sqlite')),
      find: (id) => episodes.get(id),
      open: () => [...episodes.values()].filter(({ episode }) => episode.end === undefined),
      layout: () => layout,
      timer,
      onGivenUp: (detail) => givenUp.push(detail),
      onFailure: (cause) => {
        throw cause
      },
    })
    await resting
    return webhooks
  }
  let webhooks = await open()
  closes.push(() => webhooks.close())
  /** The episodes change, and all that can be done about it at this time is done. */
  const say = async (...views: EpisodeView[]): Promise<void> => {
    const resting = rest()
    for (const one of views) episodes.set(one.episode.id, one)
    webhooks.take(views)
    await resting
  }
  return {
    endpoint,
    givenUp,
    say,
    list: () => webhooks.list()[0]!,
    pass: async (ms: number): Promise<void> => {
      const resting = rest()
      if (advance(ms)) await resting
    },
    /** Changes that nobody hears of, between an end and a start. */
    restart: async (...views: EpisodeView[]): Promise<void> => {
      await webhooks.close()
      for (const one of views) episodes.set(one.episode.id, one)
      webhooks = await open()
    },
  }
}

describe('an alarm and its end', () => {
  test.each(KINDS)('are told to %s as its document wants them, once each', async (kind) => {
    const house = await startHouse(kind)
    await house.say(view({ confirmed: false }))
    expect(house.endpoint.requests()).toBe(0)
    await house.say(view())
    await house.say(view({ revision: 2 }))
    await house.say(ended())
    await house.pass(3_000)
    await house.say(ended({ revision: 5 }))
    expect(house.endpoint.requests()).toBe(2)
    const texts = house.endpoint.taken.map(({ text }) => text)
    if (kind === 'json') expect(texts).toEqual(['confirmed', 'cleared'])
    else {
      expect(texts[0]).toBe('■ 消防车通道占用\nNorth · A\n占用自 01/01 08:00\ns')
      expect(texts[1]).toBe('● 已畅通\nNorth · A\n占用自 01/01 08:00\n结束于 01/01 08:08 （共 8 分钟）\ns')
    }
    expect(house.list()).toMatchObject({ sent: 2, waiting: 0, givenUp: [] })
  })

  test.each(KINDS)('a name with markup, a mention or 10,000 characters is plain text to %s', async (kind) => {
    const house = await startHouse(kind)
    await house.say(view())
    const by = `<at id=all></at> [x](http://evil) @all\n${'长'.repeat(10_000)}`
    await house.say(ended({ end: 'ended-by-hand', endedBy: by, endReason: by }))
    await house.pass(3_000)
    expect(house.endpoint.taken).toHaveLength(2)
    if (kind !== 'json') expect(house.endpoint.taken[1]!.text).not.toMatch(/[<>@[\]]|evil\)/)
  })
})

test('an alarm that nobody takes is tried again, later each time, and told once when somebody does', async () => {
  const house = await startHouse()
  await house.endpoint.stop()
  await house.say(view())
  expect(house.list().failing).toMatchObject({
    attempts: 1,
    nextMs: START_MS + 5_000,
    reason: 'it cannot be reached: ECONNREFUSED',
  })
  await house.pass(5_000)
  expect(house.list().failing).toMatchObject({ attempts: 2, nextMs: START_MS + 15_000 })
  await house.endpoint.start()
  await house.pass(10_000)
  expect(house.endpoint.taken.map(({ text }) => text)).toEqual(['confirmed'])
  expect(house.list().failing).toBeUndefined()
})

test('an episode that ended before anyone could be told of it is told to nobody', async () => {
  const house = await startHouse()
  await house.endpoint.stop()
  await house.say(view())
  await house.say(ended())
  await house.endpoint.start()
  await house.pass(60_000)
  await house.say(ended({ id: 'ep-old' }))
  expect(house.endpoint.requests()).toBe(0)
  expect(house.list()).toMatchObject({ waiting: 0, sent: 0 })
})

test.each([
  { name: 'a page that is not there', status: 404, body: '', reason: 'it answered 404' },
  {
    name: 'a redirection, which could lead a secret astray',
    status: 302,
    body: '',
    reason: 'it answered 302',
  },
])('what is refused for good is given up with its reason, and the next one goes: $name', async (refusal) => {
  const house = await startHouse()
  house.endpoint.answer((response) => {
    response.statusCode = refusal.status
    response.setHeader('location', 'http://127.0.0.1:1/')
    response.end(refusal.body)
  })
  await house.say(view())
  house.endpoint.answer(undefined)
  await house.say(view({ id: 'ep-2' }))
  expect(house.list().givenUp).toMatchObject([{ episode: 'ep-1', reason: refusal.reason }])
  expect(house.givenUp).toEqual([`duty: confirmed of episode ep-1: ${refusal.reason}`])
  expect(house.endpoint.taken.map(({ delivery }) => delivery)).toEqual(['duty-ep-2-alarm'])
})

test.each([
  { name: 'a server in trouble', kind: 'json' as const, status: 503, body: '', reason: 'it answered 503' },
  {
    name: 'a robot that has had too much',
    kind: 'wecom' as const,
    status: 200,
    body: '{"errcode":45009,"errmsg":"api freq out of limit"}',
    reason: 'code 45009: api freq out of limit',
  },
  {
    name: 'an answer without end',
    kind: 'wecom' as const,
    status: 200,
    body: '{'.repeat(1_000_000),
    reason: 'its answer cannot be read',
  },
])('$name is asked again, for a day, and then given up', async ({ kind, status, body, reason }) => {
  const house = await startHouse(kind)
  house.endpoint.answer((response) => {
    response.statusCode = status
    response.end(body)
  })
  await house.say(view())
  expect(house.list().failing).toMatchObject({ attempts: 1, reason })
  await house.pass(86_400_000)
  expect(house.list().givenUp).toMatchObject([{ reason }])
})

test('a restart tells what was to be told and what has changed meanwhile, and nothing twice', async () => {
  const house = await startHouse()
  await house.say(view())
  await house.endpoint.stop()
  await house.say(view({ id: 'ep-2' }))
  await house.endpoint.start()
  await house.restart(ended(), view({ id: 'ep-3' }), ended({ id: 'ep-4' }))
  await house.pass(5_000)
  await house.restart()
  expect(house.endpoint.taken.map(({ delivery }) => delivery)).toEqual([
    'duty-ep-1-alarm',
    'duty-ep-2-alarm',
    'duty-ep-3-alarm',
    'duty-ep-1-end',
  ])
})
