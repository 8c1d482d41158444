import { execFile, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { METRICS } from '@clearlane/protocol'
import { connectAsync } from 'mqtt'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { findFreePorts } from '../tools/estate.ts'
import type { MetricQuery } from '../tools/metrics-page.ts'
import { METRIC_QUERIES } from '../tools/metrics-page.ts'
import { listMetricQueries } from './testing-grafana.ts'
import { expectTable, scrape } from './testing-metrics.ts'
import type { TestEstate } from './testing-estate.ts'
import { startTestEstate } from './testing-estate.ts'

type Room = keyof typeof METRICS
const ROOMS = ['gateway', 'broker', 'platform'] as const satisfies readonly Room[]
const WITHIN = { timeout: 120_000, interval: 500 }

/** A house that is at work, each room with a door for Prometheus. */
let estate: TestEstate
let ports: Readonly<Record<Room, number>>
beforeAll(async () => {
  const [gateway, broker] = await findFreePorts(2)
  const metricsPorts = { gateway: gateway!, broker: broker! }
  estate = await startTestEstate({ speed: 10, forMs: 600_000, heartbeatMs: 10_000, metricsPorts })
  ports = { ...metricsPorts, platform: Number(new URL(estate.api).port) }
})
afterAll(async () => {
  await estate[Symbol.asyncDispose]()
})

/** Readings were heard, and what they told is on disk. */
const untilAtWork = () =>
  expect
    .poll(async () => {
      const { value } = await scrape(ports.gateway)
      return value('clearlane_gateway_event_commit_duration_seconds_count')
    }, WITHIN)
    .toBeGreaterThan(0)

test.each(ROOMS)(
  'what the %s exposes is as the table says, and promtool finds nothing to say',
  async (room) => {
    await untilAtWork()
    const exposed = await scrape(ports[room])
    expectTable(exposed, METRICS[room])
    const found = await new Promise<{ readonly code: unknown; readonly said: string }>((resolve) => {
      const promtool = execFile('promtool', ['check', 'metrics'], (failure, stdout, stderr) =>
        resolve({ code: failure?.code ?? 0, said: `${stdout}${stderr}` }),
      )
      promtool.stdin!.end(exposed.text)
    })
    expect(found).toEqual({ code: 0, said: '' })
  },
)

test('a real Prometheus reads all three rooms, knows every metric, and answers every query of the page and of the dashboards', async () => {
  await untilAtWork()
  const stranger = connectAsync(`mqtt://127.0.0.1:${estate.brokerPort}`, {
    username: 'nobody',
    password: 'x',
  })
  await expect(stranger).rejects.toThrow()
  const folder = mkdtempSync(join(tmpdir(), 'prometheus-'))
  const [port] = await findFreePorts(1)
  const scrapes = ROOMS.map((room) => ({
    job_name: room,
    static_configs: [{ targets: [`127.0.0.1:${ports[room]}`] }],
  }))
  // YAML takes JSON as it is.
  writeFileSync(
    join(folder, 'prometheus.yml'),
    JSON.stringify({ global: { scrape_interval: '1s' }, scrape_configs: scrapes }),
  )
  const prometheus = spawn(
    'prometheus',
    [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: 'ignore' },
  )
  const ended = new Promise<void>((resolve) => prometheus.once('exit', () => resolve()))
  try {
    const ask = async (path: string): Promise<unknown> => {
      const response = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`).catch(() => undefined)
      return response === undefined ? undefined : ((await response.json()) as { data?: unknown }).data
    }
    const query = async (text: string) => {
      const data = await ask(`query?query=${encodeURIComponent(text)}`)
      return (data as { result: { metric: Record<string, string>; value: [number, string] }[] } | undefined)
        ?.result
    }
    // Every room was read often enough for a rate.
    const often = async () =>
      (await query('count_over_time(up[1m]) >= 5 and min_over_time(up[1m]) == 1'))?.length
    await expect.poll(often, WITHIN).toBe(ROOMS.length)

    const known = (await ask('metadata')) as Record<string, { type: string; help: string }[]>
    for (const room of ROOMS)
      for (const [name, { kind, help }] of Object.entries(METRICS[room]))
        expect(known[name], name).toEqual([{ type: kind, help, unit: '' }])
    expect(Object.keys(known).sort()).toEqual(
      [...new Set(ROOMS.flatMap((room) => Object.keys(METRICS[room])))].sort(),
    )
    const asked: readonly MetricQuery[] = [...METRIC_QUERIES, ...listMetricQueries()]
    for (const { question, query: text, isAlert = false } of asked)
      await expect
        .poll(async () => (await query(text))?.map(({ value }) => Number.isFinite(Number(value[1]))), {
          ...WITHIN,
          message: question,
        })
        .toEqual(isAlert ? [] : expect.arrayContaining([true]))
    const [heard] = (await query('clearlane_gateway_readings_heard_total'))!
    expect(heard!.metric).toEqual({
      __name__: 'clearlane_gateway_readings_heard_total',
      job: 'gateway',
      instance: `127.0.0.1:${ports.gateway}`,
    })
    expect(Number(heard!.value[1])).toBeGreaterThan(0)
  } finally {
    prometheus.kill('SIGTERM')
    await ended
    rmSync(folder, { recursive: true })
  }
})
