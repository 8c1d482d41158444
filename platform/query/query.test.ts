import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { addToken, removeToken } from './query-tokens.ts'
import type { QueryPlatform } from './testing-query.ts'
import { START_MS, startQueryPlatform } from './testing-query.ts'

let platform: QueryPlatform
beforeAll(async () => {
  platform = await startQueryPlatform()
})
afterAll(() => platform.close())

const TIME = `time >= ${START_MS}ms and time <= ${START_MS + 59_999}ms`
const seriesOf = (answer: string, statement = 0): unknown =>
  (JSON.parse(answer) as { results: { series?: unknown }[] }).results[statement]?.series

describe('Grafana', () => {
  /** As its data source for InfluxQL does: a user and a password, by `GET` or with the query as a form. */
  const askAsGrafana = async (q: string, mode: 'GET' | 'POST') => {
    const authorization = `Basic ${Buffer.from(`grafana:${platform.token}`).toString('base64')}`
    const { status, text } = await platform.ask(
      { db: 's', epoch: 'ms', ...(mode === 'GET' && { q }) },
      mode === 'GET'
        ? { headers: { authorization } }
        : {
            method: 'POST',
            headers: { authorization, 'content-type': 'application/x-www-form-urlencoded' },
            body: new URLSearchParams({ q }).toString(),
          },
    )
    expect(status).toBe(200)
    return text
  }

  test.each(['GET', 'POST'] as const)('finds the data source in order by %s', async (mode) => {
    expect(seriesOf(await askAsGrafana('SHOW measurements', mode))).toEqual([
      { name: 'measurements', columns: ['name'], values: expect.arrayContaining([['reading']]) },
    ])
  })

  test('fills its variables', async () => {
    const values = (q: string) => askAsGrafana(q, 'GET').then(seriesOf)
    expect(await values('SHOW TAG VALUES FROM "reading" WITH KEY = "slot"')).toEqual([
      {
        name: 'reading',
        columns: ['key', 'value'],
        values: [
          ['slot', 'a1'],
          ['slot', 'a2'],
        ],
      },
    ])
    expect(
      await values('SHOW TAG VALUES FROM "reading" WITH KEY = "slot" WHERE "section" =~ /^b$/'),
    ).toBeUndefined()
  })

  test.each(['GET', 'POST'] as const)('draws a panel, asked by %s', async (mode) => {
    const q = `SELECT mean("xNt") FROM "reading" WHERE ("slot"::tag = 'a1') AND ${TIME} GROUP BY time(20s), "slot"::tag fill(null)`
    expect(seriesOf(await askAsGrafana(q, mode))).toEqual([
      {
        name: 'reading',
        tags: { slot: 'a1' },
        columns: ['time', 'mean'],
        values: [
          [START_MS, 900],
          [START_MS + 20_000, 2_900],
          [START_MS + 40_000, 4_900],
        ],
      },
    ])
  })

  test('sets its annotations', async () => {
    const q = `SELECT "counter", "device" FROM "reading" WHERE "trigger" = 1 AND ${TIME} ORDER BY time DESC LIMIT 2`
    expect(seriesOf(await askAsGrafana(q, 'GET'))).toEqual([
      {
        name: 'reading',
        columns: ['time', 'counter', 'device'],
        values: [
          [START_MS + 50_000, 50, '70b3d57ed001a001'],
          [START_MS + 40_000, 40, '70b3d57ed001a001'],
        ],
      },
    ])
  })

  test('judges an alert rule of several statements', async () => {
    const answer = await askAsGrafana(
      `SELECT last("temperatureC") FROM "reading" WHERE ${TIME} ; SELECT count("xNt") FROM "reading" WHERE ${TIME} GROUP BY "slot"`,
      'POST',
    )
    expect(seriesOf(answer)).toMatchObject([{ values: [[START_MS + 59_000, 14.75]] }])
    expect(seriesOf(answer, 1)).toMatchObject([{ values: [[START_MS, 30]] }, { values: [[START_MS, 30]] }])
  })
})

