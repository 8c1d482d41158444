import { X509Certificate } from 'node:crypto'
import * as fs from 'node:fs'
import * as path from 'node:path'
import { readServiceConfig } from '@clearlane/protocol'
import { pino } from 'pino'
import { PLATFORM_SERVICE } from './config.ts'
import { createPlatform } from './platform.ts'

const start = readServiceConfig(PLATFORM_SERVICE, process.argv.slice(2), { fs, path, X509Certificate })
if (start.kind === 'run') {
  const platform = await createPlatform(start.config, pino({ name: 'platform' }, pino.destination(2)))
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
