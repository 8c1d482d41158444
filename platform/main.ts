import { readFileSync } from 'node:fs'
import { readServiceConfig } from '@clearlane/protocol'
import { pino } from 'pino'
import { EXAMPLE_PLATFORM_CONFIG, PlatformConfigSchema } from './config.ts'
import { createPlatform } from './platform.ts'

const start = readServiceConfig(
  'platform',
  PlatformConfigSchema,
  EXAMPLE_PLATFORM_CONFIG,
  process.argv.slice(2),
  (path) => readFileSync(path, 'utf8'),
)
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
