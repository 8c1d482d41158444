import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createDedupe } from './dedupe.ts'

const DEVICE = '70b3d57ed001a001'

describe('one reading, however often it comes', () => {
  test('each counter is new once, in any order, and in the end all are acknowledged', () => {
    const order = fc.integer({ min: 1, max: 300 }).chain((count) =>
      fc.tuple(
        fc.shuffledSubarray(
          Array.from({ length: count }, (_, index) => index),
          { minLength: count, maxLength: count },
        ),
        fc.array(fc.nat({ max: count - 1 }), { maxLength: 50 }),
      ),
    )
    fc.assert(
      fc.property(order, ([counters, again]) => {
        const dedupe = createDedupe()
        let row = 0
        for (const counter of [...counters, ...again]) {
          if (dedupe.isNew(DEVICE, 1, counter) === 'new') dedupe.enter(DEVICE, 1, counter, ++row, counter)
        }
        expect(row).toBe(counters.length)
        dedupe.commit(row)
        expect(dedupe.acknowledged(DEVICE, 1)).toBe(counters.length)
        expect(dedupe.holeSinceMs(DEVICE)).toBeUndefined()
      }),
    )
  })
})

describe('the acknowledgement', () => {
  test('never passes a reading that is not on disk', () => {
    const dedupe = createDedupe()
    for (const [counter, row] of [
      [0, 1],
      [1, 2],
      [2, 3],
    ] as const)
      dedupe.enter(DEVICE, 1, counter, row, counter)
    dedupe.commit(2)
    expect(dedupe.acknowledged(DEVICE, 1)).toBe(2)
    dedupe.commit(3)
    expect(dedupe.acknowledged(DEVICE, 1)).toBe(3)
  })

  test('waits at a hole, which is known by the time before it, and goes on when it is filled', () => {
    const dedupe = createDedupe()
    dedupe.enter(DEVICE, 1, 0, 1, 1_000)
    dedupe.enter(DEVICE, 1, 2, 2, 3_000)
    dedupe.commit(2)
    expect(dedupe.acknowledged(DEVICE, 1)).toBe(1)
    expect(dedupe.holeSinceMs(DEVICE)).toBe(1_000)
    dedupe.enter(DEVICE, 1, 1, 3, 2_000)
    dedupe.commit(3)
    expect(dedupe.acknowledged(DEVICE, 1)).toBe(3)
    expect(dedupe.holeSinceMs(DEVICE)).toBeUndefined()
  })

  test('steps over what the device no longer holds, and counts it', () => {
    const dedupe = createDedupe()
    dedupe.enter(DEVICE, 1, 0, 1, 1_000)
    dedupe.enter(DEVICE, 1, 10, 2, 3_000)
    dedupe.commit(2)
    dedupe.skipTo(DEVICE, 1, 8)
    expect(dedupe.missing(DEVICE)).toBe(7)
    expect(dedupe.acknowledged(DEVICE, 1)).toBe(1)
    dedupe.enter(DEVICE, 1, 8, 3, 2_000)
    dedupe.enter(DEVICE, 1, 9, 4, 2_500)
    dedupe.commit(4)
    expect(dedupe.acknowledged(DEVICE, 1)).toBe(11)
  })

  test('of an earlier boot closes when the device says that it holds nothing of it', () => {
    const dedupe = createDedupe()
    dedupe.enter(DEVICE, 1, 0, 1, 1_000)
    dedupe.enter(DEVICE, 1, 5, 2, 2_000)
    dedupe.skipTo(DEVICE, 2, 0)
    expect(dedupe.missing(DEVICE)).toBe(4)
    expect(dedupe.holeSinceMs(DEVICE)).toBeUndefined()
  })
})

test('a counter too far ahead is left with the device, so memory is bounded by two rings', () => {
  const dedupe = createDedupe()
  expect(dedupe.isNew(DEVICE, 1, 8_191)).toBe('new')
  expect(dedupe.isNew(DEVICE, 1, 8_192)).toBe('too-far')
})

test('what is saved holds for what was on disk, and nothing else', () => {
  const dedupe = createDedupe()
  dedupe.enter(DEVICE, 1, 0, 1, 1_000)
  dedupe.enter(DEVICE, 1, 1, 2, 2_000)
  dedupe.enter(DEVICE, 1, 3, 3, 4_000)
  dedupe.commit(1)
  const again = createDedupe(dedupe.save())
  expect([0, 1, 2, 3].map((counter) => again.isNew(DEVICE, 1, counter))).toEqual([
    'seen',
    'new',
    'new',
    'new',
  ])
})
