import { X509Certificate } from 'node:crypto'
import * as fs from 'node:fs'
import * as path from 'node:path'
import { readServiceConfig, toListenProblem } from '@clearlane/protocol'
import { pino } from 'pino'
import { PLATFORM_SERVICE } from './config.ts'
import { createPlatform } from './platform.ts'

/** What is wrong with a port is said in a sentence; whatever else goes wrong keeps its trace. */
const endOnPort = (cause: unknown): never => {
  const problem = toListenProblem(cause, 'http.port')
  if (problem === undefined) throw cause
  process.stderr.write(`platform: ${problem}\n`)
  process.exit(2)
}

const start = readServiceConfig(PLATFORM_SERVICE, process.argv.slice(2), { fs, path, X509Certificate })
if (start.kind === 'run') {
  const log = pino({ name: 'platform' }, pino.destination(2))
  const platform = await createPlatform(start.config, log).catch(endOnPort)
  process.send?.({ kind: 'ready', port: platform.port })
  let isStopping = false
  const stop = (): void => {
    if (isStopping) return
    isStopping = true
    void platform.close().then(() => process.exit(0))
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'disconnect'] as const) process.once(signal, stop)
} else {
  const stream = start.kind === 'print' ? process.stdout : process.stderr
  stream.write(`${start.text}\n`)
  process.exitCode = start.kind === 'print' ? 0 : 2
}
