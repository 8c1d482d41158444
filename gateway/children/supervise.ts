import type { ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'

/**
 * A process that serves the gateway and that the gateway does without: watched, started again with growing pauses, and
 * given up in the end. Nothing of the gateway ever waits for it.
 */
export type Supervised = {
  state(): SupervisedState
  stop(): Promise<void>
}
export type SupervisedState = {
  readonly state: 'starting' | 'running' | 'safe-mode' | 'waiting' | 'given-up'
  readonly sinceMs: number
  readonly restarts: number
  /** Why it ended last. */
  readonly reason?: string | undefined
}

export type SuperviseOptions = {
  readonly spawn: (isSafe: boolean) => ChildProcess
  /** Starts in a row that do not last, before it is started in its safe mode; none where it has no such mode. */
  readonly endsBeforeSafe: number
  /** The same before it is given up. */
  readonly endsBeforeGivenUp: number
  /** A child that says nothing for so long is hung; undefined where it is not asked. */
  readonly hungAfterMs?: number | undefined
  readonly maxMemoryBytes?: number | undefined
  readonly nowMs: () => number
  readonly onChange: (state: SupervisedState) => void
}

const FIRST_PAUSE_MS = 500
const MAX_PAUSE_MS = 30_000
/** A start that lasts so long was a good one. */
const STEADY_AFTER_MS = 60_000
/** Until it is ready a child says nothing, and a small machine takes its time. */
const READY_WITHIN_MS = 90_000
const LOOK_EVERY_MS = 500
const STOP_WITHIN_MS = 2_000
const PAGE_BYTES = 4_096
const MAX_REASON = 300

/** What a child says: that it is ready, that somebody has started its flows after all, that it is alive, and at its end why. */
type Word =
  | { readonly kind: 'ready' }
  | { readonly kind: 'flows-started' }
  | { readonly kind: 'alive' }
  | { readonly kind: 'failed'; readonly reason: string }

export const supervise = (options: SuperviseOptions): Supervised => {
  const { endsBeforeSafe, endsBeforeGivenUp, hungAfterMs, maxMemoryBytes, nowMs, onChange } = options
  let child: ChildProcess | undefined
  let timer: NodeJS.Timeout | undefined
  let isStopping = false
  let ends = 0
  let restarts = 0
  let reason: string | undefined
  let heardMs = 0
  let current: SupervisedState = { state: 'starting', sinceMs: nowMs(), restarts }

  const enter = (state: SupervisedState['state']): void => {
    current = { state, sinceMs: nowMs(), restarts, ...(reason !== undefined && { reason }) }
    onChange(current)
  }
  const start = (): void => {
    const isSafe = ends >= endsBeforeSafe
    const own = options.spawn(isSafe)
    const startedMs = performance.now()
    child = own
    heardMs = startedMs
    let why: string | undefined
    let isReady = false
    enter('starting')
    own.on('message', (word: Word) => {
      heardMs = performance.now()
      if (word.kind === 'failed') why = word.reason.slice(0, MAX_REASON)
      if (word.kind === 'flows-started' && current.state === 'safe-mode') enter('running')
      if (word.kind !== 'ready') return
      isReady = true
      enter(isSafe ? 'safe-mode' : 'running')
    })
    const look = setInterval(() => {
      const memoryBytes = maxMemoryBytes === undefined ? 0 : residentBytesOf(own.pid)
      if (memoryBytes > (maxMemoryBytes ?? 0)) why = `it took ${Math.round(memoryBytes / 1e6)} MB of memory`
      else if (
        hungAfterMs !== undefined &&
        performance.now() - heardMs > (isReady ? hungAfterMs : READY_WITHIN_MS)
      )
        why = isReady
          ? `it gave no sign for ${hungAfterMs / 1_000} s: a flow that never ends?`
          : 'it was not ready in time'
      else return
      own.kill('SIGKILL')
    }, LOOK_EVERY_MS)
    const onEnd = (how: string): void => {
      clearInterval(look)
      if (child !== own) return
      child = undefined
      if (isStopping) return
      ends = performance.now() - startedMs >= STEADY_AFTER_MS ? 1 : ends + 1
      restarts++
      reason = why ?? how
      if (ends >= endsBeforeGivenUp) return enter('given-up')
      enter('waiting')
      timer = setTimeout(start, Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** ends))
    }
    own.once('error', (cause) => onEnd(cause.message))
    own.once('exit', (code, signal) =>
      // V8 aborts when a heap has reached its limit.
      onEnd(signal === 'SIGABRT' ? 'its memory was used up' : `it ended by ${signal ?? `exit code ${code}`}`),
    )
  }
  start()

  return {
    state: () => current,
    stop: async () => {
      isStopping = true
      clearTimeout(timer)
      const own = child
      if (own === undefined || own.exitCode !== null || own.signalCode !== null) return
      const ended = new Promise<void>((resolve) => own.once('exit', () => resolve()))
      own.kill('SIGTERM')
      const killer = setTimeout(() => own.kill('SIGKILL'), STOP_WITHIN_MS)
      await ended
      clearTimeout(killer)
    },
  }
}

/** What of a process stands in RAM; 0 where the system does not say. */
const residentBytesOf = (pid: number | undefined): number => {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * PAGE_BYTES
  } catch {
    return 0
  }
}
