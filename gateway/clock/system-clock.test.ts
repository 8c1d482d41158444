import type { DomainTime } from '@clearlane/protocol'
import { expect, test } from 'vitest'
import type { ClockSource } from './system-clock.ts'
import { createSystemClock } from './system-clock.ts'

const KNOWN_AFTER_MS = Date.UTC(2025, 0, 1)
const NOW_MS = Date.UTC(2026, 10, 25)

/** A machine whose clocks the test moves: monotonic time only passes, wall time may also step. */
const createMachine = (wallMs: number) => {
  let wall = wallMs
  let monotonic = 5_000
  const timers = new Set<{ readonly dueMs: number; readonly callback: () => void }>()
  const source: ClockSource = {
    wallMs: () => wall,
    monotonicMs: () => monotonic,
    setTimer: (callback, delayMs) => {
      const timer = { dueMs: monotonic + delayMs, callback }
      timers.add(timer)
      return () => timers.delete(timer)
    },
  }
  const pass = (ms: number): void => {
    for (const untilMs = monotonic + ms; monotonic < untilMs;) {
      const [next] = [...timers].filter(({ dueMs }) => dueMs <= untilMs).sort((a, b) => a.dueMs - b.dueMs)
      const stepMs = Math.max(0, Math.min(untilMs, next?.dueMs ?? untilMs) - monotonic)
      monotonic += stepMs
      wall += stepMs
      if (next === undefined) continue
      timers.delete(next)
      next.callback()
    }
  }
  return { source, pass, step: (ms: number) => (wall += ms) }
}
const create = (machine: ReturnType<typeof createMachine>, time?: DomainTime) =>
  createSystemClock({
    source: machine.source,
    time,
    knownAfterMs: KNOWN_AFTER_MS,
    latestSeenMs: NOW_MS - 3_600_000,
  })

test('a clock that stands at 1970 is not known: time goes on monotonically from the latest that the logs have seen', () => {
  const machine = createMachine(0)
  const clock = create(machine)
  expect(clock.isKnown()).toBe(false)
  machine.pass(90_000)
  expect(clock.nowMs()).toBe(NOW_MS - 3_600_000 + 90_000)
  expect(clock.monotonicMs()).toBe(90_000)
})

test('once it is set, it is known, and says by how much what it had dated was off', () => {
  const machine = createMachine(0)
  const clock = create(machine)
  const shifts: number[] = []
  clock.onKnown((shiftMs) => shifts.push(shiftMs))
  machine.pass(90_000)
  machine.step(NOW_MS)
  machine.pass(1_000)
  expect(clock.isKnown()).toBe(true)
  expect(clock.nowMs()).toBe(NOW_MS + 91_000)
  expect(shifts).toEqual([3_600_000])
  machine.pass(60_000)
  expect(shifts).toHaveLength(1)
})

test.each([
  { name: 'real time', time: undefined, dueAfterMs: 2_500, wallMs: 2_500 },
  {
    name: 'ten times',
    time: { anchorMs: NOW_MS, startMs: NOW_MS - 900_000, speed: 10 },
    dueAfterMs: 25_000,
    wallMs: 2_500,
  },
])('an alarm comes when it is due and not before, in $name', ({ time, dueAfterMs, wallMs }) => {
  const machine = createMachine(NOW_MS)
  const clock = create(machine, time)
  const firedMs: number[] = []
  const startedMs = clock.nowMs()
  clock.createAlarm(() => firedMs.push(clock.nowMs())).set(startedMs + dueAfterMs)
  machine.pass(wallMs - 1)
  expect(firedMs).toEqual([])
  machine.pass(2)
  expect(firedMs).toHaveLength(1)
  expect(firedMs[0]).toBeGreaterThanOrEqual(startedMs + dueAfterMs)
})

test('a wall clock that steps forward wakes an alarm within a second; one that steps back delays it until it is due', () => {
  const machine = createMachine(NOW_MS)
  const clock = create(machine)
  const fired: string[] = []
  clock.createAlarm(() => fired.push('far')).set(NOW_MS + 3_600_000)
  machine.step(3_600_000)
  machine.pass(1_000)
  expect(fired).toEqual(['far'])
  clock.createAlarm(() => fired.push('near')).set(clock.nowMs() + 2_000)
  machine.step(-10_000)
  machine.pass(11_000)
  expect(fired).toEqual(['far'])
  machine.pass(1_500)
  expect(fired).toEqual(['far', 'near'])
})

test('monotonic time passes as fast as domain time, and never steps', () => {
  const machine = createMachine(NOW_MS)
  const clock = create(machine, { anchorMs: NOW_MS, startMs: NOW_MS - 900_000, speed: 10 })
  machine.step(-3_600_000)
  machine.pass(1_000)
  expect(clock.monotonicMs()).toBe(10_000)
})
