import type { NoteMessage } from '@clearlane/protocol'
import { createRefusals } from '@clearlane/protocol'
import { expect, test } from 'vitest'
import { createNotes, MAX_WAITING_NOTES, NOTES_BURST } from './notes.ts'

const start = () => {
  let monotonicMs = 0
  const sent: { readonly note: NoteMessage; readonly taken: () => void }[] = []
  const refusals = createRefusals({ nowMs: () => 0, monotonicMs: () => 0, log: () => undefined })
  const notes = createNotes({
    gateway: 'gw',
    boot: 'b',
    refusals,
    nowMs: () => 7,
    monotonicMs: () => monotonicMs,
    publish: (note, taken) => sent.push({ note, taken }),
  })
  return {
    notes,
    sent,
    reasons: () => refusals.list().map(({ reason, count }) => `${reason} ${count}`),
    pass: (ms: number) => (monotonicMs += ms),
    say: (text: string) => notes.take(JSON.stringify({ v: 1, text })),
  }
}

test('one note is on the wire at a time, in order, each with an id of its own', () => {
  const { notes, sent, say } = start()
  say('one')
  say('two')
  expect(sent).toEqual([])
  notes.up()
  expect(sent.map(({ note }) => note.text)).toEqual(['one'])
  sent[0]?.taken()
  expect(sent.map(({ note }) => [note.id, note.text, note.level])).toEqual([
    ['b-1', 'one', 'info'],
    ['b-2', 'two', 'info'],
  ])
})

test('what a link lost is sent again with the same id', () => {
  const { notes, sent, say } = start()
  notes.up()
  say('one')
  notes.down()
  notes.up()
  expect(sent.map(({ note }) => note.id)).toEqual(['b-1', 'b-1'])
})

test('a note on which two sessions end in a row is given up, and all rest for ten minutes', () => {
  const { notes, sent, say, pass, reasons } = start()
  notes.up()
  say('poison')
  say('next')
  for (let session = 0; session < 5; session++) {
    notes.down()
    notes.up()
  }
  expect(sent).toHaveLength(2)
  expect(reasons()).toEqual(['note-given-up 1'])
  pass(600_000)
  say('later')
  expect(sent.at(-1)?.note.text).toBe('next')
})

test('a flow that talks without end is refused with a count', () => {
  const { notes, sent, say, pass, reasons } = start()
  notes.up()
  for (let number = 0; number < 1_000; number++) {
    say('again')
    sent.at(-1)?.taken()
  }
  expect(sent).toHaveLength(NOTES_BURST)
  expect(reasons()).toEqual([`note-too-many ${1_000 - NOTES_BURST}`])
  pass(10_000)
  say('again')
  expect(sent).toHaveLength(NOTES_BURST + 1)
})

test(`at most ${MAX_WAITING_NOTES} wait, and the oldest makes room`, () => {
  const { notes, sent, say, pass, reasons } = start()
  for (let number = 0; number <= MAX_WAITING_NOTES; number++) {
    pass(10_000)
    say(`note ${number}`)
  }
  notes.up()
  expect(sent[0]?.note.text).toBe('note 1')
  expect(reasons()).toEqual(['note-dropped 1'])
})

test.each([
  { name: 'no JSON', text: '{', reason: 'note-json 1' },
  { name: 'no text', text: '{"v":1,"text":"  "}', reason: 'note-shape 1' },
  { name: 'a book', text: JSON.stringify({ v: 1, text: 'x'.repeat(501) }), reason: 'note-shape 1' },
  { name: 'a library', text: 'x'.repeat(5_000), reason: 'note-too-long 1' },
])('$name is refused', ({ text, reason }) => {
  const { notes, sent, reasons } = start()
  notes.up()
  notes.take(text)
  expect(sent).toEqual([])
  expect(reasons()).toEqual([reason])
})