describe('a token', () => {
  const q = 'SHOW DATABASES'
  test('is known by its hash only, in a file that nobody else reads', () => {
    expect(readFileSync(platform.tokensFile, 'utf8')).not.toContain(platform.token)
    expect(statSync(platform.tokensFile).mode & 0o777).toBe(0o600)
  })

  test.each<[string, (token: string) => { parameters?: Record<string, string>; authorization?: string }]>([
    ['Token', (token) => ({ authorization: `Token ${token}` })],
    ['Token of a user', (token) => ({ authorization: `Token grafana:${token}` })],
    ['Bearer', (token) => ({ authorization: `Bearer ${token}` })],
    ['Basic', (token) => ({ authorization: `Basic ${Buffer.from(`any:${token}`).toString('base64')}` })],
    ['u and p', (token) => ({ parameters: { u: 'any', p: token } })],
  ])('is taken as %s, and a wrong one is refused', async (_, present) => {
    const ask = async (token: string) => {
      const { parameters = {}, authorization } = present(token)
      const address = `${platform.api}/query?${new URLSearchParams({ q, ...parameters })}`
      const response = await fetch(address, authorization === undefined ? {} : { headers: { authorization } })
      return { status: response.status, body: await response.json() }
    }
    expect(await ask(platform.token)).toMatchObject({
      status: 200,
      body: { results: [{ series: [{ values: [['s']] }] }] },
    })
    expect(await ask(`${platform.token.slice(1)}x`)).toEqual({
      status: 401,
      body: { error: 'authorization failed' },
    })
  })

  test('is wanted on this machine too', async () => {
    const response = await fetch(`${platform.api}/query?${new URLSearchParams({ q })}`)
    expect([response.status, await response.json()]).toEqual([
      401,
      { error: 'unable to parse authentication credentials' },
    ])
    expect(response.headers.get('www-authenticate')).toBe('Basic realm="Clearlane"')
  })

  test('of another site sees nothing of this one', async () => {
    const authorization = `Token ${addToken(platform.tokensFile, { name: 'other', site: 'elsewhere' })}`
    const ask = async (parameters: Record<string, string>) => {
      const { status, text } = await platform.ask(parameters, { headers: { authorization } })
      return [status, JSON.parse(text)]
    }
    expect(await ask({ q: 'SHOW MEASUREMENTS', db: 's' })).toEqual([
      403,
      { error: 'error authorizing query: other not authorized to execute the query, requires READ on s' },
    ])
    expect(await ask({ q })).toEqual([
      200,
      { results: [{ statement_id: 0, series: [{ name: 'databases', columns: ['name'], values: [] }] }] },
    ])
    expect(
      await ask({ q: 'SELECT * FROM s.autogen.reading; SHOW MEASUREMENTS ON s', db: 'elsewhere' }),
    ).toEqual([200, { results: [{ statement_id: 0, error: 'database not found: s' }, { statement_id: 1 }] }])
  })

  test('is not taken while the file of tokens is damaged, and no file at all lets nobody in', async () => {
    const text = readFileSync(platform.tokensFile, 'utf8')
    writeFileSync(platform.tokensFile, '[{}]')
    const damaged = await platform.ask({ q })
    rmSync(platform.tokensFile)
    const missing = await platform.ask({ q })
    writeFileSync(platform.tokensFile, text, { mode: 0o600 })
    expect([damaged.status, damaged.text]).toEqual([
      500,
      '{"error":"internal error; why stands in the log of the platform"}\n',
    ])
    expect(missing.status).toBe(401)
    expect((await platform.ask({ q })).status).toBe(200)
  })

  test('is refused once another has taken its name, or it is removed', async () => {
    const ask = async (token: string) =>
      (await platform.ask({ q }, { headers: { authorization: `Token ${token}` } })).status
    const owner = { name: 'wall', site: 's' }
    const first = addToken(platform.tokensFile, owner)
    expect(await ask(first)).toBe(200)
    const second = addToken(platform.tokensFile, owner)
    expect([await ask(first), await ask(second)]).toEqual([401, 200])
    expect([removeToken(platform.tokensFile, owner), removeToken(platform.tokensFile, owner)]).toEqual([
      true,
      false,
    ])
    expect(await ask(second)).toBe(401)
  })
})

