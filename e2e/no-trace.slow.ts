import type { ChildProcess } from 'node:child_process'
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
const GONE_WITHIN_MS = 30_000
const STARTED_WITHIN_MS = 60_000
const POLL_MS = 200
/** Broker, platform, simulator and gateway, under start, bootstrap and npm. */
const MIN_PROCESSES = 7

type Process = { readonly pid: number; readonly parent: number; readonly started: string }

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

const listProcesses = (): Process[] =>
  execFileSync('ps', ['-eo', 'pid=,ppid=,stat=,lstart='], { encoding: 'utf8' })
    .split('\n')
    .flatMap((line) => {
      const [pid, parent, state, ...started] = line.trim().split(/\s+/)
      return state === undefined || state.startsWith('Z')
        ? []
        : [{ pid: Number(pid), parent: Number(parent), started: started.join(' ') }]
    })

/** A process and all below it, by their parents. */
const listTree = (root: number): Process[] => {
  const all = listProcesses()
  const below = (pid: number): Process[] =>
    all.filter(({ parent }) => parent === pid).flatMap((one) => [one, ...below(one.pid)])
  return [...all.filter(({ pid }) => pid === root), ...below(root)]
}

const listLeft = (tree: readonly Process[]): number[] => {
  const now = new Set(listProcesses().map(({ pid, started }) => `${pid} ${started}`))
  return tree.filter(({ pid, started }) => now.has(`${pid} ${started}`)).map(({ pid }) => pid)
}

const waitUntilGone = async (tree: readonly Process[]): Promise<number[]> => {
  const limitMs = performance.now() + GONE_WITHIN_MS
  while (listLeft(tree).length > 0 && performance.now() < limitMs) await pause(POLL_MS)
  return listLeft(tree)
}

const waitForText = (child: ChildProcess, pattern: RegExp): Promise<RegExpExecArray> =>
  new Promise((resolve, reject) => {
    let output = ''
    const timer = setTimeout(() => reject(new Error(`not seen: ${pattern}; ${output}`)), STARTED_WITHIN_MS)
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (bytes: Buffer) => {
        output += bytes.toString()
        const match = pattern.exec(output)
        if (match === null) return
        clearTimeout(timer)
        resolve(match)
      })
    }
  })

const isOpen = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true))
    socket.once('connect', () => socket.destroy())
    socket.once('error', () => resolve(false))
  })

const spawnWatched = (command: string, args: readonly string[]): ChildProcess => {
  const child = spawn(command, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  return child
}

describe('npm start leaves no process and no port behind', () => {
  test.each(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)('when npm gets %s', async (signal) => {
    const data = mkdtempSync(join(tmpdir(), 'clearlane-no-trace-'))
    const npm = spawnWatched('npm', ['start', '--', '--data', data, '--port', '0'])
    const [, port] = await waitForText(npm, /open http:\/\/127\.0\.0\.1:(\d+)/)
    const tree = listTree(npm.pid ?? 0)
    expect(tree.length).toBeGreaterThanOrEqual(MIN_PROCESSES)
    expect(await isOpen(Number(port))).toBe(true)
    npm.kill(signal)
    expect(await waitUntilGone(tree)).toEqual([])
    expect(await isOpen(Number(port))).toBe(false)
    rmSync(data, { recursive: true })
  })
})

describe('an entry that knows nothing of its supervisor ends with it', () => {
  test.each(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)('when the bootstrap gets %s', async (signal) => {
    const vitest = 'node_modules/vitest/vitest.mjs'
    const bootstrap = spawnWatched('node', [
      'tools/bootstrap.mjs',
      vitest,
      'watch',
      '--project',
      'fast',
      'e2e/tidy.test.ts',
    ])
    await waitForText(bootstrap, /Waiting for file changes/)
    const tree = listTree(bootstrap.pid ?? 0)
    expect(tree.length).toBeGreaterThan(1)
    bootstrap.kill(signal)
    expect(await waitUntilGone(tree)).toEqual([])
  })
})
