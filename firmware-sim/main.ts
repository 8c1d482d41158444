import { X509Certificate } from 'node:crypto'
import * as fs from 'node:fs'
import * as path from 'node:path'
import { readServiceConfig } from '@clearlane/protocol'
import { pino } from 'pino'
import type { SimulatorConfig } from './config.ts'
import { SIMULATOR_SERVICE } from './config.ts'
import { parseSiteFile } from './estate.ts'
import { openSerialPort } from './links/serial-port.ts'
import { openTcpPort } from './links/tcp-port.ts'
import { createSimulator } from './simulator.ts'
import { openStore } from './store.ts'

const TICK_MS = 50
const DRAIN_LIMIT_MS = 20_000

const runSimulator = async (config: SimulatorConfig) => {
  const log = pino({ name: 'firmware-sim' }, pino.destination(2))
  const site = parseSiteFile(fs.readFileSync(config.siteFile, 'utf8'))
  if (!site.ok) throw new Error(`${config.siteFile}: ${site.fault.detail}`)
  const store = openStore(config.dataDir, config.ledgerFile)
  const { link } = config
  let port: { close(): Promise<void> } | undefined
  let listeningPort: number | undefined
  const simulator = await createSimulator({
    ...config,
    site: site.value,
    store,
    time: config.time,
    startWallMs: Date.now(),
    openPort: async (events) => {
      if (link.kind === 'serial')
        return (port = openSerialPort(link, events)) as ReturnType<typeof openSerialPort>
      const opened = await openTcpPort(link, events)
      port = opened
      listeningPort = opened.port
      return opened
    },
  })
  const timer = setInterval(() => simulator.tick(Date.now()), TICK_MS)
  log.info({ link }, 'estate running')
  return {
    listeningPort,
    /** The world stands still until everything said is acknowledged, or time is up. */
    drain: async (): Promise<number> => {
      simulator.standStill(Date.now())
      const limitMs = Date.now() + DRAIN_LIMIT_MS
      while (simulator.unacknowledged() > 0 && Date.now() < limitMs) {
        await new Promise((resolve) => setTimeout(resolve, TICK_MS))
      }
      return simulator.unacknowledged()
    },
    stop: async (): Promise<void> => {
      clearInterval(timer)
      simulator.standStill(Date.now())
      await port?.close()
      store.close()
    },
  }
}

if (import.meta.main) {
  const start = readServiceConfig(SIMULATOR_SERVICE, process.argv.slice(2), { fs, path, X509Certificate })
  if (start.kind === 'run') {
    const running = await runSimulator(start.config)
    process.send?.({ kind: 'ready', port: running.listeningPort })
    process.on('message', (message) => {
      if (typeof message !== 'object' || message === null || !('kind' in message) || message.kind !== 'drain')
        return
      void running.drain().then((unacknowledged) => process.send?.({ kind: 'drained', unacknowledged }))
    })
    let isStopping = false
    const stop = (): void => {
      if (isStopping) return
      isStopping = true
      void running.stop().then(() => process.exit(0))
    }
    for (const signal of ['SIGINT', 'SIGTERM', 'disconnect'] as const) process.once(signal, stop)
  } else {
    const stream = start.kind === 'print' ? process.stdout : process.stderr
    stream.write(`${start.text}\n`)
    process.exitCode = start.kind === 'print' ? 0 : 2
  }
}
