import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findInfluxd, findPacked, findPrograms } from '../e2e/testing-influxd.ts'
import { startStoredInfluxd } from '../e2e/testing-stored-influxd.ts'
import { createOwnIngest } from './ingest-own.ts'
import { createTelegrafIngest } from './ingest-telegraf.ts'
import { createBenchReadings } from './readings.ts'

/**
 * Readings from a gateway's topic into a real InfluxDB, through our broker, our log and our writer; beside them the same
 * readings as line protocol through mosquitto and Telegraf. From the first publish until all stand in the server.
 * `node ingest-run.ts SINGLE BATCHED`: readings with one a message, and with 500 a message. Prints JSON.
 */
const [single, batched] = process.argv.slice(2, 4).map(Number) as [number, number]
const READINGS_PER_BATCH = 500
const POLL_MS = 250

const influxd = findInfluxd()
const telegraf = findPacked('telegraf-') ?? findPrograms('telegraf')[0]
const mosquitto = [...findPrograms('mosquitto'), '/usr/sbin/mosquitto'].find((path) => existsSync(path))
if (influxd === undefined || telegraf === undefined || mosquitto === undefined) {
  process.stdout.write('{}\n')
  process.exit()
}
const folder = mkdtempSync(join(tmpdir(), 'ingest-'))
await using server = await startStoredInfluxd(influxd)

const untilStored = async (bucket: string, count: number): Promise<void> => {
  for (;;) {
    const [row] = await server.query(bucket, 'SELECT count("counter") FROM "reading"').catch(() => [])
    if (row?.[1] === count) return
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}

/** Readings a second each, one after the other. */
const compare = async (name: string, count: number, perMessage: number) => {
  const pages = createBenchReadings(count, perMessage)
  const measure = async (create: typeof createOwnIngest, kind: string): Promise<number> => {
    const bucket = `${name}-${kind}`
    await using ingest = await create({
      folder: mkdtempSync(join(folder, `${kind}-`)),
      influxUrl: server.url,
      bucket,
      telegraf,
      mosquitto,
      makeBucket: async () => {
        await server.ask('POST', '/api/v2/buckets', { orgID: server.orgId, name: bucket, retentionRules: [] })
      },
    })
    const payloads = ingest.toPayloads(pages)
    const fromMs = performance.now()
    await Promise.all([ingest.publish(payloads), untilStored(bucket, count)])
    return (count * 1_000) / (performance.now() - fromMs)
  }
  return {
    own: await measure(createOwnIngest, 'own'),
    telegraf: await measure(createTelegrafIngest, 'telegraf'),
  }
}

const result = {
  single: await compare('single', single, 1),
  batched: await compare('batched', batched, READINGS_PER_BATCH),
}
rmSync(folder, { recursive: true })
process.stdout.write(`${JSON.stringify(result)}\n`)
