import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { closeSync, existsSync, openSync, renameSync, statSync } from 'node:fs'
import { nodeFlagsOf } from './node-flags.mjs'

/** One process of the house, started and watched: what dies unasked is started again, with growing pauses. */
export type Child = {
  /** Resolves with what the process said when it was ready. */
  ready(): Promise<ReadyMessage>
  pid(): number | undefined
  send(message: object): void
  /** The next message of a kind. */
  next(kind: string, withinMs: number): Promise<Record<string, unknown> | undefined>
  stop(): Promise<void>
}
export type ReadyMessage = { readonly kind: 'ready'; readonly port?: number }

export type ChildOptions = {
  readonly name: string
  readonly entry: string
  readonly configFile: string
  readonly logFile: string
  readonly cwd: string
  readonly onRestart: (name: string, why: string) => void
}

const READY_WITHIN_MS = 30_000
const STOP_WITHIN_MS = 10_000
const FIRST_RESTART_MS = 1_000
const MAX_RESTART_MS = 10_000
const STEADY_AFTER_MS = 3_000
const MAX_LOG_BYTES = 20 * 1024 * 1024

export const startChild = (options: ChildOptions): Child => {
  const { name, entry, configFile, logFile, cwd, onRestart } = options
  let current: ChildProcess | undefined
  let isStopping = false
  let restarts = 0
  let readying = Promise.withResolvers<ReadyMessage>()
  const waiters: { readonly kind: string; readonly resolve: (message: Record<string, unknown>) => void }[] =
    []

  const start = (): void => {
    if (existsSync(logFile) && statSync(logFile).size > MAX_LOG_BYTES) renameSync(logFile, `${logFile}.1`)
    const log = openSync(logFile, 'a', 0o600)
    const startedMs = performance.now()
    const child = spawn(
      process.execPath,
      [...nodeFlagsOf(`${name}/main.ts`), entry, '--config', configFile],
      {
        cwd,
        stdio: ['ignore', log, log, 'ipc'],
        detached: true,
      },
    )
    closeSync(log)
    current = child
    child.on('message', (message: Record<string, unknown>) => {
      if (message['kind'] === 'ready') readying.resolve(message as ReadyMessage)
      for (const waiter of waiters.filter((one) => one.kind === message['kind'])) {
        waiters.splice(waiters.indexOf(waiter), 1)
        waiter.resolve(message)
      }
    })
    child.once('error', (cause) => readying.reject(cause))
    child.once('exit', (code, signal) => {
      current = undefined
      if (isStopping) return
      if (performance.now() - startedMs > STEADY_AFTER_MS) restarts = 0
      const pauseMs = Math.min(MAX_RESTART_MS, FIRST_RESTART_MS * 2 ** restarts++)
      if (code === 2) {
        readying.reject(new Error(`${name} refuses its configuration; see ${logFile}`))
        return
      }
      onRestart(name, signal ?? `exit code ${code}`)
      const previous = readying
      readying = Promise.withResolvers<ReadyMessage>()
      readying.promise.then(previous.resolve, previous.reject)
      setTimeout(() => {
        if (!isStopping) start()
      }, pauseMs)
    })
  }
  start()

  return {
    ready: () =>
      within(
        readying.promise,
        READY_WITHIN_MS,
        `${name} is not ready after ${READY_WITHIN_MS / 1000} s; see ${logFile}`,
      ),
    pid: () => current?.pid,
    send: (message) => {
      current?.send(message, () => undefined)
    },
    next: (kind, withinMs) =>
      new Promise((resolve) => {
        const timer = setTimeout(resolve, withinMs, undefined)
        waiters.push({
          kind,
          resolve: (message) => {
            clearTimeout(timer)
            resolve(message)
          },
        })
      }),
    stop: async () => {
      isStopping = true
      const child = current
      if (child === undefined || child.exitCode !== null) return
      const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS)
      await ended
      clearTimeout(timer)
    },
  }
}

const within = async <T>(promise: Promise<T>, ms: number, message: string): Promise<T> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(message)), ms)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
