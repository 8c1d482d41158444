import { randomBytes } from 'node:crypto'
import type { DomainTime } from '@clearlane/protocol'
import { toDomainMs, wallDelayMs } from '@clearlane/protocol'
import type { Alarm, Clock } from './clock.ts'

export type ClockSource = {
  /** The machine's wall clock, ms UTC. It may stand at 1970 and may step. */
  wallMs(): number
  /** Milliseconds since some start; never steps. */
  monotonicMs(): number
  setTimer(callback: () => void, delayMs: number): () => void
}

export type SystemClockOptions = {
  readonly source: ClockSource
  readonly time?: DomainTime | undefined
  /** A wall clock before this is not known. */
  readonly knownAfterMs: number
  /** The latest time the logs have seen: where provisional time begins. */
  readonly latestSeenMs: number
}

/** Steps of the wall clock are noticed within this time, so no timer sleeps longer. */
const MAX_SLEEP_MS = 1_000

export const createSystemClock = ({
  source,
  time,
  knownAfterMs,
  latestSeenMs,
}: SystemClockOptions): Clock & { close(): void } => {
  const startedMonotonicMs = source.monotonicMs()
  const boot = randomBytes(4).toString('hex')
  const domainMs = (wallMs: number): number => (time === undefined ? wallMs : toDomainMs(time, wallMs))
  const speed = time?.speed ?? 1
  const alarms = new Set<{ dueMs: number; readonly onDue: () => void }>()
  const knownListeners: ((shiftMs: number) => void)[] = []
  let known = source.wallMs() >= knownAfterMs
  let cancel: (() => void) | undefined
  let wakeMs = Number.POSITIVE_INFINITY
  let isClosed = false

  const startedDomainMs = known ? domainMs(source.wallMs()) : latestSeenMs
  const monotonicMs = (): number => (source.monotonicMs() - startedMonotonicMs) * speed
  const provisionalMs = (): number => startedDomainMs + monotonicMs()
  const nowMs = (): number => Math.floor(known ? domainMs(source.wallMs()) : provisionalMs())

  const check = (): void => {
    cancel = undefined
    wakeMs = Number.POSITIVE_INFINITY
    if (isClosed) return
    if (!known && source.wallMs() >= knownAfterMs) {
      const shiftMs = domainMs(source.wallMs()) - provisionalMs()
      known = true
      for (const listener of knownListeners) listener(shiftMs)
    }
    const now = nowMs()
    for (const alarm of alarms) {
      if (alarm.dueMs > now) continue
      alarms.delete(alarm)
      alarm.onDue()
    }
    sleep()
  }
  const sleep = (): void => {
    let nextMs = Number.POSITIVE_INFINITY
    for (const alarm of alarms) nextMs = Math.min(nextMs, alarm.dueMs)
    if (nextMs === Number.POSITIVE_INFINITY && known) return
    if (cancel !== undefined && nextMs >= wakeMs) return
    cancel?.()
    wakeMs = nextMs
    const wallMs = source.wallMs()
    const delayMs =
      known && time !== undefined
        ? wallDelayMs(time, wallMs, nextMs)
        : (nextMs - nowMs()) / (known ? 1 : speed)
    cancel = source.setTimer(check, Math.min(MAX_SLEEP_MS, Math.max(0, Math.ceil(delayMs))))
  }
  sleep()

  return {
    boot,
    nowMs,
    monotonicMs: () => Math.floor(monotonicMs()),
    isKnown: () => known,
    onKnown: (listener) => {
      knownListeners.push(listener)
    },
    createAlarm: (onDue): Alarm => {
      const alarm = { dueMs: Number.POSITIVE_INFINITY, onDue }
      return {
        set: (dueMs) => {
          if (dueMs === Number.POSITIVE_INFINITY) {
            alarms.delete(alarm)
            return
          }
          alarm.dueMs = dueMs
          alarms.add(alarm)
          sleep()
        },
        clear: () => {
          alarms.delete(alarm)
        },
      }
    },
    close: () => {
      isClosed = true
      cancel?.()
    },
  }
}

export const machineClockSource: ClockSource = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimer: (callback, delayMs) => {
    const timer = setTimeout(callback, delayMs)
    return () => clearTimeout(timer)
  },
}
