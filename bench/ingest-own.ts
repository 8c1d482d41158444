import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { hashSecret } from '@clearlane/broker/identities.ts'
import type { Reading } from '@clearlane/protocol'
import { AckMessageSchema, StatusSchema } from '@clearlane/protocol'
import { connectAsync } from 'mqtt'
import { ORGANISATION, ROOT_TOKEN } from '../e2e/testing-stored-influxd.ts'
import { startChild } from '../tools/child.ts'
import { findFreePorts } from '../tools/estate.ts'
import { createBenchLayout, createBenchRules } from './traffic.ts'

/** One way for readings from MQTT into an InfluxDB, ready to take them. */
export type Ingest = AsyncDisposable & {
  toPayloads(pages: readonly (readonly Reading[])[]): string[]
  publish(payloads: readonly string[]): Promise<void>
}
export type IngestParts = {
  readonly folder: string
  readonly influxUrl: string
  readonly bucket: string
  readonly telegraf: string
  readonly mosquitto: string
  readonly makeBucket: () => Promise<void>
}

const ROOT = join(import.meta.dirname, '..')
/** Readings that may be on their way without an acknowledgement by the centre. */
const MAX_UNACKNOWLEDGED = 20_000

/** Our broker and our platform, in processes of their own; the gateway is this one. */
export const createOwnIngest = async ({ folder, influxUrl, bucket }: IngestParts): Promise<Ingest> => {
  const file = (name: string): string => join(folder, name)
  const [brokerPort, httpPort] = (await findFreePorts(2)) as [number, number]
  const write = (name: string, value: unknown): void => writeFileSync(file(name), JSON.stringify(value))
  write('identities.json', [
    {
      username: 'gw',
      secretHash: hashSecret('g'),
      identity: { kind: 'gateway', site: 'bench', gateway: 'gw' },
    },
    { username: 'platform', secretHash: hashSecret('p'), identity: { kind: 'platform' } },
  ])
  writeFileSync(file('secret'), 'p')
  writeFileSync(file('token'), ROOT_TOKEN)
  write('layout.json', createBenchLayout(1_000, 'gw'))
  write('rules.json', createBenchRules())
  write('broker.json', { port: brokerPort, identitiesFile: file('identities.json') })
  const url = `mqtt://127.0.0.1:${brokerPort}`
  write('platform.json', {
    dataDir: file('data'),
    site: 'bench',
    http: { port: httpPort },
    mqtt: { url, username: 'platform', passwordFile: file('secret') },
    layoutFile: file('layout.json'),
    rulesFile: file('rules.json'),
    influx: { url: influxUrl, org: ORGANISATION, bucket, tokenFile: file('token') },
  })
  const [broker, platform] = ['broker', 'platform'].map((name) =>
    startChild({
      name,
      entry: join(ROOT, name, 'main.ts'),
      configFile: file(`${name}.json`),
      logFile: file(`${name}.log`),
      cwd: ROOT,
      onRestart: (who, why) => process.stderr.write(`${who}: ${why}\n`),
    }),
  ) as [ReturnType<typeof startChild>, ReturnType<typeof startChild>]
  await broker.ready()
  await platform.ready()
  // What is said before the platform listens is said to nobody.
  const isListening = async (): Promise<boolean> => {
    const answer = await fetch(`http://127.0.0.1:${httpPort}/api/v1/status`)
    return StatusSchema.parse(await answer.json()).broker.connected
  }
  while (!(await isListening())) await new Promise((resolve) => setTimeout(resolve, 20))
  const gateway = await connectAsync(url, { username: 'gw', password: 'g', clientId: 'gw:bench' })
  await gateway.subscribeAsync('cl/v1/bench/gw/ack', { qos: 1 })

  return {
    toPayloads: (pages) => {
      let last = 0
      return pages.map((rows) => {
        const after = last
        last += rows.length
        return JSON.stringify({
          v: 1,
          gateway: 'gw',
          epoch: 'e',
          channel: 'readings',
          after,
          first: after + 1,
          last,
          rows,
        })
      })
    },
    publish: (payloads) => {
      const { promise: done, resolve } = Promise.withResolvers<void>()
      const perMessage = (JSON.parse(payloads[0]!) as { readonly last: number }).last
      const total = payloads.length * perMessage
      let acknowledged = 0
      let sent = 0
      const send = (): void => {
        for (; sent < payloads.length && sent * perMessage - acknowledged < MAX_UNACKNOWLEDGED; sent++)
          gateway.publish('cl/v1/bench/gw/telemetry', payloads[sent]!, { qos: 1 })
      }
      gateway.on('message', (_topic, payload) => {
        const { readings, rewind = [] } = AckMessageSchema.parse(JSON.parse(payload.toString()))
        acknowledged = readings
        // Something is missing there: it is sent again from behind its last row.
        if (rewind.includes('readings')) sent = Math.floor(readings / perMessage)
        if (acknowledged >= total) resolve()
        else send()
      })
      send()
      return done
    },
    [Symbol.asyncDispose]: async () => {
      await gateway.endAsync()
      await platform.stop()
      await broker.stop()
    },
  }
}
