import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Log, LogEntry } from './log/log.ts'
import { openSqliteLog } from './log/sqlite-log.ts'
import type { Projection } from './projection.ts'
import { followLog } from './projection.ts'

let folder: string
let log: Log
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'projection-'))
  log = await openSqliteLog({
    file: join(folder, 'log.sqlite'),
    onFailure: (failure) => {
      throw failure
    },
  })
})
afterEach(async () => {
  await log.close()
  rmSync(folder, { recursive: true })
})
const append = async (from: number, count: number): Promise<void> => {
  const rows = Array.from({ length: count }, (_, index) => from + index)
  await Promise.all(rows.map((row) => log.append(entry(row))))
}
const entry = (row: number): LogEntry => ({
  site: 's',
  gateway: 'gw',
  epoch: 'e1',
  channel: 'readings',
  after: row - 1,
  first: row,
  last: row,
  receivedMs: 1,
  text: '[{}]',
})

/** Counts what it is handed; `work` stands for whatever its result costs. */
const createProjection = (name: string, work: () => void | Promise<void>) => {
  const slices: number[] = []
  let position = 0
  const projection: Projection = {
    name,
    cursor: () => position,
    apply: async (entries, next) => {
      slices.push(entries.length)
      await work()
      position = next
    },
  }
  return { projection, slices }
}

test('a projection that is held has one slice and no more, and the others go on', async () => {
  const gate = Promise.withResolvers<void>()
  const held = createProjection('held', () => gate.promise)
  const free = createProjection('free', () => undefined)
  await append(1, 20)
  const following = followLog(log, [held.projection, free.projection], () => undefined)
  await expect.poll(() => free.projection.cursor()).toBe(20)
  await append(21, 180)
  following.wake()
  await expect.poll(() => free.projection.cursor()).toBe(200)
  expect(held.slices).toEqual([20])
  gate.resolve()
  await expect.poll(() => held.projection.cursor()).toBe(200)
  expect(Math.max(...held.slices)).toBeLessThanOrEqual(50)
  await following.close()
})

test('a projection that says how much it takes is handed no more', async () => {
  const one = createProjection('one', () => undefined)
  const wide = createProjection('wide', () => undefined)
  await append(1, 120)
  const slice = { maxEntries: 100, maxBytes: 1_000_000 }
  const narrow = { maxEntries: 100, maxBytes: 8 }
  const following = followLog(
    log,
    [
      { ...one.projection, slice: narrow },
      { ...wide.projection, slice },
    ],
    () => undefined,
  )
  await expect.poll(() => [one.projection.cursor(), wide.projection.cursor()]).toEqual([120, 120])
  expect(wide.slices).toEqual([100, 20])
  expect(new Set(one.slices)).toEqual(new Set([2]))
  await following.close()
})

test('a projection that fails is told of and tried again from its cursor', async () => {
  let isBroken = true
  const causes: unknown[] = []
  const one = createProjection('one', () => {
    if (isBroken) throw new Error('disk full')
  })
  await append(1, 3)
  const following = followLog(log, [one.projection], (_name, cause) => {
    causes.push(cause)
    isBroken = false
  })
  await expect.poll(() => one.projection.cursor()).toBe(3)
  expect(one.slices).toEqual([3, 3])
  expect(causes).toEqual([new Error('disk full')])
  await following.close()
})
