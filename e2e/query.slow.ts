import type { HistoryPoint } from '@clearlane/protocol'
import { HISTORY_TABLE } from '@clearlane/protocol'
import { toReadingPoint } from '@clearlane/platform/history/points.ts'
import type { QueryPlatform } from '@clearlane/platform/query/testing-query.ts'
import { READINGS, START_MS, startQueryPlatform } from '@clearlane/platform/query/testing-query.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findInfluxd1 } from './testing-influxd.ts'
import type { Influxd1 } from './testing-influxd-1.ts'
import { startInfluxd1 } from './testing-influxd-1.ts'

const found = findInfluxd1()
process.stderr.write(`influxd 1: ${found ?? 'none found, so /query is not compared with it'}\n`)

const toLine = ({ measurement, tags, fields, atUs }: HistoryPoint): string => {
  const table: Readonly<Record<string, { readonly type: string }>> = HISTORY_TABLE[measurement].fields
  const values = Object.entries(fields).map(([name, value]) =>
    typeof value === 'string'
      ? `${name}="${value}"`
      : `${name}=${value}${table[name]?.type === 'integer' ? 'i' : ''}`,
  )
  const key = [measurement, ...Object.entries(tags).map((pair) => pair.join('='))]
  return `${key.join(',')} ${values.join(',')} ${atUs}`
}

type Asked = { readonly parameters?: Readonly<Record<string, string>>; readonly init?: RequestInit }
const TIME = `time >= ${START_MS}ms and time < ${START_MS + 60_000}ms`
const PANEL = `SELECT mean("xNt") FROM "reading" WHERE ${TIME} GROUP BY time(10s), "slot" fill(null)`
const RAW = `SELECT "xNt", "temperatureC", "device" FROM "reading" WHERE ${TIME} GROUP BY "slot"`
const ALL = `${PANEL}; ${RAW}; SHOW MEASUREMENTS WITH MEASUREMENT = "reading"; SHOW FIELD KEYS FROM "reading"; SHOW DATABASES; SHOW TAG KEYS FROM "reading" WHERE "slot" = 'none'; SHOW TAG VALUES FROM "reading" WITH KEY = "slot"; SHOW TAG VALUES FROM "reading" WITH KEY IN ("slot", "section"); SHOW RETENTION POLICIES ON s; SELECT "xNt" FROM "nothing"; SELECT "xNt" FROM "reading" LIMIT 7`
const form = (q: string, over: RequestInit = {}): RequestInit => ({
  method: 'POST',
  body: new URLSearchParams({ q }),
  ...over,
})
const multipart = (q: string | File): RequestInit => {
  const body = new FormData()
  body.set('q', q)
  return { method: 'POST', body }
}

