import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createTimerHeap } from './timer-heap.ts'

test('hands out each key once, in order of its latest due time, whatever was set before', () => {
  const setArbitrary = fc.tuple(
    fc.integer({ min: 0, max: 30 }),
    fc.option(fc.integer({ min: 0, max: 1_000 }), { nil: Infinity }),
  )
  fc.assert(
    fc.property(fc.array(setArbitrary, { maxLength: 200 }), (sets) => {
      const heap = createTimerHeap<number>()
      const expected = new Map<number, number>()
      for (const [key, dueMs] of sets) {
        heap.set(key, dueMs)
        if (dueMs === Number.POSITIVE_INFINITY) expected.delete(key)
        else expected.set(key, dueMs)
      }
      const taken: [number, number][] = []
      for (let nowMs = 0; nowMs <= 1_000; nowMs += 10) {
        for (let due = heap.takeDue(nowMs); due !== undefined; due = heap.takeDue(nowMs)) {
          expect(due.dueMs).toBeLessThanOrEqual(nowMs)
          expect(due.dueMs).toBeGreaterThan(nowMs - 10)
          taken.push([due.key, due.dueMs])
        }
      }
      expect(new Map(taken)).toEqual(expected)
      expect(taken).toHaveLength(expected.size)
      expect(heap.size()).toBe(0)
    }),
  )
})

test('is never later than the earliest key', () => {
  const heap = createTimerHeap<string>()
  heap.set('a', 50)
  heap.set('b', 20)
  heap.set('a', 10)
  expect(heap.nextMs()).toBe(10)
  heap.set('a', 90)
  expect(heap.takeDue(15)).toBeUndefined()
  expect(heap.nextMs()).toBe(20)
})
