import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { reading, startTestPlatform } from '@clearlane/platform/testing-platform.ts'
import type { Reading } from '@clearlane/protocol'
import { InfluxViewSchema, StatusSchema } from '@clearlane/protocol'
import { describe, expect, onTestFinished, test } from 'vitest'
import { findFreePorts } from '../tools/estate.ts'
import { findPrograms } from './testing-influxd.ts'
import { toRows, untilAnswers } from './testing-stored-influxd.ts'

const influxdb1 = findPrograms('influxd').find((path) =>
  /InfluxDB v1\.\d+/.test(execFileSync(path, ['version'], { encoding: 'utf8' })),
)
const [victoriaMetrics] = findPrograms('victoria-metrics')
process.stderr.write(`InfluxDB 1: ${influxdb1 ?? 'none found, so nothing is written to one'}\n`)
process.stderr.write(`VictoriaMetrics: ${victoriaMetrics ?? 'none found, so nothing is written to one'}\n`)

const WITHIN = { timeout: 120_000, interval: 250 }
const LOGIN = 'clear:lane-of-this-test'
const FROM_MS = Date.now() - 3_000_000
const recent = (counter: number, over: Partial<Reading> = {}): Reading =>
  reading(counter, { eventMs: FROM_MS + counter * 1_000, receivedMs: FROM_MS + counter * 1_000, ...over })

/** A program in a folder of its own, until the test is over. */
const startServer = async (binary: string, toArguments: (folder: string, port: number) => string[]) => {
  const folder = mkdtempSync(join(tmpdir(), 'server-'))
  const [port] = (await findFreePorts(1)) as [number]
  const child = spawn(binary, toArguments(folder, port), { stdio: 'ignore' })
  onTestFinished(async () => {
    const ended = new Promise((resolve) => child.once('exit', resolve))
    if (child.kill()) await ended
    rmSync(folder, { recursive: true })
  })
  return { url: `http://127.0.0.1:${port}`, folder }
}

/** Sends readings through a platform that writes to that server, until it has all of them; what is said then. */
const fill = async (influx: object, readings: readonly Reading[]) => {
  const platform = await startTestPlatform({ influx: { bucket: 'clearlane', ...influx } })
  onTestFinished(platform.close)
  // What is said before the platform listens is said to nobody.
  await expect
    .poll(async () => StatusSchema.parse((await platform.get('/status')).body).broker.connected)
    .toBe(true)
  await platform.send(readings, 1)
  const view = async () => InfluxViewSchema.parse((await platform.get('/influx')).body.items?.[0])
  await expect.poll(async () => (await view()).position, WITHIN).toBe(1)
  return view()
}

describe.skipIf(influxdb1 === undefined)('with a real InfluxDB 1', () => {
  test('the database is made, and every reading but the refused one stands in it', async () => {
    const { url, folder } = await startServer(influxdb1 ?? '', (data, port) => {
      const config = join(data, 'influxdb.conf')
      mkdirSync(join(data, 'meta'))
      writeFileSync(
        config,
        [
          'reporting-disabled = true\nbind-address = "127.0.0.1:0"',
          `[meta]\ndir = "${join(data, 'meta')}"`,
          `[data]\ndir = "${join(data, 'data')}"\nwal-dir = "${join(data, 'wal')}"`,
          `[http]\nbind-address = "127.0.0.1:${port}"\nauth-enabled = true`,
          '[monitor]\nstore-enabled = false',
        ].join('\n'),
      )
      return ['run', '-config', config]
    })
    await untilAnswers(`${url}/ping`)
    const ask = async (path: string, body?: string) => {
      const authorization = `Basic ${Buffer.from(LOGIN).toString('base64')}`
      const answer = await fetch(`${url}${path}`, {
        method: 'POST',
        headers: { authorization },
        ...(body !== undefined && { body }),
      })
      return answer.status === 204 ? undefined : answer.json()
    }
    const query = async (text: string, db = 'clearlane') =>
      toRows(await ask(`/query?${new URLSearchParams({ db, epoch: 'ms', q: text })}`))
    await query(`CREATE USER clear WITH PASSWORD 'lane-of-this-test' WITH ALL PRIVILEGES`)
    await query('CREATE DATABASE clearlane')
    await ask(`/write?db=clearlane&precision=u`, `reading,site=other rssiDbm=1i ${FROM_MS * 1_000}`)
    const tokenFile = join(folder, 'login')
    writeFileSync(tokenFile, LOGIN)
    await fill({ kind: 'influxdb1', url, tokenFile, bucket: 'made' }, [recent(1)])
    expect(await query('SELECT "counter" FROM "reading"', 'made')).toEqual([[FROM_MS + 1_000, 1]])
    const readings = Array.from({ length: 300 }, (_, index) => recent(index + 1))
    const view = await fill({ kind: 'influxdb1', url, tokenFile }, [
      ...readings,
      recent(301, { rssiDbm: -90 }),
      recent(302),
    ])
    expect(view).toMatchObject({ missing: [], parked: { total: 1 } })
    expect(view.parked.items[0]?.reason).toContain('400: partial write: field type conflict')
    expect(await query('SELECT count("counter"), sum("counter") FROM "reading"')).toEqual([
      [expect.any(Number), 301, (300 * 301) / 2 + 302],
    ])
  })
})

describe.skipIf(victoriaMetrics === undefined)('with a real VictoriaMetrics', () => {
  test('every reading stands in it, by slot and time', async () => {
    const { url } = await startServer(victoriaMetrics ?? '', (data, port) => [
      `-storageDataPath=${data}`,
      `-httpListenAddr=127.0.0.1:${port}`,
    ])
    await untilAnswers(`${url}/health`)
    const readings = Array.from({ length: 300 }, (_, index) => recent(index + 1))
    const view = await fill({ kind: 'victoriametrics', url }, readings)
    expect(view).toMatchObject({ written: 300, missing: [], parked: { total: 0 } })
    const stored = async () => {
      const answer = await fetch(
        `${url}/api/v1/export?match[]=${encodeURIComponent('{__name__="reading_counter",slot="a1"}')}`,
      )
      const text = await answer.text()
      return text === '' ? undefined : (JSON.parse(text) as { values: number[]; timestamps: number[] })
    }
    // It shows what it has taken a little later.
    await expect.poll(async () => (await stored())?.values.length, WITHIN).toBe(300)
    expect(await stored()).toMatchObject({
      values: readings.map(({ counter }) => counter),
      timestamps: readings.map(({ eventMs }) => eventMs),
    })
  })
})
