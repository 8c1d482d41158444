import { statSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { findOutsideAddress } from './door.ts'
import { PORTS, toData } from './places.ts'

/** `health.ts SERVICE`: ends with 0 when the service beside it answers. */
const WITHIN_MS = 4_000
/** The simulated devices speak at least every 30 s, and each word is a line of the ledger. */
const LEDGER_AGE_MS = 120_000

const isAnswering = async (port: number, path: string): Promise<boolean> =>
  (await fetch(`http://127.0.0.1:${port}${path}`, { signal: AbortSignal.timeout(WITHIN_MS) })).ok

const isOpen = (host: string, port: number): Promise<boolean> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host, port, timeout: WITHIN_MS }, () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('timeout', () => resolve(false))
    socket.once('error', reject)
  })

const CHECKS: Readonly<Record<string, (args: readonly string[]) => boolean | Promise<boolean>>> = {
  broker: () => isAnswering(PORTS.brokerMetrics, '/metrics'),
  platform: () => isAnswering(PORTS.platform, '/api/v1/status'),
  gateway: () => isAnswering(PORTS.gatewayMetrics, '/metrics'),
  // Its port is for one gateway at a time, the newest: whoever looks in would throw the gateway out.
  'firmware-sim': () =>
    Date.now() - statSync(join(toData('firmware-sim'), 'ledger.ndjson')).mtimeMs < LEDGER_AGE_MS,
  door: async (ports) =>
    (await Promise.all(ports.map((port) => isOpen(findOutsideAddress(), Number(port))))).every(Boolean),
}

const [service = '', ...args] = process.argv.slice(2)
const check = CHECKS[service]
if (check === undefined) throw new Error(`there is no check for ${service}`)
process.exit((await check(args)) ? 0 : 1)
