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

describe('a device that booted again and again while nobody heard it', () => {
  /** Readings of boots 1 to `boots`, three each, then the first of the newest boot, as a reconnected device sends them. */
  const memoryOf = (boots: number) => [
    { session: boots + 1, counter: 0 },
    ...Array.from({ length: boots }, (_, boot) =>
      [0, 1, 2].map((counter) => ({ session: boot + 1, counter })),
    ).flat(),
  ]

  test.each([2, 6, 60])('hands over what it kept of %i boots, each reading once', (boots) => {
    const dedupe = createDedupe()
    dedupe.skipTo(DEVICE, 1, 0)
    let row = 0
    for (const round of ['first', 'sent again'])
      for (const { session, counter } of memoryOf(boots)) {
        const isNew = dedupe.isNew(DEVICE, session, counter) === 'new'
        expect(isNew, `${round} ${session}/${counter}`).toBe(round === 'first')
        if (isNew) dedupe.enter(DEVICE, session, counter, ++row, session * 1_000 + counter)
      }
    dedupe.commit(row)
    for (let session = 1; session <= boots; session++) expect(dedupe.acknowledged(DEVICE, session)).toBe(3)
    expect(dedupe.missing(DEVICE)).toBe(0)
  })

  test('has a hole behind its older boot until it says that it holds nothing of it', () => {
    const dedupe = createDedupe()
    dedupe.enter(DEVICE, 1, 0, 1, 1_000)
    dedupe.skipTo(DEVICE, 1, 1)
    dedupe.enter(DEVICE, 3, 0, 2, 90_000)
    expect(dedupe.holeSinceMs(DEVICE)).toBe(1_000)
    expect(createDedupe(dedupe.save()).holeSinceMs(DEVICE)).toBe(1_000)
    dedupe.enter(DEVICE, 1, 1, 3, 2_000)
    expect(dedupe.holeSinceMs(DEVICE)).toBe(2_000)
    dedupe.skipTo(DEVICE, 3, 0)
    expect(dedupe.holeSinceMs(DEVICE)).toBeUndefined()
  })

  test('keeps what there is no room for until it has said what it no longer holds', () => {
    const dedupe = createDedupe()
    const BOOTS = 200
    const left = memoryOf(BOOTS)
    let row = 0
    for (let rounds = 1; left.length > 0; rounds++) {
      expect(rounds).toBeLessThan(10)
      const [oldest] = left.toSorted((a, b) => a.session - b.session || a.counter - b.counter)
      dedupe.skipTo(DEVICE, oldest!.session, oldest!.counter)
      for (const { session, counter } of left)
        if (dedupe.isNew(DEVICE, session, counter) === 'new')
          dedupe.enter(DEVICE, session, counter, ++row, session)
      dedupe.commit(row)
      const kept = left.filter(({ session, counter }) => dedupe.acknowledged(DEVICE, session) <= counter)
      left.splice(0, left.length, ...kept)
    }
    expect(row).toBe(3 * BOOTS + 1)
    expect(dedupe.missing(DEVICE)).toBe(0)
  })

  test('is not believed twice: a late copy of what it no longer holds is not new', () => {
    const dedupe = createDedupe()
    for (let session = 1; session <= 10; session++) {
      dedupe.skipTo(DEVICE, session, 0)
      dedupe.enter(DEVICE, session, 0, session, session)
      dedupe.commit(session)
    }
    for (let session = 1; session <= 10; session++)
      expect(dedupe.isNew(DEVICE, session, 0)).toBe(session <= 6 ? 'past' : 'seen')
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
