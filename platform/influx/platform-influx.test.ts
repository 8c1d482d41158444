import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { StatusSchema } from '@clearlane/protocol'
import { expect, onTestFinished, test } from 'vitest'
import { reading, startTestPlatform } from '../testing-platform.ts'
import { lineOf, startInfluxServer } from './testing-influx-server.ts'

const TOKEN = 'token-that-nobody-sees'

/** A platform whose history goes to a local server too. */
const start = async () => {
  const folder = mkdtempSync(join(tmpdir(), 'platform-influx-'))
  const server = await startInfluxServer(TOKEN)
  writeFileSync(join(folder, 'token'), TOKEN)
  const anchorMs = Date.now()
  const platform = await startTestPlatform({
    // A minute has just begun: at the next the platform would write a sample of its own.
    time: { anchorMs, startMs: Math.floor(anchorMs / 60_000) * 60_000, speed: 1 },
    influx: { url: server.url, org: 'o', bucket: 'b', tokenFile: join(folder, 'token') },
  })
  // What is said before the platform listens is said to nobody.
  const isListening = async () => StatusSchema.parse((await platform.get('/status')).body).broker.connected
  await expect.poll(isListening).toBe(true)
  let isOpen = true
  const close = async (): Promise<void> => {
    if (isOpen) await platform.close()
    isOpen = false
  }
  onTestFinished(async () => {
    await close()
    await server.stop()
    rmSync(folder, { recursive: true })
  })
  const metric = async (name: string): Promise<string | undefined> =>
    new RegExp(`^clearlane_platform_${name} (.*)$`, 'm').exec(
      await (await fetch(`${platform.api}/metrics`)).text(),
    )?.[1]
  const view = async () => {
    const { body } = await platform.get('/influx')
    return (body.items as Record<string, unknown>[])[0]
  }
  return { server, platform, close, metric, view }
}

test('what a gateway says stands in the server, and how far it is can be read', async () => {
  const { server, platform, metric, view } = await start()
  server.refuseLines.add(lineOf(2))
  await platform.send([reading(1), reading(2), reading(3)], 1)
  await expect.poll(() => server.points.size).toBe(2)
  await expect.poll(view).toEqual({
    kind: 'influxdb2',
    url: server.url,
    org: 'o',
    bucket: 'b',
    position: 1,
    lagEntries: 0,
    lagSeconds: 0,
    written: 2,
    lastWriteMs: expect.any(Number),
    missing: [],
    parked: {
      total: 1,
      items: [
        {
          position: 1,
          line: lineOf(2),
          reason: expect.stringContaining('422: failure writing points'),
          atMs: expect.any(Number),
        },
      ],
    },
  })
  expect(await metric('influx_up')).toBe('1')
  expect(await metric('influx_points_total')).toBe('2')
  expect(await metric('influx_parked_lines_total')).toBe('1')
  expect(await metric('influx_lag_seconds')).toBe('0')
  expect(await metric('projection_lag_entries{projection="influx"}')).toBe('0')
  expect(await metric('refusals_total{reason="influx-line-parked"}')).toBe('1')
  const said = JSON.stringify((await platform.get('/influx')).body)
  expect(said).not.toContain(TOKEN)
})

test('a server that is away holds up neither acknowledgement nor history, and gets all of it later', async () => {
  const { server, platform, metric, view } = await start()
  await server.stop()
  await platform.send([reading(1)], 1)
  await expect.poll(async () => (await view())?.['failing']).toMatchObject({ reason: /ECONNREFUSED/ })
  for (let row = 2; row <= 60; row++) await platform.send([reading(row)], row)
  await expect.poll(() => platform.lastAck()?.readings).toBe(60)
  await expect.poll(platform.historyLag).toBe(0)
  expect(await metric('influx_up')).toBe('0')
  expect(Number(await metric('projection_lag_entries{projection="influx"}'))).toBeGreaterThan(0)
  await server.start()
  await expect.poll(() => server.points.size).toBe(60)
  await expect.poll(async () => (await view())?.['lagEntries']).toBe(0)
  expect((await view())?.['failing']).toBeUndefined()
})

test('a server that never answers does not hold up the end', async () => {
  const { server, platform, close } = await start()
  await platform.send([reading(1)], 1)
  await expect.poll(() => server.points.size).toBe(1)
  server.answer(() => undefined)
  const asked = server.asked()
  await platform.send([reading(2)], 2)
  await asked
  const fromMs = performance.now()
  await close()
  expect(performance.now() - fromMs).toBeLessThan(5_000)
})

test('without a server of its own the platform names none', async () => {
  const platform = await startTestPlatform()
  onTestFinished(platform.close)
  expect((await platform.get('/influx')).body).toEqual({ items: [] })
})
