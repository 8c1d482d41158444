import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Installs Node-RED beside the gateway, where it is not there in the version that its lock file names. */
export const installNodeRed = (root: string, say: (text: string) => void): void => {
  const folder = join(root, 'gateway', 'node-red')
  const stamp = join(folder, 'node_modules', '.clearlane-installed')
  const lock = createHash('sha256')
    .update(readFileSync(join(folder, 'package-lock.json')))
    .digest('hex')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return say('Node-RED is installed.')
  say('Installing Node-RED (once; takes about half a minute) …')
  const args = ['ci', '--workspaces=false', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  const done = spawnSync('npm', args, {
    cwd: folder,
    stdio: ['ignore', 2, 2],
    // Under npm run, npm hands its own settings down; a nested npm must read its own.
    env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('npm_'))),
  })
  if (done.error !== undefined || done.status !== 0)
    throw new Error(`npm ci in ${folder} failed: ${done.error?.message ?? `it ended with ${done.status}`}`)
  writeFileSync(stamp, lock)
  say('Node-RED is installed.')
}
