import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { GatewayConfig } from '../config/config.ts'

/** User names on the broker of the box; the secret of each stands in `NAME.secret` beside the others. */
export const LAN_USERS = { gateway: 'box', nodeRed: 'node-red', viewer: 'viewer' } as const
export type LanUser = (typeof LAN_USERS)[keyof typeof LAN_USERS]
export const toSecretFile = (secretsDir: string, user: LanUser): string => join(secretsDir, `${user}.secret`)

const ENTRY = fileURLToPath(new URL('../../broker/main.ts', import.meta.url))
/** A broker for a handful of clients; a leak in it must not take the box's memory. */
const HEAP_MB = 128

type LanConfig = NonNullable<GatewayConfig['lan']>

/** What `npm run broker -- --config` needs for the broker of this box. */
export const toBrokerConfig = (
  { site, gateway }: Pick<GatewayConfig, 'site' | 'gateway'>,
  broker: NonNullable<LanConfig['broker']>,
  secretsDir: string,
): object => {
  const identity = (kind: 'box' | 'box-flows' | 'box-viewer') => ({ kind, site, gateway })
  return {
    ...broker,
    maxConnections: 100,
    identities: [
      { username: LAN_USERS.gateway, identity: identity('box') },
      { username: LAN_USERS.nodeRed, identity: identity('box-flows') },
      { username: LAN_USERS.viewer, identity: identity('box-viewer') },
    ].map((one) => ({ ...one, secretFile: toSecretFile(secretsDir, one.username) })),
  }
}

export const spawnLanBroker = (secretsDir: string, config: object): ChildProcess => {
  const file = join(secretsDir, 'broker.json')
  writeFileSync(file, `${JSON.stringify(config, undefined, 2)}\n`, { mode: 0o600 })
  return spawn(process.execPath, [`--max-old-space-size=${HEAP_MB}`, ENTRY, '--config', file], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
}
