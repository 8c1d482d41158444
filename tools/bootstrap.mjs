// Runs a script of this repository under the one Node version that it pins, installing what is missing first.
// Plain JavaScript without dependencies, because it must run under any Node from 20 on.
//
//   node tools/bootstrap.mjs ENTRY [arguments]
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { nodeFlagsOf } from './node-flags.mjs'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
const STAMP = join(ROOT, 'node_modules', '.clearlane-installed')
const PARENT_POLL_MS = 1_000
const KILL_AFTER_MS = 15_000

const say = (text) => process.stderr.write(`${text}\n`)

const install = () => {
  const lock = createHash('sha256')
    .update(readFileSync(join(ROOT, 'package-lock.json')))
    .digest('hex')
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === lock) return
  say('Installing what Clearlane needs (once; takes about half a minute) …')
  const done = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: ROOT,
    stdio: ['ignore', 2, 2],
    // Under npm run, npm hands its own settings down; a nested npm must read its own.
    env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('npm_'))),
  })
  if (done.error !== undefined || done.status !== 0) {
    say(`The installation failed: ${done.error?.message ?? `npm ci ended with ${done.status}`}`)
    say('It needs npm and a connection to a package registry; what was there before is as it was.')
    process.exit(1)
  }
  writeFileSync(STAMP, lock)
}

const findNode = () => {
  const pinned = join(ROOT, 'node_modules', `node-linux-${process.arch}`, 'bin', 'node')
  if (existsSync(pinned)) return pinned
  if (Number(process.versions.node.split('.')[0]) >= 24) return process.execPath
  say(`There is no pinned Node for ${process.platform} ${process.arch}: run this under Node 24 or newer.`)
  process.exit(1)
}

const [entry, ...args] = process.argv.slice(2)
if (entry === undefined) {
  say('usage: node tools/bootstrap.mjs ENTRY [arguments]')
  process.exit(2)
}
install()
const node = findNode()
const watch = join(ROOT, 'tools', 'stop-with-bootstrap.mjs')
const child = spawn(node, [...nodeFlagsOf(entry), '--import', watch, join(ROOT, entry), ...args], {
  cwd: ROOT,
  stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  // A group of its own, so that everything it starts can be stopped with it.
  detached: true,
  env: {
    ...process.env,
    CLEARLANE_BOOTSTRAP: String(process.pid),
    // Sources stripped of their types are kept: a second start is three times as fast, and the stripper's 30 MB
    // are not loaded into every thread.
    NODE_COMPILE_CACHE: join(ROOT, 'node_modules', '.cache', 'clearlane'),
    // Each thread's own arena holds on to what it has freed.
    MALLOC_ARENA_MAX: '1',
    PATH: `${dirname(node)}:${process.env.PATH ?? ''}`,
  },
})

const signalGroup = (signal) => {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, signal)
  } catch {
    // The group has ended already.
  }
}
let isStopping = false
const stop = (signal) => {
  if (isStopping) return
  isStopping = true
  child.kill(signal)
  setTimeout(() => signalGroup('SIGKILL'), KILL_AFTER_MS).unref()
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.on(signal, () => stop(signal === 'SIGHUP' ? 'SIGTERM' : signal))

// A killed npm tells nobody: its place as our parent is taken by another process.
const parent = process.ppid
setInterval(() => {
  if (process.ppid !== parent) stop('SIGTERM')
}, PARENT_POLL_MS).unref()

child.on('error', (cause) => {
  say(`${node} could not be started: ${cause.message}`)
  process.exit(1)
})
child.on('exit', (code, signal) => {
  signalGroup('SIGKILL')
  process.exit(code ?? (signal === 'SIGINT' ? 130 : 143))
})
