import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { toPoints } from '@clearlane/platform/history/points.ts'
import { InfluxConfigSchema } from '@clearlane/platform/influx/config.ts'
import { openInflux } from '@clearlane/platform/influx/influx.ts'
import { toLine } from '@clearlane/platform/influx/line-protocol.ts'
import { openSqliteLog } from '@clearlane/platform/log/sqlite-log.ts'
import { followLog } from '@clearlane/platform/projection.ts'
import type { HistoryField } from '@clearlane/protocol'
import { HISTORY_TABLE } from '@clearlane/protocol'
import { InfluxDB, Point } from '@influxdata/influxdb-client'
import { findInfluxd } from '../e2e/testing-influxd.ts'
import { ORGANISATION, ROOT_TOKEN, startStoredInfluxd } from '../e2e/testing-stored-influxd.ts'
import { createBenchReadings } from './readings.ts'

/**
 * Readings from the platform's log to a real InfluxDB, until it has acknowledged every one; beside them the same points
 * by the bare client, and as ready lines over plain HTTP. `node history-influx-run.ts POINTS`. Prints JSON.
 */
const count = Number(process.argv[2])
const ROWS_PER_ENTRY = 500
const BATCH_LINES = 5_000
const folder = mkdtempSync(join(tmpdir(), 'history-influx-'))

const found = findInfluxd()
if (found === undefined) {
  process.stdout.write('{}\n')
  process.exit()
}
await using influxd = await startStoredInfluxd(found)
const { url } = influxd
for (const name of ['client', 'http'])
  await influxd.ask('POST', '/api/v2/buckets', { orgID: influxd.orgId, name, retentionRules: [] })

const log = await openSqliteLog({
  file: join(folder, 'log.sqlite'),
  onFailure: (failure) => {
    throw failure
  },
})
const pages = createBenchReadings(count, ROWS_PER_ENTRY)
await Promise.all(
  pages.map((rows, index) => {
    const first = index * ROWS_PER_ENTRY + 1
    return log.append({
      site: 'bench',
      gateway: 'gw',
      epoch: 'e',
      channel: 'readings',
      after: first - 1,
      first,
      last: first + rows.length - 1,
      receivedMs: 0,
      text: JSON.stringify(rows),
    })
  }),
)

/** Points a second, counted in the server when it is over. */
const measure = async (bucket: string, write: () => Promise<void>): Promise<number> => {
  const fromMs = performance.now()
  await write()
  const tookMs = performance.now() - fromMs
  const [row] = await influxd.query(bucket, 'SELECT count("counter") FROM "reading"')
  if (row?.[1] !== count) throw new Error(`${bucket}: ${String(row?.[1])} of ${count} points are there`)
  return (count * 1_000) / tookMs
}

const tokenFile = join(folder, 'token')
writeFileSync(tokenFile, ROOT_TOKEN)
const own = await measure('own', async () => {
  const influx = await openInflux({
    config: InfluxConfigSchema.parse({ url, org: ORGANISATION, bucket: 'own', tokenFile }),
    file: join(folder, 'influx.sqlite'),
    position: log.position,
    nowMs: Date.now,
    onRefused: (reason, detail) => process.stderr.write(`${reason}: ${detail}\n`),
  })
  const following = followLog(log, [influx], (_name, cause) => process.stderr.write(`${String(cause)}\n`))
  while (influx.cursor() < log.position()) await new Promise((resolve) => setTimeout(resolve, 5))
  await Promise.all([following.close(), influx.close()])
})

const points = (await log.read(0, pages.length)).flatMap(toPoints)
const client = await measure('client', async () => {
  const api = new InfluxDB({ url, token: ROOT_TOKEN }).getWriteApi(ORGANISATION, 'client', 'us', {
    batchSize: 2 * BATCH_LINES,
    flushInterval: 0,
    maxRetries: 0,
  })
  for (let at = 0; at < points.length; at += BATCH_LINES) {
    for (const { measurement, tags, fields, atUs } of points.slice(at, at + BATCH_LINES)) {
      const types: Readonly<Record<string, HistoryField>> = HISTORY_TABLE[measurement].fields
      const point = new Point(measurement).timestamp(atUs)
      for (const [name, value] of Object.entries(tags)) point.tag(name, value)
      for (const [name, value] of Object.entries(fields)) {
        const type = types[name]?.type
        if (type === 'integer') point.intField(name, value)
        else if (type === 'float') point.floatField(name, value)
        else point.stringField(name, value)
      }
      api.writePoint(point)
    }
    await api.flush()
  }
  await api.close()
})

const lines = points.map((point) => {
  const line = toLine(point)
  return line.ok ? line.value : ''
})
const bodies = Array.from({ length: Math.ceil(lines.length / BATCH_LINES) }, (_, index) =>
  lines.slice(index * BATCH_LINES, (index + 1) * BATCH_LINES).join('\n'),
)
const http = await measure('http', async () => {
  for (const body of bodies) {
    const answer = await fetch(`${url}/api/v2/write?org=${ORGANISATION}&bucket=http&precision=us`, {
      method: 'POST',
      headers: { authorization: `Token ${ROOT_TOKEN}` },
      body,
    })
    if (answer.status !== 204) throw new Error(`${answer.status} ${await answer.text()}`)
  }
})
await log.close()
rmSync(folder, { recursive: true })
process.stdout.write(
  `${JSON.stringify({ own, client, http, fields: Object.keys(points[0]!.fields).length })}\n`,
)
