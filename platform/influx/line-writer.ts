import { readFileSync } from 'node:fs'
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { InfluxDB } from '@influxdata/influxdb-client'
import { isThisMachine } from '../safe-url.ts'
import type { InfluxConfig } from './config.ts'
import type { Preparation } from './prepare.ts'
import { prepareDatabase, prepareInfluxdb2 } from './prepare.ts'
import type { WriteAnswer } from './write-answer.ts'
import { toAnswer } from './write-answer.ts'

/** Lines out, the server's answer in. It keeps nothing and tries nothing twice. */
export type LineWriter = {
  /** Makes what the lines need: bucket and mapping, or database. */
  prepare(): Promise<Preparation>
  write(lines: readonly string[]): Promise<WriteAnswer>
  /** Ends what is under way. */
  close(): void
}

/** A line has at most some hundred bytes, so a batch that nobody answers for this long is not on its way any more. */
const ANSWER_WITHIN_MS = 30_000
const GZIP_FROM_BYTES = 1_024
/** The follower cuts the batches; the client's own limits must not cut them again. */
const NO_LIMIT = 1_000_000_000
const MAX_CLIENT_LINES = 100_000

export const createLineWriter = (config: InfluxConfig, answerWithinMs = ANSWER_WITHIN_MS): LineWriter => {
  const { kind, url, org = '', bucket, caFile } = config
  const { protocol, hostname } = new URL(url)
  const agent =
    protocol === 'https:'
      ? new HttpsAgent({ keepAlive: true, ...(caFile !== undefined && { ca: readFileSync(caFile) }) })
      : new HttpAgent({ keepAlive: true })
  // On this machine packing costs more than it saves.
  const gzipThreshold = isThisMachine(hostname) ? NO_LIMIT : GZIP_FROM_BYTES
  let client: ReturnType<typeof connect> | undefined

  /** The token is read when it is needed: one that was put right is taken without a restart. */
  const connect = () => {
    const secret = config.tokenFile === undefined ? undefined : readFileSync(config.tokenFile, 'utf8').trim()
    const influx = new InfluxDB({
      url,
      timeout: answerWithinMs,
      transportOptions: { agent },
      ...(secret !== undefined &&
        (kind === 'influxdb2'
          ? { token: secret }
          : { headers: { authorization: `Basic ${Buffer.from(secret).toString('base64')}` } })),
    })
    const api = influx.getWriteApi(org, bucket, 'us', {
      batchSize: MAX_CLIENT_LINES,
      maxBatchBytes: NO_LIMIT,
      flushInterval: 0,
      maxRetries: 0,
      gzipThreshold,
      // Its own way would be to write to the console.
      writeFailed: (error) => Promise.reject(error),
    })
    return { influx, api }
  }

  const send = async (lines: readonly string[]): Promise<void> => {
    client ??= connect()
    if (kind === 'influxdb2') {
      client.api.writeRecords([...lines])
      return client.api.flush()
    }
    let status: number | undefined
    await client.influx.transport.request(
      `/write?db=${encodeURIComponent(bucket)}&precision=u`,
      lines.join('\n'),
      { method: 'POST', headers: { 'content-type': 'text/plain; charset=utf-8' }, gzipThreshold },
      (_headers, code) => {
        status = code
      },
    )
    // A page that says 200 to whatever it is asked has stored nothing.
    if (status !== 204)
      throw new Error(`it answers ${status} where a server that has stored lines answers 204`)
  }

  /** When it takes nothing now, nothing of the old connection is used again. */
  const settle = (answer: ReturnType<typeof toAnswer>): ReturnType<typeof toAnswer> => {
    if (answer.kind !== 'later') return answer
    agent.destroy()
    client = undefined
    return answer
  }

  return {
    prepare: async () => {
      try {
        client ??= connect()
        const { influx } = client
        switch (kind) {
          case 'influxdb2':
            return await prepareInfluxdb2(influx, config)
          case 'influxdb1':
            return await prepareDatabase(influx, bucket)
          case 'victoriametrics':
            return { kind: 'ready', missing: [] }
        }
      } catch (cause) {
        const answer = settle(toAnswer(cause))
        return answer.kind === 'later' ? answer : { kind: 'ready', missing: [answer.reason] }
      }
    },
    write: async (lines) => {
      try {
        await send(lines)
        return { kind: 'taken' }
      } catch (cause) {
        return settle(toAnswer(cause))
      }
    },
    close: () => agent.destroy(),
  }
}
