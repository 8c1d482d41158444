import type { ChildProcess } from 'node:child_process'
import { fork } from 'node:child_process'
import { existsSync, mkdirSync, realpathSync } from 'node:fs'
import { constants, setPriority } from 'node:os'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Everything that Node-RED's process is told. It stands in its environment, because secrets are not for command lines. */
export type NodeRedStart = {
  readonly host: string
  readonly port: number
  readonly userDir: string
  readonly isSafe: boolean
  readonly lan: {
    readonly url: string
    readonly username: string
    readonly password: string
    readonly ca?: string | undefined
    readonly site: string
    readonly gateway: string
  }
}

const HERE = dirname(fileURLToPath(import.meta.url))
const ROOT = dirname(dirname(HERE))
const ENTRY = `${HERE}/main.ts`

export const isNodeRedInstalled = (): boolean => existsSync(`${HERE}/node_modules/node-red/package.json`)

/**
 * A process that may write to its own folder only, read nothing but its own files and programs, and start no process; of
 * lower priority than the gateway, and with a heap of its own that ends it when it is full.
 */
export const spawnNodeRed = (options: NodeRedStart, heapMb: number): ChildProcess => {
  mkdirSync(options.userDir, { recursive: true, mode: 0o700 })
  // What may be read and written is told by the place itself, not by a link to it.
  const start = { ...options, userDir: realpathSync(options.userDir) }
  const child = fork(ENTRY, [], {
    cwd: start.userDir,
    execArgv: [
      `--max-old-space-size=${heapMb}`,
      '--permission',
      '--allow-worker',
      `--allow-fs-write=${start.userDir}`,
      ...[
        start.userDir,
        HERE,
        `${ROOT}/protocol`,
        `${ROOT}/gateway`,
        `${ROOT}/node_modules`,
        `${ROOT}/package.json`,
      ].map((path) => `--allow-fs-read=${path}`),
    ],
    env: { CLEARLANE_NODE_RED: JSON.stringify(start), HOME: start.userDir, LANG: process.env['LANG'] ?? '' },
    // Its own log is a file that it keeps short: what flows print must not pass through the gateway, nor fill the disk.
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  if (child.pid !== undefined) lower(child.pid)
  return child
}

const lower = (pid: number): void => {
  try {
    setPriority(pid, constants.priority.PRIORITY_LOW)
  } catch {
    // It has ended already, which is told by its end.
  }
}
