import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { toReadingPoint } from '@clearlane/platform/history/points.ts'
import { toLine } from '@clearlane/platform/influx/line-protocol.ts'
import type { Reading } from '@clearlane/protocol'
import { connectAsync } from 'mqtt'
import { unpack } from '../e2e/testing-influxd.ts'
import { ORGANISATION, ROOT_TOKEN } from '../e2e/testing-stored-influxd.ts'
import { findFreePorts } from '../tools/estate.ts'
import type { Ingest, IngestParts } from './ingest-own.ts'
import { untilListening } from './listening.ts'

const TOPIC = 'bench/readings'
const MAX_IN_FLIGHT = 5_000

/** mosquitto and Telegraf with the settings with which they lose nothing and are fastest. */
export const createTelegrafIngest = async (parts: IngestParts): Promise<Ingest> => {
  const { folder, influxUrl, bucket, telegraf: packed, mosquitto: mosquittoPath, makeBucket } = parts
  await makeBucket()
  const [port] = (await findFreePorts(1)) as [number]
  writeFileSync(
    join(folder, 'mosquitto.conf'),
    `listener ${port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\nmax_inflight_messages 0\nset_tcp_nodelay true\nuser root\n`,
  )
  const mosquitto = spawn(mosquittoPath, ['-c', join(folder, 'mosquitto.conf')], { stdio: 'ignore' })
  await untilListening(port)
  writeFileSync(
    join(folder, 'telegraf.conf'),
    `[agent]
interval = "1s"
flush_interval = "1s"
metric_batch_size = 5000
metric_buffer_limit = 2000000
omit_hostname = true
[[inputs.mqtt_consumer]]
servers = ["tcp://127.0.0.1:${port}"]
topics = ["${TOPIC}"]
qos = 1
client_id = "telegraf"
persistent_session = true
max_undelivered_messages = 100000
data_format = "influx"
topic_tag = ""
[[outputs.influxdb_v2]]
urls = ["${influxUrl}"]
token = "${ROOT_TOKEN}"
organization = "${ORGANISATION}"
bucket = "${bucket}"
content_encoding = "identity"
`,
  )
  const telegraf = spawn(unpack(packed, folder), ['--config', join(folder, 'telegraf.conf')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  await untilSaid(telegraf, 'Connected')
  const client = await connectAsync(`mqtt://127.0.0.1:${port}`, { clientId: 'gw' })
  return {
    toPayloads: (pages) => pages.map((rows) => rows.map(toNanosecondLine).join('\n')),
    publish: (payloads) => {
      const { promise: done, resolve, reject } = Promise.withResolvers<void>()
      let sent = 0
      let taken = 0
      const send = (): void => {
        for (; sent < payloads.length && sent - taken < MAX_IN_FLIGHT; sent++)
          client.publish(TOPIC, payloads[sent]!, { qos: 1 }, (cause) => {
            if (cause) return reject(cause)
            if (++taken === payloads.length) resolve()
            send()
          })
      }
      send()
      return done
    },
    [Symbol.asyncDispose]: async () => {
      await client.endAsync()
      for (const child of [telegraf, mosquitto]) {
        const ended = once(child, 'exit')
        if (child.kill('SIGTERM')) await ended
      }
    },
  }
}

/** Telegraf takes times in nanoseconds. */
const toNanosecondLine = (reading: Reading): string => {
  const line = toLine(toReadingPoint('bench', reading, 0))
  return line.ok ? `${line.value}000` : ''
}

const untilSaid = (child: ChildProcess, word: string): Promise<void> =>
  new Promise((resolve, reject) => {
    let said = ''
    child.stderr?.on('data', (bytes: Buffer) => {
      said += bytes.toString()
      if (said.includes(word)) resolve()
    })
    child.once('exit', (code) => reject(new Error(`telegraf ended with ${code}: ${said}`)))
  })
