import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { NoteView } from '@clearlane/protocol'
import { createRefusals } from '@clearlane/protocol'
import { afterEach, expect, test } from 'vitest'
import type { Notes } from './notes.ts'
import { MAX_NOTES, openNotes } from './notes.ts'

const open: Notes[] = []
let monotonicMs = 0
let files = 0
afterEach(() => {
  for (const notes of open.splice(0)) notes.close()
})
const start = (file = join(mkdtempSync(join(tmpdir(), 'notes-')), `${files++}.sqlite`)) => {
  const taken: NoteView[] = []
  const refusals = createRefusals({
    nowMs: () => 0,
    monotonicMs: () => monotonicMs,
    log: () => undefined,
  })
  const notes = openNotes({
    file,
    refusals,
    nowMs: () => 5,
    monotonicMs: () => monotonicMs,
    onTaken: (note) => taken.push(note),
    onFailure: (cause) => {
      throw cause
    },
  })
  open.push(notes)
  return { notes, taken, refusals, file }
}
const message = (id: string, text = id) =>
  ({ v: 1, id, gateway: 'gw', atMs: 1, text, level: 'info' }) as const

test('a note is kept over a restart, told once, and kept once when it comes twice', () => {
  const { notes, taken, file } = start()
  notes.take(message('b-1'))
  notes.take(message('b-1'))
  notes.take({ ...message('b-2'), section: 'a', level: 'warning' })
  open.pop()?.close()
  const again = start(file).notes
  expect(again.list(10)).toEqual([
    { id: 'b-2', gateway: 'gw', atMs: 1, receivedMs: 5, level: 'warning', text: 'b-2', section: 'a' },
    { id: 'b-1', gateway: 'gw', atMs: 1, receivedMs: 5, level: 'info', text: 'b-1' },
  ])
  expect(again.list(1)).toHaveLength(1)
  expect(taken.map(({ id }) => id)).toEqual(['b-1', 'b-2'])
})

test(`the newest ${MAX_NOTES} stay`, () => {
  const { notes } = start()
  for (let number = 0; number <= MAX_NOTES; number++) {
    monotonicMs += 1_000
    notes.take(message(`n-${number}`))
  }
  const kept = notes.list(MAX_NOTES + 1)
  expect(kept).toHaveLength(MAX_NOTES)
  expect(kept.at(-1)?.id).toBe('n-1')
})

test('a gateway that says too much is refused with a count, and the others are heard', () => {
  const { notes, refusals } = start()
  for (let number = 0; number < 100; number++) notes.take(message(`n-${number}`))
  notes.take({ ...message('x-1'), gateway: 'other' })
  expect(notes.list(1_000)).toHaveLength(61)
  expect(refusals.list()).toMatchObject([{ reason: 'note-too-many', count: 40 }])
})
