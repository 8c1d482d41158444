import { expect, test } from 'vitest'
import { createDeviceClock } from './device-clock.ts'

const NOW_MS = 1_795_521_434_000
const unset = (boot: number, timeMs: number) => ({ device: 'd', boot, timeMs, synced: false })
const set = (boot: number, timeMs: number) => ({ device: 'd', boot, timeMs, synced: true })

test('a set clock is taken as it is, within two minutes of the gateway', () => {
  const clock = createDeviceClock()
  expect(clock.stamp(set(1, NOW_MS - 5_000), NOW_MS, true)).toMatchObject({
    eventMs: NOW_MS - 5_000,
    clock: 'device',
  })
  expect(clock.stamp(set(1, NOW_MS + 120_000), NOW_MS, true)).toMatchObject({ isRefused: false })
  expect(clock.stamp(set(1, NOW_MS + 120_001), NOW_MS, true)).toEqual({
    eventMs: NOW_MS,
    clock: 'gateway',
    isRefused: true,
  })
})

test('an unset clock is dated by its quickest frame, and never into the future', () => {
  const clock = createDeviceClock()
  expect(clock.stamp(unset(1, 1_000), NOW_MS, true).eventMs).toBe(NOW_MS)
  expect(clock.stamp(unset(1, 5_000), NOW_MS + 1_000, true).eventMs).toBe(NOW_MS + 1_000)
  expect(clock.stamp(unset(1, 9_000), NOW_MS + 60_000, true).eventMs).toBe(NOW_MS + 5_000)
})

test.each([
  { name: 'without a date', newest: unset(3, 2_000), beganMs: NOW_MS - 2_000 },
  { name: 'with one', newest: set(3, NOW_MS - 700), beganMs: NOW_MS - 700 },
])('what an earlier boot kept undated is before what the newest has said $name', ({ newest, beganMs }) => {
  const clock = createDeviceClock()
  clock.stamp(newest, NOW_MS, true)
  for (const timeMs of [0, 5_000, 90_000])
    expect(clock.stamp(unset(2, timeMs), NOW_MS + 10_000, true)).toEqual({
      eventMs: beganMs,
      clock: 'gateway',
      isRefused: false,
    })
})

test('while no clock is known, an unset one gives no date at all', () => {
  expect(createDeviceClock().stamp(unset(1, 1_000), 0, false)).toEqual({
    eventMs: undefined,
    clock: 'unknown',
    isRefused: false,
  })
})
