import { copyFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import type { QueryRequest, QueryRunnerOptions } from './query-runner.ts'
import { createQueryRunner } from './query-runner.ts'
import type { QueryPlatform } from './testing-query.ts'
import { startQueryPlatform } from './testing-query.ts'

let platform: QueryPlatform
beforeAll(async () => {
  platform = await startQueryPlatform()
})
afterAll(() => platform.close())

/** As many statements as a query may have characters for: it takes seconds, and holds all it has found. */
const repeat = (statement: string): string => statement.repeat(Math.floor(99_000 / statement.length))
const SLOW = repeat('SELECT median(/Nt/) FROM reading;')
const LARGE = repeat('SELECT * FROM reading LIMIT 40;')

const start = (over: Partial<QueryRunnerOptions> = {}) => {
  const runner = createQueryRunner({
    file: platform.historyFile,
    threads: 1,
    maxWaiting: 1,
    patienceMs: 60_000,
    withinMs: 60_000,
    memoryMb: 256,
    limits: { withinMs: 60_000 },
    ...over,
  })
  onTestFinished(() => runner.close())
  return {
    close: runner.close,
    run: (query: string, signal = new AbortController().signal) =>
      runner.run(
        {
          query,
          database: 's',
          retentionPolicy: undefined,
          databases: ['s'],
          epoch: 'ms',
          isPretty: false,
          chunkSize: undefined,
          nowMs: 0,
        } satisfies QueryRequest,
        signal,
      ),
  }
}

test('one query more than may wait is refused, and whoever leaves makes room', async () => {
  const [atOnce, waiting, tooMany] = [2, 64, 3]
  const leaving = new AbortController()
  const refused: string[] = []
  const answers = Array.from({ length: atOnce + waiting + tooMany }, async () => {
    const body = new URLSearchParams({ q: SLOW })
    const { status, text } = await platform.ask({ db: 's' }, { method: 'POST', body, signal: leaving.signal })
    if (status === 503) refused.push(text)
  })
  await expect.poll(() => refused.length).toBe(tooMany)
  leaving.abort()
  const ended = await Promise.allSettled(answers)
  expect(ended.filter(({ status }) => status === 'rejected')).toHaveLength(atOnce + waiting)
  expect(new Set(refused)).toEqual(new Set(['{"error":"max-concurrent-queries limit exceeded(67, 66)"}\n']))
  expect((await platform.ask({ q: 'SHOW DATABASES' })).status).toBe(200)
})

test('a query that waits too long for its turn is refused', async () => {
  const runner = start({ patienceMs: 10 })
  const leaving = new AbortController()
  const running = runner.run(SLOW, leaving.signal)
  expect(await runner.run('SHOW DATABASES')).toEqual({ kind: 'too-many', count: 2, limit: 2 })
  leaving.abort()
  expect(await running).toEqual({ kind: 'left' })
  expect(await runner.run('SHOW DATABASES')).toMatchObject({ kind: 'answered' })
})

test('a query that takes too long is ended with its thread', async () => {
  expect(await start({ withinMs: 100 }).run(SLOW)).toEqual({ kind: 'too-slow' })
})

test('a query that needs too much memory ends its thread and nothing else', async () => {
  const runner = start({ memoryMb: 24 })
  expect(await runner.run(LARGE)).toEqual({ kind: 'too-large' })
  expect(await runner.run('SHOW DATABASES')).toMatchObject({ kind: 'answered' })
})

test('a history that cannot be read is away until it can be', async () => {
  const file = join(platform.folder, 'later.sqlite')
  writeFileSync(file, 'no database, but not an empty file either')
  const runner = start({ file })
  const query = 'SELECT count(xNt) FROM reading'
  expect(await runner.run(query)).toMatchObject({ kind: 'failed', isAway: true })
  rmSync(file)
  copyFileSync(platform.historyFile, file)
  copyFileSync(`${platform.historyFile}-wal`, `${file}-wal`)
  const answer = await runner.run(query)
  expect(answer.kind === 'answered' && new TextDecoder().decode(answer.pieces[0])).toContain('[[0,60]]')
})

test('a query that is under way when the platform closes is left', async () => {
  const runner = start()
  const running = runner.run(SLOW)
  const waiting = runner.run(SLOW)
  await runner.close()
  expect(await Promise.all([running, waiting])).toEqual([{ kind: 'left' }, { kind: 'left' }])
  expect(await runner.run('SHOW DATABASES')).toEqual({ kind: 'left' })
})
