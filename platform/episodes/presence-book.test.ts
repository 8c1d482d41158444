import { DatabaseSync } from 'node:sqlite'
import type { Presence } from '@clearlane/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { StoredChange } from './presence-book.ts'
import {
  createPresenceBook,
  MAX_LISTED_CHANGES,
  PRESENCE_RETENTION_MS,
  PRESENCE_SCHEMA,
} from './presence-book.ts'

const open = () => {
  const db = new DatabaseSync(':memory:')
  db.exec(PRESENCE_SCHEMA)
  return createPresenceBook(db)
}
const change = (revision: number, atMs: number, over: Partial<StoredChange> = {}): StoredChange => ({
  slot: 'a1',
  gateway: 'gw',
  epoch: 'e1',
  revision,
  atMs,
  presence: 'occupied',
  evidence: { slot: 'a1', reason: String(revision) },
  ...over,
})
const reasons = (book: ReturnType<typeof open>, fromMs = 0, toMs = Number.MAX_SAFE_INTEGER): string[] =>
  book.list('a1', fromMs, toMs).map(({ evidence }) => evidence.reason)

test('what the teller said later replaces what it revises, in whatever order they come and how often', () => {
  const revisions = fc.array(fc.nat({ max: 20 }), { minLength: 1, maxLength: 12 })
  fc.assert(
    fc.property(
      revisions.chain((times) => {
        const changes = times.map((atMs, index) => change(index + 1, atMs))
        return fc.record({
          changes: fc.constant(changes),
          order: fc.shuffledSubarray(changes, { minLength: changes.length }),
          again: fc.subarray(changes),
        })
      }),
      ({ changes, order, again }) => {
        const book = open()
        for (const one of [...order, ...again]) book.add(one, 0)
        const kept = changes.filter(
          (one) => !changes.some((other) => other.revision > one.revision && other.atMs <= one.atMs),
        )
        expect(reasons(book, -1)).toEqual(kept.map(({ evidence }) => evidence.reason))
      },
    ),
    { numRuns: 100 },
  )
})

test('a span begins with what held at its start, and ends before its end', () => {
  const book = open()
  const rows: [number, Presence][] = [
    [10, 'vacant'],
    [20, 'occupied'],
    [30, 'vacant'],
    [40, 'unknown'],
  ]
  for (const [index, [atMs, presence]] of rows.entries()) book.add(change(index + 1, atMs, { presence }), 0)
  const of = (fromMs: number, toMs: number) =>
    book.list('a1', fromMs, toMs).map(({ sinceMs, presence }) => [sinceMs, presence])
  expect(of(25, 40)).toEqual([
    [20, 'occupied'],
    [30, 'vacant'],
  ])
  expect(of(20, 21)).toEqual([[20, 'occupied']])
  expect(of(50, 60)).toEqual([[40, 'unknown']])
  expect(of(0, 10)).toEqual([])
  expect(book.list('b1', 0, 100)).toEqual([])
})

test('another log of the gateway, and another gateway, revise nothing of the first', () => {
  const book = open()
  book.add(change(7, 10), 0)
  book.add(change(1, 5, { epoch: 'e2' }), 0)
  book.add(change(1, 3, { gateway: 'other' }), 0)
  expect(reasons(book)).toEqual(['1', '1', '7'])
})

test('of what is older than the retention a slot keeps only what still held then', () => {
  const book = open()
  for (const [index, atMs] of [10, 20, 30, 40].entries()) book.add(change(index + 1, atMs), 40)
  book.add(change(5, 50), PRESENCE_RETENTION_MS + 30)
  expect(reasons(book)).toEqual(['3', '4', '5'])
})

test('of more changes than a chart can show the newest are listed', () => {
  const book = open()
  for (let index = 1; index <= MAX_LISTED_CHANGES + 1; index++) book.add(change(index, index), 0)
  const listed = reasons(book)
  expect([listed.length, listed[0], listed.at(-1)]).toEqual([
    MAX_LISTED_CHANGES,
    '2',
    String(MAX_LISTED_CHANGES + 1),
  ])
})