test.each<[string, RequestInit & { parameters?: Record<string, string> }, number, string]>([
  ['nothing', { parameters: {} }, 400, '{"error":"missing required parameter \\"q\\""}'],
  ['a blank query', { parameters: { q: ' ' } }, 400, '{"error":"missing required parameter \\"q\\""}'],
  [
    'a query that cannot be read',
    { parameters: { q: 'show' } },
    400,
    '{"error":"error parsing query: found EOF, expected ',
  ],
  ['a database too few', { parameters: { q: 'select x from y' } }, 200, 'error":"database name required"'],
  [
    'a policy that is not there',
    { parameters: { q: 'select x from y', db: 's', rp: 'no' } },
    200,
    'error":"retention policy not found: no"',
  ],
  [
    'values for its placeholders',
    { parameters: { q: 'select x from y', params: '{}' } },
    400,
    'params are not supported',
  ],
  ['a body of JSON', { method: 'POST', body: '{"q":"show databases"}' }, 400, 'missing required parameter'],
  [
    'a broken multipart body',
    { method: 'POST', body: '--x', headers: { 'content-type': 'multipart/form-data; boundary=y' } },
    400,
    'missing required parameter',
  ],
  ['too large a body', { method: 'POST', body: 'q='.padEnd(2_000_000) }, 413, 'Request Entity Too Large'],
  [
    'CSV wanted',
    { parameters: { q: 'show databases' }, headers: { accept: 'application/csv' } },
    406,
    '{"error":"application/csv is not supported, ask for application/json"}',
  ],
  ['PUT', { method: 'PUT' }, 405, 'Method Not Allowed'],
  ['a page of another site', { method: 'POST', headers: { origin: 'http://e.example' } }, 403, '{"error":"'],
])('%s is refused in the shape of InfluxDB', async (_, { parameters = {}, ...init }, status, words) => {
  const answer = await platform.ask(parameters, init)
  expect([answer.status, answer.text]).toEqual([status, expect.stringContaining(words)])
  expect(answer.text).not.toMatch(/\n +at |file:/)
})

test('a chunked answer holds the rows of the whole one', async () => {
  const q =
    'SELECT "xNt", "device" FROM "reading" GROUP BY "slot"; SHOW FIELD KEYS FROM "reading"; SHOW TAG KEYS FROM "reading"; SELECT nope(x) FROM y'
  const whole = await platform.ask({ q, db: 's' })
  const chunked = await platform.ask({ q, db: 's', chunked: 'true', chunk_size: '7' })
  type Series = { name: string; tags?: object; values: unknown[][]; partial?: true }
  type Result = { statement_id: number; series?: Series[]; error?: string; partial?: true }
  const results = chunked.text
    .trimEnd()
    .split('\n')
    .flatMap((line) => (JSON.parse(line) as { results: Result[] }).results)
  expect(results.length).toBeGreaterThan(10)
  const joined: Result[] = []
  let goesOn: Result | undefined
  for (const { partial, series: [piece] = [], ...result } of results) {
    const statement: Result = goesOn ?? result
    if (goesOn === undefined) joined.push(statement)
    if (piece !== undefined) {
      expect(piece.values.length).toBeLessThanOrEqual(7)
      const { partial: seriesGoesOn, ...rest } = piece
      statement.series ??= []
      const last = statement.series.at(-1)
      if (last?.partial) {
        last.values.push(...rest.values)
        if (!seriesGoesOn) delete last.partial
      } else statement.series.push(piece)
    }
    goesOn = partial ? statement : undefined
  }
  expect({ results: joined }).toEqual(JSON.parse(whole.text))
})

test('a pretty answer is the same, indented', async () => {
  const [plain, pretty] = await Promise.all(
    ['false', 'true'].map((value) => platform.ask({ q: 'SHOW DATABASES', pretty: value })),
  )
  expect(pretty?.text).toBe(`${JSON.stringify(JSON.parse(plain?.text ?? ''), undefined, 4)}\n`)
})

test('an answer is packed for whoever takes it packed', async () => {
  const address = `${platform.api}/query?${new URLSearchParams({ db: 's', q: 'SELECT * FROM "reading"' })}`
  const headers = { authorization: `Token ${platform.token}`, 'accept-encoding': 'gzip' }
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  request(address, { headers }, (response) => {
    expect(response.headers['content-encoding']).toBe('gzip')
    const parts: Buffer[] = []
    response.on('data', (part: Buffer) => parts.push(part)).once('end', () => resolve(Buffer.concat(parts)))
  })
    .once('error', reject)
    .end()
  expect(gunzipSync(await promise).toString()).toMatch(/^\{"results":/)
})

test.each(['GET', 'HEAD'])('%s /ping says which InfluxDB this is like, to anybody', async (method) => {
  const response = await fetch(`${platform.api}/ping`, { method })
  expect([response.status, response.headers.get('x-influxdb-version')]).toEqual([
    204,
    expect.stringMatching(/^1\.8\./),
  ])
})

test('a file given as the query is read', async () => {
  const body = new FormData()
  body.set('q', new File(['show databases'], join('any', 'name.iql')))
  const { status, text } = await platform.ask({}, { method: 'POST', body })
  expect([status, seriesOf(text)]).toEqual([200, [{ name: 'databases', columns: ['name'], values: [['s']] }]])
})
