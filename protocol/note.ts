import { z } from 'zod'
import { IdSchema } from './ids.ts'

const V = z.literal(1)

const NoteLevelSchema = z.enum(['info', 'warning'])
const noteFields = {
  text: z.string().trim().min(1, 'a note has a text').max(500, 'a note has at most 500 characters'),
  level: NoteLevelSchema.default('info'),
  section: IdSchema.optional(),
}
/** What a flow has to say to people. It changes nothing. */
export const LanNoteMessageSchema = z.looseObject({ v: V, ...noteFields })

/** The same on its way to the centre: `id` is of this gateway and never used again. */
export const NoteMessageSchema = z.looseObject({
  v: V,
  id: IdSchema,
  gateway: IdSchema,
  atMs: z.int(),
  ...noteFields,
})
export type NoteMessage = z.infer<typeof NoteMessageSchema>

/** A note as the centre keeps it. */
export const NoteViewSchema = z.object({
  id: IdSchema,
  gateway: IdSchema,
  atMs: z.int().describe('when it was made, by the clock of its gateway'),
  receivedMs: z.int(),
  level: NoteLevelSchema,
  text: z.string(),
  section: IdSchema.optional(),
})
export type NoteView = z.infer<typeof NoteViewSchema>
