import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Bindings, Step } from './bindings.ts'
import { applyStep, isUntouched, toBindings, toSteps } from './bindings.ts'

/** `a=1 b=2`: device 1 stands in slot a, device 2 in b. */
const bindings = (text: string): Bindings =>
  new Map(
    text
      .split(' ')
      .filter(Boolean)
      .map((one) => [one[0] ?? '', one[2] ?? ''] as const),
  )
const text = (all: Bindings): string =>
  [...all]
    .map(([slot, device]) => `${slot}=${device}`)
    .sort()
    .join(' ')

test('an empty slot of a layout holds nothing', () => {
  expect(
    text(
      toBindings({
        slots: [
          { id: 'a', section: 's', offsetM: 1, device: '1' },
          { id: 'b', section: 's', offsetM: 2 },
        ],
      }),
    ),
  ).toBe('a=1')
})

describe('a step', () => {
  test.each([
    { name: 'binds', before: '', step: { slot: 'a', device: '1' }, after: 'a=1' },
    { name: 'swaps', before: 'a=1', step: { slot: 'a', device: '2' }, after: 'a=2' },
    { name: 'moves', before: 'a=1', step: { slot: 'b', device: '1' }, after: 'b=1' },
    { name: 'moves onto another', before: 'a=1 b=2', step: { slot: 'b', device: '1' }, after: 'b=1' },
    { name: 'empties', before: 'a=1 b=2', step: { slot: 'a', device: undefined }, after: 'b=2' },
  ])('$name, and the steps back lead back', ({ before, step, after }) => {
    const [from, to] = [bindings(before), applyStep(bindings(before), step)]
    expect(text(to)).toBe(after)
    expect(text(toSteps(to, from).reduce(applyStep, to))).toBe(before)
  })

  test('is not needed where nothing differs', () => {
    expect(toSteps(bindings('a=1'), bindings('a=1'))).toEqual([])
  })

  test('that moves a device empties the slot that it leaves', () => {
    expect(toSteps(bindings('b=1'), bindings('a=1'))).toEqual([{ slot: 'a', device: '1' }])
  })
})

test('any number of changes is undone, whatever they were', () => {
  const step: fc.Arbitrary<Step> = fc.record({
    slot: fc.constantFrom('a', 'b', 'c'),
    device: fc.constantFrom('1', '2', '3', undefined),
  })
  fc.assert(
    fc.property(fc.array(step), fc.array(step), (first, then) => {
      const from = first.reduce(applyStep, bindings(''))
      const to = then.reduce(applyStep, from)
      expect(text(toSteps(to, from).reduce(applyStep, to))).toBe(text(from))
    }),
  )
})

test.each([
  { name: 'nobody did anything', before: 'a=1', after: 'a=2', now: 'a=2', want: true },
  { name: 'somebody changed another slot', before: 'a=1', after: 'a=2', now: 'a=2 b=3', want: true },
  { name: 'somebody changed the same slot', before: 'a=1', after: 'a=2', now: 'a=3', want: false },
  { name: 'somebody emptied the same slot', before: 'a=1', after: 'a=2', now: '', want: false },
  { name: 'somebody used the device taken out', before: 'a=1', after: 'a=2', now: 'a=2 b=1', want: false },
  { name: 'the device taken out was put back', before: 'a=1', after: '', now: 'a=1', want: false },
])('an undo is possible when $name: $want', ({ before, after, now, want }) => {
  expect(isUntouched(bindings(before), bindings(after), bindings(now))).toBe(want)
})
