import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { GATEWAY_SERVICE } from '@clearlane/gateway/config/config.ts'
import type { z } from 'zod'
import { findFreePorts } from '../tools/estate.ts'
import { installNodeRed } from '../tools/node-red.ts'

/** What runs beside the gateway: nothing; Node-RED with the example flow; Node-RED with a flow that never ends. */
export const BESIDE = ['off', 'idle', 'looping'] as const
export type Beside = (typeof BESIDE)[number]
export const isBeside = (text: string): text is Beside => BESIDE.some((one) => one === text)

const ROOT = join(import.meta.dirname, '..')
const LAMP = join(ROOT, 'gateway/node-red/nodes/examples/lamp.json')
const LOOPING = JSON.stringify([
  { id: 'b1', type: 'tab', label: 'flow' },
  { id: 'b2', type: 'inject', z: 'b1', props: [], repeat: '', once: true, onceDelay: 0.1, wires: [['b3']] },
  { id: 'b3', type: 'function', z: 'b1', func: 'for (;;) {}', outputs: 1, libs: [], wires: [[]] },
])
/** A run is shorter: the flow is left to loop. */
const HUNG_AFTER_MS = 600_000

/** Puts the flow into the gateway's data folder, and gives what the gateway's configuration says of it. */
export const prepareBeside = async (
  beside: Beside,
  dataDir: string,
): Promise<Pick<z.input<typeof GATEWAY_SERVICE.schema>, 'lan' | 'nodeRed'>> => {
  if (beside === 'off') return {}
  installNodeRed(ROOT, () => undefined)
  const [brokerPort, port] = (await findFreePorts(2)) as [number, number]
  mkdirSync(join(dataDir, 'node-red'), { mode: 0o700 })
  writeFileSync(
    join(dataDir, 'node-red', 'flows.json'),
    beside === 'idle' ? readFileSync(LAMP, 'utf8') : LOOPING,
  )
  return {
    lan: { broker: { port: brokerPort }, url: `mqtt://127.0.0.1:${brokerPort}` },
    nodeRed: { port, hungAfterMs: HUNG_AFTER_MS },
  }
}
