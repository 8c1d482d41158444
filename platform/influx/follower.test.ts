import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Reading } from '@clearlane/protocol'
import { expect, onTestFinished, test } from 'vitest'
import type { StoredEntry } from '../log/log.ts'
import { reading } from '../testing-platform.ts'
import { InfluxConfigSchema } from './config.ts'
import { createFollower } from './follower.ts'
import { MAX_PARKED_LINES, openInfluxBook } from './influx-book.ts'
import { createLineWriter } from './line-writer.ts'
import { lineOf, startInfluxServer } from './testing-influx-server.ts'

const TOKEN = 'known'
const entry = (position: number, rows: readonly Reading[]): StoredEntry => ({
  position,
  site: 's',
  gateway: 'gw',
  epoch: 'e',
  channel: 'readings',
  first: 1,
  last: rows.length,
  receivedMs: 0,
  text: JSON.stringify(rows),
})
const readings = (count: number, from = 1) => Array.from({ length: count }, (_, at) => reading(from + at))
/** A follower of a local server, its waits over at once and written down; `restart` is a new process on the same file. */
const start = async (answerWithinMs?: number, over: object = {}) => {
  const folder = mkdtempSync(join(tmpdir(), 'influx-'))
  const server = await startInfluxServer(TOKEN)
  const file = join(folder, 'influx.sqlite')
  const tokenFile = join(folder, 'token')
  writeFileSync(tokenFile, `${TOKEN}\n`)
  const config = InfluxConfigSchema.parse({ url: server.url, org: 'o', bucket: 'b', tokenFile, ...over })
  const waits: number[] = []
  let beforeRetry: (() => Promise<void> | void) | undefined
  const open = () => {
    const book = openInfluxBook(file, 'target')
    const follower = createFollower({
      book,
      writer: createLineWriter(config, answerWithinMs),
      timer: {
        nowMs: () => 7,
        wait: async (ms) => {
          waits.push(ms)
          await beforeRetry?.()
        },
      },
      onChange: () => undefined,
    })
    return { book, follower }
  }
  let current = open()
  const close = (): void => {
    current.follower.close()
    current.book.close()
  }
  onTestFinished(async () => {
    close()
    await server.stop()
    rmSync(folder, { recursive: true })
  })
  return {
    server,
    file,
    tokenFile,
    waits,
    onWait: (then: typeof beforeRetry) => {
      beforeRetry = then
    },
    book: () => current.book,
    follower: () => current.follower,
    restart: () => {
      close()
      current = open()
    },
  }
}

test('entries become points, and the cursor moves behind the server’s answer', async () => {
  const { server, follower, book, restart } = await start()
  const applied = follower().apply([entry(4, readings(3)), entry(9, readings(2, 4))], 9)
  expect(book().cursor()).toBe(0)
  await applied
  expect([...server.points].map(([key, fields]) => key.replace(' ', ` ${fields} `))).toEqual(
    [1, 2, 3, 4, 5].map(lineOf),
  )
  expect(follower().state()).toMatchObject({ written: 5, lastWriteMs: 7, missing: [], failing: undefined })
  restart()
  expect(book().cursor()).toBe(9)
})

test('the first start makes the bucket', async () => {
  const { server, follower } = await start()
  await follower().apply([entry(1, readings(1))], 1)
  expect([...server.buckets]).toEqual(['b'])
})

test('a batch is bounded, and the next is sent behind the answer to the last', async () => {
  const { server, follower } = await start()
  await follower().apply([entry(1, readings(12_000))], 1)
  expect(server.batches).toEqual([5_000, 5_000, 2_000])
  expect(server.points.size).toBe(12_000)
})

test.each([
  { refused: [1] },
  { refused: [3_000] },
  { refused: [1, 2, 2_500, 2_501, 5_000] },
  { refused: [6_001] },
])(
  'of 6,001 lines the refused $refused are parked with their reason, and no other is lost',
  async ({ refused }) => {
    const { server, follower, book } = await start()
    for (const counter of refused) server.refuseLines.add(lineOf(counter))
    await follower().apply([entry(5, readings(6_001))], 5)
    expect(server.points.size).toBe(6_001 - refused.length)
    expect(follower().state().parked).toEqual({
      total: refused.length,
      items: refused.toReversed().map((counter) => ({
        position: 5,
        line: lineOf(counter),
        reason: expect.stringContaining('422: failure writing points to database: partial write'),
        atMs: 7,
      })),
    })
    expect(book().cursor()).toBe(5)
  },
)

test('a server that refuses a whole batch by number is not asked for each line', async () => {
  const { server, follower } = await start()
  for (let counter = 1; counter <= 3_000; counter++) server.refuseLines.add(lineOf(counter))
  await follower().apply([entry(1, readings(3_000))], 1)
  expect(server.batches).toEqual([3_000])
  expect(follower().state().parked.total).toBe(3_000)
})

test('a line that the server cannot read costs no other, though it refuses the batch as a whole', async () => {
  const { server, follower } = await start()
  await follower().apply([entry(1, [...readings(999), reading(1_000, { slot: 'a 1' })])], 1)
  expect(server.points.size).toBe(999)
  expect(follower().state().parked.items).toMatchObject([
    {
      line: expect.stringContaining(String.raw`slot=a\ 1`),
      reason: expect.stringContaining('400: unable to parse'),
    },
  ])
})

test('a value of another type than the table’s is parked here, and fixes no type there', async () => {
  const { server, follower } = await start()
  await follower().apply([entry(1, [reading(1, { xNt: 1.5 }), reading(2)])], 1)
  expect([...server.points.keys()]).toHaveLength(1)
  expect(follower().state().parked.items).toMatchObject([
    { reason: 'reading: xNt is 1.5, which is no integer', line: expect.stringContaining('"xNt":1.5') },
  ])
})

