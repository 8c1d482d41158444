import { X509Certificate } from 'node:crypto'
import * as fs from 'node:fs'
import { createServer } from 'node:http'
import * as path from 'node:path'
import { ok, openMetricsDoor, readServiceConfig, toListenProblem } from '@clearlane/protocol'
import type { Logger } from 'pino'
import { pino } from 'pino'
import { createBroker } from './broker.ts'
import type { BrokerConfig } from './config.ts'
import { BROKER_SERVICE } from './config.ts'
import { createIdentities, parseIdentities, provisionIdentities } from './identities.ts'
import { createBrokerMetrics } from './metrics.ts'

const LOG_EVERY_MS = 60_000

const runBroker = async (config: BrokerConfig, log: Logger) => {
  const { identitiesFile } = config
  const listed =
    identitiesFile === undefined ? ok([]) : parseIdentities(fs.readFileSync(identitiesFile, 'utf8'))
  if (!listed.ok) throw new Error(`${identitiesFile}: ${listed.fault.detail}`)
  const stored = [...listed.value, ...provisionIdentities(config.identities)]
  const loggedMs = new Map<string, number>()
  return createBroker({
    ...config,
    identities: createIdentities(stored),
    tls:
      config.tls === undefined
        ? undefined
        : {
            cert: fs.readFileSync(config.tls.certFile, 'utf8'),
            key: fs.readFileSync(config.tls.keyFile, 'utf8'),
          },
    onRefused: (reason, detail) => {
      const nowMs = performance.now()
      if (nowMs - (loggedMs.get(reason) ?? Number.NEGATIVE_INFINITY) < LOG_EVERY_MS) return
      loggedMs.set(reason, nowMs)
      log.warn({ reason, detail }, 'refused')
    },
  })
}

/** What is wrong with a port is said in a sentence; whatever else goes wrong keeps its trace. */
const endOnPort =
  (place: string) =>
  (cause: unknown): never => {
    const problem = toListenProblem(cause, place)
    if (problem === undefined) throw cause
    process.stderr.write(`broker: ${problem}\n`)
    process.exit(2)
  }

if (import.meta.main) {
  const start = readServiceConfig(BROKER_SERVICE, process.argv.slice(2), { fs, path, X509Certificate })
  if (start.kind === 'run') {
    const log = pino({ name: 'broker' }, pino.destination(2))
    const broker = await runBroker(start.config, log).catch(endOnPort('port'))
    const { metrics } = start.config
    if (metrics !== undefined)
      await openMetricsDoor(createServer, metrics, await createBrokerMetrics(broker), (cause) =>
        log.error({ err: cause }, 'metrics not read'),
      ).catch(endOnPort('metrics.port'))
    process.send?.({ kind: 'ready', port: broker.port })
    const stop = (): void => void broker.close().then(() => process.exit(0))
    for (const signal of ['SIGINT', 'SIGTERM', 'disconnect'] as const) process.once(signal, stop)
  } else {
    const stream = start.kind === 'print' ? process.stdout : process.stderr
    stream.write(`${start.text}\n`)
    process.exitCode = start.kind === 'print' ? 0 : 2
  }
}
