import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describePointHistory } from '@clearlane/platform/history/points-contract.ts'
import { InfluxConfigSchema } from '@clearlane/platform/influx/config.ts'
import { toLine } from '@clearlane/platform/influx/line-protocol.ts'
import { createLineWriter } from '@clearlane/platform/influx/line-writer.ts'
import type { InfluxJson } from '@clearlane/platform/influxql/format.ts'
import { afterAll, beforeAll, describe } from 'vitest'
import { findInfluxd } from './testing-influxd.ts'
import type { StoredInfluxd } from './testing-stored-influxd.ts'
import { ORGANISATION, ROOT_TOKEN, startStoredInfluxd } from './testing-stored-influxd.ts'

const found = findInfluxd()
process.stderr.write(`influxd: ${found ?? 'none found, so the contract is not held against one'}\n`)

describe.skipIf(found === undefined)('a real InfluxDB 2', () => {
  const folder = mkdtempSync(join(tmpdir(), 'influx-contract-'))
  const tokenFile = join(folder, 'token')
  let influxd: StoredInfluxd
  let opened = 0
  beforeAll(async () => {
    writeFileSync(tokenFile, ROOT_TOKEN)
    influxd = await startStoredInfluxd(found ?? '')
  })
  afterAll(async () => {
    await influxd[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true })
  })

  describePointHistory('what the platform writes', async () => {
    const bucket = `contract-${++opened}`
    const config = InfluxConfigSchema.parse({ url: influxd.url, org: ORGANISATION, bucket, tokenFile })
    const writer = createLineWriter(config)
    await writer.prepare()
    return {
      write: async (points) => {
        const lines = points.map((point) => {
          const line = toLine(point)
          if (!line.ok) throw new Error(line.fault.detail)
          return line.value
        })
        const answer = await writer.write(lines)
        if (answer.kind !== 'taken') throw new Error(answer.reason)
      },
      ask: async (query) => {
        const parameters = new URLSearchParams({ db: bucket, epoch: 'u', q: query })
        return (await influxd.ask('GET', `/query?${parameters}`)) as InfluxJson
      },
      close: async () => writer.close(),
    }
  })
})
