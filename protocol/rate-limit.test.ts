import { expect, test } from 'vitest'
import { createRateLimit } from './rate-limit.ts'

test('a burst passes at once, and after it the average', () => {
  let nowMs = 0
  const limit = createRateLimit({ burst: 3, perSecond: 0.5, monotonicMs: () => nowMs })
  const passed = [1, 2, 3, 4].map(() => limit.take())
  expect(passed).toEqual([true, true, true, false])
  nowMs = 1_999
  expect(limit.take()).toBe(false)
  nowMs = 2_000
  expect(limit.take()).toBe(true)
  expect(limit.take()).toBe(false)
})

test('a long rest is worth one burst and no more', () => {
  let nowMs = 0
  const limit = createRateLimit({ burst: 500, perSecond: 500, monotonicMs: () => nowMs })
  nowMs = 3_600_000
  expect(limit.take(500)).toBe(true)
  expect(limit.take(1)).toBe(false)
})
