import type { NoteMessage, Refusals, Result } from '@clearlane/protocol'
import { createRateLimit, fault, LanNoteMessageSchema, ok, parseJson } from '@clearlane/protocol'

/** What flows have to say to people, on its way to the centre: few, small, and never in the way of anything else. */
export type Notes = {
  /** One note as a flow has written it. */
  take(text: string): void
  up(): void
  down(): void
}

export type NotesOptions = {
  readonly gateway: string
  /** Names this start of the gateway: with a number it makes an id that is never used again. */
  readonly boot: string
  readonly refusals: Pick<Refusals, 'refuse'>
  /** Domain time. */
  readonly nowMs: () => number
  readonly monotonicMs: () => number
  readonly publish: (note: NoteMessage, onTaken: () => void) => void
}

/** So many at once, and one every ten seconds on average: nobody reads more. */
export const NOTES_BURST = 10
const PER_SECOND = 0.1
/** Notes that wait for the way to the centre; the oldest makes room. */
export const MAX_WAITING_NOTES = 100
const MAX_BYTES = 4_096
/** Sessions that end on notes in a row: the broker is likely to refuse them, and readings must not pay for that. */
const MAX_LOST_SESSIONS = 2
const REST_MS = 600_000

/** One note is on the wire at a time. It is gone when a broker has taken it: no promise stands behind a note. */
export const createNotes = (options: NotesOptions): Notes => {
  const { gateway, boot, refusals, nowMs, monotonicMs, publish } = options
  const limit = createRateLimit({ burst: NOTES_BURST, perSecond: PER_SECOND, monotonicMs })
  const waiting: NoteMessage[] = []
  let number = 0
  let isUp = false
  let isInFlight = false
  let lostSessions = 0
  let restUntilMs = Number.NEGATIVE_INFINITY

  const pump = (): void => {
    const [note] = waiting
    if (!isUp || isInFlight || note === undefined || monotonicMs() < restUntilMs) return
    isInFlight = true
    publish(note, () => {
      isInFlight = false
      lostSessions = 0
      waiting.shift()
      pump()
    })
  }
  const read = (text: string): Result<Pick<NoteMessage, 'text' | 'level' | 'section'>> => {
    if (text.length > MAX_BYTES)
      return fault('note-too-long', `${text.length} characters, at most ${MAX_BYTES}`)
    const note = parseJson('note', LanNoteMessageSchema, text)
    if (!note.ok) return note
    if (!limit.take()) return fault('note-too-many', note.value.text)
    const { text: words, level, section } = note.value
    return ok({ text: words, level, ...(section !== undefined && { section }) })
  }

  return {
    take: (text) => {
      const note = read(text)
      if (!note.ok) return refusals.refuse(note.fault.reason, note.fault.detail)
      if (waiting.length >= MAX_WAITING_NOTES) {
        const [dropped] = waiting.splice(isInFlight ? 1 : 0, 1)
        refusals.refuse('note-dropped', dropped?.text ?? '')
      }
      waiting.push({ v: 1, id: `${boot}-${++number}`, gateway, atMs: nowMs(), ...note.value })
      pump()
    },
    up: () => {
      isUp = true
      pump()
    },
    down: () => {
      isUp = false
      if (!isInFlight) return
      isInFlight = false
      if (++lostSessions < MAX_LOST_SESSIONS) return
      lostSessions = 0
      restUntilMs = monotonicMs() + REST_MS
      const given = waiting.shift()
      refusals.refuse('note-given-up', `${MAX_LOST_SESSIONS} sessions ended on it: ${given?.text ?? ''}`)
    },
  }
}
