import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Layout } from '@clearlane/protocol'
import { RuleSetSchema } from '@clearlane/protocol'
import { Hono } from 'hono'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { openDocuments } from '../documents/documents.ts'
import { openEpisodes } from '../episodes/episodes.ts'
import { openSeenBook } from '../episodes/seen.ts'
import type { BoundHistory } from '../history/bound-history.ts'
import { createLive } from '../live.ts'
import { openSqliteLog } from '../log/sqlite-log.ts'
import { createViews } from '../views.ts'
import type { RequestFailure } from './api.ts'
import { createApi } from './api.ts'
import { createRequestCounts } from './request-counts.ts'

const layout: Layout = {
  v: 1,
  site: 's',
  name: 'Test',
  version: 1,
  timeZone: 'Asia/Shanghai',
  lanes: [],
  sections: [],
  slots: [],
}
const rules = RuleSetSchema.parse({ v: 1, site: 's', version: 1 })

const folder = mkdtempSync(join(tmpdir(), 'api-'))
const failures: RequestFailure[] = []
let readings: BoundHistory['readings']
let request: (path: string, init?: RequestInit) => Promise<{ status: number; body: unknown }>
const closes: (() => unknown)[] = []

beforeAll(async () => {
  const documents = openDocuments(join(folder, 'documents.sqlite'), { layout, rules }, 1)
  const episodes = openEpisodes(
    join(folder, 'episodes.sqlite'),
    openSeenBook(join(folder, 'seen.sqlite')),
    () => undefined,
  )
  const log = await openSqliteLog({
    file: join(folder, 'log.sqlite'),
    onFailure: (failure) => {
      throw failure
    },
  })
  const live = createLive(() => undefined)
  const nowMs = (): number => 1
  const views = createViews({
    site: 's',
    documents,
    episodes,
    log,
    live,
    speed: 1,
    nowMs,
    wallMs: nowMs,
    monotonicMs: nowMs,
  })
  const app = createApi({
    site: 's',
    documents,
    episodes,
    history: { readings: (query) => readings(query), series: async () => undefined },
    log,
    views,
    live,
    webhooks: () => [],
    influx: () => [],
    notes: () => [],
    metrics: { contentType: 'text/plain', text: async () => '' },
    requests: createRequestCounts(),
    status: () => ({
      nowMs: 1,
      speed: 1,
      log: { position: 0, readings: 0, events: 0 },
      projections: [],
      refusals: [],
      broker: { connected: false, sinceMs: 1 },
    }),
    nowMs,
    command: async () => undefined,
    newId: () => 'id',
    query: new Hono(),
    consoleDir: folder,
    onFailure: (failure) => failures.push(failure),
  })
  request = async (path, init) => {
    const response = await app.request(path, { ...init, headers: { host: 'localhost', ...init?.headers } })
    return { status: response.status, body: await response.json() }
  }
  // Whoever asks for an episode now meets a fault of ours.
  episodes.close()
  closes.push(() => log.close(), documents.close)
})
beforeEach(() => {
  failures.length = 0
})
afterAll(async () => {
  for (const close of closes) await close()
  rmSync(folder, { recursive: true })
})

test('a fault of ours is answered as such, and told with its cause', async () => {
  expect(await request('/api/v1/episodes')).toEqual({
    status: 500,
    body: { code: 'internal', message: expect.stringContaining('log') },
  })
  expect(failures).toEqual([
    {
      method: 'GET',
      path: '/api/v1/episodes',
      cause: expect.objectContaining({ message: expect.any(String) }),
    },
  ])
})

const JSON_TYPE = { 'content-type': 'application/json' }
test.each([
  {
    name: 'a body cut short',
    path: '/api/v1/layout?version=1&by=w',
    method: 'PUT',
    body: '{"v":',
    headers: JSON_TYPE,
  },
  {
    name: 'a body that is no JSON and does not say so',
    path: '/api/v1/rules?version=1',
    method: 'PUT',
    body: 'v',
  },
  { name: 'no body', path: '/api/v1/layout?version=1&by=w', method: 'PUT' },
  {
    name: 'a binding cut short',
    path: '/api/v1/slots/a/device',
    method: 'POST',
    body: '{',
    headers: JSON_TYPE,
  },
  { name: 'a path that does not decode', path: '/%zz', method: 'GET' },
])('$name is a bad request, and no fault of ours', async ({ path, name: _name, ...init }) => {
  expect(await request(path, init)).toMatchObject({ status: 400, body: { code: 'bad-request' } })
  expect(failures).toEqual([])
})

test('a request that its sender has broken off is no fault of ours', async () => {
  await request('/api/v1/episodes', { signal: AbortSignal.abort() })
  expect(failures).toEqual([])
})

test('a history that gives no readings is away, and no fault of the request', async () => {
  readings = async () => undefined
  expect(await request('/api/v1/readings?slot=a1')).toEqual({
    status: 503,
    body: { code: 'history-away', message: expect.stringContaining('again') },
  })
  readings = async () => ({ items: [], next: undefined })
  expect(await request('/api/v1/readings?slot=a1')).toEqual({ status: 200, body: { items: [] } })
})
