import { readFileSync } from 'node:fs'
import { readServiceConfig } from '@clearlane/protocol'
import { pino } from 'pino'
import { createBroker } from './broker.ts'
import type { BrokerConfig } from './config.ts'
import { BrokerConfigSchema, EXAMPLE_BROKER_CONFIG } from './config.ts'
import { createIdentities, parseIdentities } from './identities.ts'

const LOG_EVERY_MS = 60_000

const runBroker = async (config: BrokerConfig) => {
  const log = pino({ name: 'broker' }, pino.destination(2))
  const identities = parseIdentities(readFileSync(config.identitiesFile, 'utf8'))
  if (!identities.ok) throw new Error(`${config.identitiesFile}: ${identities.fault.detail}`)
  const loggedMs = new Map<string, number>()
  return createBroker({
    ...config,
    identities: createIdentities(identities.value),
    tls:
      config.tls === undefined
        ? undefined
        : { cert: readFileSync(config.tls.certFile, 'utf8'), key: readFileSync(config.tls.keyFile, 'utf8') },
    onRefused: (reason, detail) => {
      const nowMs = performance.now()
      if (nowMs - (loggedMs.get(reason) ?? Number.NEGATIVE_INFINITY) < LOG_EVERY_MS) return
      loggedMs.set(reason, nowMs)
      log.warn({ reason, detail }, 'refused')
    },
  })
}

if (import.meta.main) {
  const start = readServiceConfig(
    'broker',
    BrokerConfigSchema,
    EXAMPLE_BROKER_CONFIG,
    process.argv.slice(2),
    (path) => readFileSync(path, 'utf8'),
  )
  if (start.kind === 'run') {
    const broker = await runBroker(start.config)
    process.send?.({ kind: 'ready', port: broker.port })
    const stop = (): void => void broker.close().then(() => process.exit(0))
    for (const signal of ['SIGINT', 'SIGTERM', 'disconnect'] as const) process.once(signal, stop)
  } else {
    const stream = start.kind === 'print' ? process.stdout : process.stderr
    stream.write(`${start.text}\n`)
    process.exitCode = start.kind === 'print' ? 0 : 2
  }
}