describe.skipIf(found === undefined)('a real influxd of version 1 and ours, asked the same over HTTP', () => {
  let platform: QueryPlatform
  let influxd: Influxd1
  beforeAll(async () => {
    platform = await startQueryPlatform()
    influxd = await startInfluxd1(
      found ?? '',
      's',
      READINGS.map((reading) => toLine(toReadingPoint('s', reading, 0))),
    )
  })
  afterAll(async () => {
    await platform.close()
    await influxd[Symbol.asyncDispose]()
  })

  /** The chunks of an answer. Which words might stand in a place depends on the grammar, which is another test's. */
  const ask = async (
    url: string,
    authorization: string | undefined,
    { parameters = {}, init = {} }: Asked,
  ) => {
    const response = await fetch(`${url}/query?${new URLSearchParams(parameters)}`, {
      ...init,
      headers: { ...(authorization !== undefined && { authorization }), ...init.headers },
    })
    const text = await response.text()
    const type = response.headers.get('content-type')
    const isJson = type === 'application/json'
    const parts =
      isJson && parameters['pretty'] !== 'true'
        ? text
            .trimEnd()
            .split('\n')
            .map((line): unknown => JSON.parse(line.replace(/, expected .* at line.*(?="})/, '')))
        : text
    return { status: response.status, type, parts }
  }
  const askBoth = async (asked: Asked) => [
    await ask(platform.api, `Token ${platform.token}`, asked),
    await ask(influxd.url, influxd.credentials, asked),
  ]

  test.each<[string, Asked]>([
    ...['ns', 'n', 'u', 'µ', 'ms', 's', 'm', 'h', ' s ', 'weeks', ''].map((epoch): [string, Asked] => [
      `times of epoch "${epoch}"`,
      { parameters: { db: 's', q: `${RAW}; ${PANEL}`, epoch } },
    ]),
    ['times in words', { parameters: { db: 's', q: RAW } }],
    ['times of a zone', { parameters: { db: 's', q: `${RAW} tz('Asia/Shanghai')` } }],
    ['a pretty answer', { parameters: { db: 's', q: PANEL, pretty: 'true' } }],
    ...[undefined, '1', '7', '30', '10000', '0', '-1', 'x', '2.5'].map((size): [string, Asked] => [
      `chunks of ${size ?? 'no size'}`,
      { parameters: { db: 's', q: ALL, chunked: 'true', ...(size !== undefined && { chunk_size: size }) } },
    ]),
    ['a size without chunks', { parameters: { db: 's', q: ALL, chunk_size: '7' } }],
    ['chunks that are not wanted', { parameters: { db: 's', q: ALL, chunked: '1' } }],
    [
      'pretty chunks',
      { parameters: { db: 's', q: PANEL, chunked: 'true', chunk_size: '2', pretty: 'true' } },
    ],
    ['a fault in chunks', { parameters: { db: 's', q: 'SELECT nope(x) FROM y', chunked: 'true' } }],
    ['a query that cannot be read, in chunks', { parameters: { db: 's', q: 'selec', chunked: 'true' } }],
    ['a form', { parameters: { db: 's', epoch: 'ms' }, init: form(PANEL) }],
    ['a form beside an address', { parameters: { db: 's', q: 'SHOW DATABASES' }, init: form(PANEL) }],
    [
      'a form with everything',
      { init: { method: 'POST', body: new URLSearchParams({ q: PANEL, db: 's', epoch: 's' }) } },
    ],
    ['a multipart body', { parameters: { db: 's' }, init: multipart(PANEL) }],
    ['a file', { parameters: { db: 's' }, init: multipart(new File([PANEL], 'panel.iql')) }],
    [
      'a multipart body beside an address',
      { parameters: { db: 's', q: 'SHOW DATABASES' }, init: multipart(PANEL) },
    ],
    ['a body of JSON', { init: { method: 'POST', body: JSON.stringify({ q: PANEL }) } }],
    ['nothing', {}],
    ['a blank query', { parameters: { q: '  ' } }],
    ['a query that cannot be read', { parameters: { q: 'SHOW' } }],
    ['a function that is not there', { parameters: { db: 's', q: 'SELECT nope(xNt) FROM reading' } }],
    ['no database', { parameters: { q: PANEL } }],
    ['a policy', { parameters: { db: 's', q: PANEL, rp: 'autogen' } }],
    ['a policy that is not there', { parameters: { db: 's', q: PANEL, rp: 'year' } }],
    ['a policy within', { parameters: { db: 's', q: 'SELECT last("xNt") FROM "s"."autogen"."reading"' } }],
    ['PUT', { init: { method: 'PUT' } }],
    ['HEAD', { parameters: { db: 's', q: PANEL }, init: { method: 'HEAD' } }],
  ])('%s', async (_, asked) => {
    const [ours, theirs] = await askBoth(asked)
    expect(ours).toEqual(theirs)
  })

  test.each<[string, string | undefined, Asked]>([
    ['none', undefined, {}],
    ['half of them', undefined, { parameters: { u: 'reader' } }],
    ['those of nobody', `Basic ${Buffer.from('reader:wrong').toString('base64')}`, {}],
    ['those of nobody in the address', undefined, { parameters: { u: 'reader', p: 'wrong' } }],
    ['those of an unknown kind', 'Digest abc', {}],
  ])('credentials: %s', async (_, authorization, { parameters = {} }) => {
    const asked = { parameters: { ...parameters, db: 's', q: PANEL } }
    const ours = await ask(platform.api, authorization, asked)
    expect(ours).toEqual(await ask(influxd.url, authorization, asked))
    expect(ours.status).toBe(401)
  })
})