test('a refused line is parked once, also when it is sent again', async () => {
  const { server, follower, restart } = await start()
  server.refuseLines.add(lineOf(2))
  await follower().apply([entry(1, readings(3))], 1)
  restart()
  await follower().apply([entry(1, readings(3))], 1)
  expect(follower().state().parked).toMatchObject({ total: 1, items: [{ line: lineOf(2) }] })
  expect(server.points.size).toBe(2)
})

test('of more refused lines than are kept the newest are kept, and all are counted', async () => {
  const { server, follower, file } = await start()
  const count = MAX_PARKED_LINES + 5
  for (let counter = 1; counter <= count; counter++) server.refuseLines.add(lineOf(counter))
  await follower().apply([entry(1, readings(count))], 1)
  const { total, items } = follower().state().parked
  expect(total).toBe(count)
  expect(items[0]?.line).toBe(lineOf(count))
  const db = new DatabaseSync(file, { readOnly: true })
  const kept = db.prepare('SELECT count(*) AS count FROM parked').get()
  db.close()
  expect(kept?.['count']).toBe(MAX_PARKED_LINES)
})

test.each([
  { name: 'no token of its', status: 401, headers: {}, wait: 1_000 },
  { name: 'a token that may not write', status: 403, headers: {}, wait: 1_000 },
  { name: 'no bucket', status: 404, headers: {}, wait: 1_000 },
  { name: 'too many requests', status: 429, headers: { 'retry-after': '5' }, wait: 5_000 },
  { name: 'a fault', status: 500, headers: {}, wait: 1_000 },
  { name: 'no room', status: 507, headers: {}, wait: 1_000 },
  { name: 'no time', status: 503, headers: { 'retry-after': '3600' }, wait: 60_000 },
])('$name ($status) is no judgement on lines: they are sent again', async ({ status, headers, wait }) => {
  const { server, follower, waits, onWait } = await start()
  server.answer((response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end('{"message":"said by the server"}')
  })
  onWait(() => {
    expect(follower().state().failing).toEqual({
      sinceMs: 7,
      attempts: 1,
      nextMs: 7 + wait,
      reason: `${status}: said by the server`,
    })
    server.answer(undefined)
  })
  await follower().apply([entry(1, readings(10))], 1)
  expect(waits).toEqual([wait])
  expect(server.points.size).toBe(10)
  expect(follower().state()).toMatchObject({ failing: undefined, parked: { total: 0 } })
})

test('a 400 of something that is no InfluxDB parks nothing', async () => {
  const { server, follower, waits, onWait } = await start()
  server.answer((response) => {
    response.writeHead(400, { 'content-type': 'text/html' })
    response.end('<html>The plain HTTP request was sent to HTTPS port</html>')
  })
  onWait(() => server.answer(undefined))
  await follower().apply([entry(1, readings(10))], 1)
  expect(waits).toEqual([1_000])
  expect(follower().state().parked.total).toBe(0)
})

test('a page that says 200 to everything has taken nothing', async () => {
  const { server, follower, waits, onWait } = await start(undefined, {
    kind: 'victoriametrics',
    org: undefined,
  })
  server.answer((response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'))
  onWait(() => {
    expect(follower().state().failing?.reason).toContain('answers 200')
    server.answer((response) => response.writeHead(204).end())
  })
  await follower().apply([entry(1, readings(10))], 1)
  expect(waits).toEqual([1_000])
})

test('a server that is away is asked again, with growing pauses up to a minute', async () => {
  const { server, follower, waits, onWait } = await start()
  await server.stop()
  onWait(async () => {
    if (waits.length === 9) await server.start()
  })
  await follower().apply([entry(1, readings(10))], 1)
  expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000])
  expect(server.points.size).toBe(10)
})

test('a server that breaks off in the middle of an answer is asked again', async () => {
  const { server, follower, waits, onWait } = await start()
  server.answer((response) => response.destroy())
  onWait(() => server.answer(undefined))
  await follower().apply([entry(1, readings(10))], 1)
  expect(waits).toEqual([1_000])
  expect(server.points.size).toBe(10)
})

test('a server that does not answer in time is sent less at once, and more again once it answers', async () => {
  const { server, follower, onWait, waits } = await start(500)
  server.answer(() => undefined)
  onWait(() => {
    if (waits.length === 2) server.answer(undefined)
  })
  await follower().apply([entry(1, readings(5_000))], 1)
  const first = server.batches.splice(0)
  expect(Math.max(...first)).toBeLessThanOrEqual(2_500)
  await follower().apply([entry(2, readings(10_000, 5_001))], 2)
  expect(Math.max(...server.batches)).toBeGreaterThan(Math.min(...first))
  expect(server.points.size).toBe(15_000)
})

test('a token that was put right in its file is taken without a restart', async () => {
  const { server, follower, tokenFile, onWait } = await start()
  writeFileSync(tokenFile, 'wrong')
  onWait(() => {
    expect(follower().state().failing?.reason).toBe('401: unauthorized access')
    writeFileSync(tokenFile, TOKEN)
  })
  await follower().apply([entry(1, readings(10))], 1)
  expect(server.points.size).toBe(10)
})

test('closing ends a write that nobody answers and leaves the cursor where it was; the next process sends it', async () => {
  const { server, follower, book, restart } = await start()
  await follower().apply([entry(1, readings(1))], 1)
  server.answer(() => undefined)
  const asked = server.asked()
  const applied = follower().apply([entry(2, readings(10))], 2)
  await asked
  follower().close()
  await expect(applied).rejects.toThrow()
  expect(book().cursor()).toBe(1)
  restart()
  server.answer(undefined)
  await follower().apply([entry(2, readings(10))], 2)
  expect(server.points.size).toBe(10)
})
