import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { reading } from '../testing-platform.ts'
import { InfluxConfigSchema, toTarget } from './config.ts'
import { openInfluxBook } from './influx-book.ts'
import { openInflux } from './influx.ts'
import { startInfluxServer } from './testing-influx-server.ts'

/** A thread that finds its cursor at 9, beside a log that ends at `position`. */
const start = async (position: number, over: object = {}) => {
  const folder = mkdtempSync(join(tmpdir(), 'influx-'))
  const server = await startInfluxServer('known')
  const tokenFile = join(folder, 'token')
  writeFileSync(tokenFile, 'known')
  const config = InfluxConfigSchema.parse({ url: server.url, org: 'o', bucket: 'b', tokenFile })
  const file = join(folder, 'influx.sqlite')
  const book = openInfluxBook(file, toTarget(config))
  book.moveTo(9, [])
  book.close()
  const influx = await openInflux({
    config: { ...config, ...over },
    file,
    position: () => position,
    nowMs: () => 10_000,
    onRefused: () => undefined,
  })
  onTestFinished(async () => {
    await influx.close()
    await server.stop()
    rmSync(folder, { recursive: true })
  })
  return { influx, server }
}
const entry = (position: number) => ({
  position,
  site: 's',
  gateway: 'gw',
  epoch: 'e',
  channel: 'readings' as const,
  first: 1,
  last: 1,
  receivedMs: 4_000,
  text: JSON.stringify([reading(position)]),
})

test('goes on where it was', async () => {
  const { influx, server } = await start(20)
  expect(influx.cursor()).toBe(9)
  await influx.apply([entry(10)], 10)
  expect(influx.cursor()).toBe(10)
  expect(server.points.size).toBe(1)
})

test('a log that was made anew is taken from its beginning', async () => {
  const { influx } = await start(3)
  expect(influx.cursor()).toBe(0)
})

test('another bucket begins with the beginning', async () => {
  const { influx } = await start(20, { bucket: 'other' })
  expect(influx.cursor()).toBe(0)
})

test('what the server has already moves no cursor back', async () => {
  const { influx, server } = await start(20)
  await influx.apply([entry(2)], 2)
  expect(influx.cursor()).toBe(9)
  expect(server.batches).toEqual([])
})

test('says how long the first entry waits that the server does not have', async () => {
  const { influx, server } = await start(20)
  expect(influx.view()).toMatchObject({ lagEntries: 11, lagSeconds: 0 })
  server.answer(() => undefined)
  const asked = server.asked()
  const applied = influx.apply([entry(10)], 10)
  await asked
  expect(influx.view()).toMatchObject({ lagEntries: 11, lagSeconds: 6 })
  await influx.close()
  await expect(applied).rejects.toThrow()
})
