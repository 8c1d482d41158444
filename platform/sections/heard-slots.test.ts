import { expect, test } from 'vitest'
import { createHeardSlots } from './heard-slots.ts'

test('a slot is as old as its newest word, in whatever order its words come', () => {
  const heard = createHeardSlots()
  heard.hear('a', 20)
  heard.hear('a', 10)
  expect(heard.lastMs('a')).toBe(20)
  expect(heard.lastMs('b')).toBeUndefined()
})

test('each new word is told once', () => {
  const heard = createHeardSlots()
  heard.hear('a', 10)
  expect(heard.take(5)).toEqual({ a: 10 })
  heard.hear('a', 10)
  expect(heard.take(5)).toEqual({})
  heard.hear('a', 11)
  expect(heard.take(5)).toEqual({ a: 11 })
})

test('of 10,000 slots that go on speaking each is told in its turn, a bounded number at a time', () => {
  const heard = createHeardSlots()
  const told = new Set<string>()
  for (let turn = 1; turn <= 20; turn++) {
    for (let slot = 0; slot < 10_000; slot++) heard.hear(`s${slot}`, turn)
    const taken = Object.keys(heard.take(500))
    expect(taken).toHaveLength(500)
    for (const slot of taken) told.add(slot)
  }
  expect(told.size).toBe(10_000)
})

test('while nobody listens nothing waits', () => {
  const heard = createHeardSlots()
  heard.hear('a', 10)
  heard.forgetWaiting()
  expect(heard.take(5)).toEqual({})
  expect(heard.lastMs('a')).toBe(10)
})
