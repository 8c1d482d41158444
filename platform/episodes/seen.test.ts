import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { MAX_SEEN, openSeenBook } from './seen.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'seen-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

test('a name stands once, with the moment of its first word, also after a restart', () => {
  const first = openSeenBook(join(folder, 'seen.sqlite'))
  expect(first.add('x', { by: 'Wang', atMs: 2 })).toBe(true)
  expect(first.add('x', { by: 'Li', atMs: 1 })).toBe(true)
  expect(first.add('x', { by: 'Wang', atMs: 3 })).toBe(true)
  first.close()
  const again = openSeenBook(join(folder, 'seen.sqlite'))
  expect(again.of('x')).toEqual([
    { by: 'Li', atMs: 1 },
    { by: 'Wang', atMs: 2 },
  ])
  expect(again.of('y')).toEqual([])
  again.close()
})

test('there is room for a hundred names, and the hundredth may say it again', () => {
  const book = openSeenBook(join(folder, 'seen.sqlite'))
  for (let index = 1; index <= MAX_SEEN; index++)
    expect(book.add('x', { by: `${index}`, atMs: 1 })).toBe(true)
  expect(book.add('x', { by: 'one more', atMs: 1 })).toBe(false)
  expect(book.add('x', { by: `${MAX_SEEN}`, atMs: 2 })).toBe(true)
  expect(book.of('x')).toHaveLength(MAX_SEEN)
  book.close()
})
