import { z } from 'zod'
import { IdSchema } from './ids.ts'
import { PresenceSchema, ReadingKeySchema } from './reading.ts'

/** Cars and two-wheelers are both the hazard; a two-wheeler is a task of lower priority, not a page. */
export const SuspectSchema = z.enum(['vehicle', 'two-wheeler', 'unknown'])

/**
 * ```
 *  detected ──▶ confirmed ──▶ escalated ──▶ cleared
 *     │  └──▶ passed (left before the dwell)
 *     └── from any state: voided, extended, unobserved, resumed, ended-by-hand
 * ```
 */
export const TransitionSchema = z.enum([
  'detected',
  'confirmed',
  'escalated',
  'cleared',
  'passed',
  'voided',
  'extended',
  'unobserved',
  'resumed',
  'ended-by-hand',
])
export type Transition = z.infer<typeof TransitionSchema>

const FieldSchema = z.tuple([z.int(), z.int(), z.int()])

/** Why presence changed: fields in nT on the sensor's axes; residual and thresholds are lengths in nT. */
export const EvidenceSchema = z.looseObject({
  slot: IdSchema,
  reading: ReadingKeySchema.optional(),
  before: FieldSchema.optional(),
  after: FieldSchema.optional(),
  baseline: FieldSchema.optional(),
  residualNt: z.int().optional(),
  thresholdNt: z.int().optional(),
  reason: z.string(),
})
export type Evidence = Readonly<z.infer<typeof EvidenceSchema>>

export const EpisodeEndSchema = z.enum(['cleared', 'passed', 'voided', 'ended-by-hand'])
export type EpisodeEnd = z.infer<typeof EpisodeEndSchema>

/** The whole episode as one revision says it. Times are event time in ms UTC; absent while no clock is known. */
export const EpisodeSchema = z.looseObject({
  id: IdSchema,
  revision: z.int().min(1),
  lane: IdSchema,
  sections: z.array(IdSchema).min(1),
  suspect: SuspectSchema,
  detectedMs: z.int().optional(),
  confirmed: z.boolean(),
  confirmedMs: z.int().optional(),
  escalatedMs: z.int().optional(),
  /** Set while nobody can see whether it still blocks; a resumed episode has it no more. */
  unobserved: z.boolean(),
  unobservedMs: z.int().optional(),
  end: EpisodeEndSchema.optional(),
  endedMs: z.int().optional(),
  endedBy: z.string().optional(),
  endReason: z.string().optional(),
  rulesVersion: z.int(),
  layoutVersion: z.int(),
})
export type Episode = Readonly<z.infer<typeof EpisodeSchema>>

/** A transition, carrying the episode as it stands after it: the highest revision wins, in whatever order they arrive. */
export const EpisodeEventSchema = z.looseObject({
  kind: z.literal('episode'),
  transition: TransitionSchema,
  /** Event time of the transition; absent while no clock is known. */
  atMs: z.int().optional(),
  /** When the gateway decided it, by its own clock. */
  decidedMs: z.int(),
  episode: EpisodeSchema,
  evidence: z.array(EvidenceSchema),
})
export type EpisodeEvent = Readonly<z.infer<typeof EpisodeEventSchema>>

/** What is known of a slot from `sinceMs` on. */
export const PresenceEventSchema = z.looseObject({
  kind: z.literal('presence'),
  slot: IdSchema,
  section: IdSchema,
  presence: PresenceSchema,
  revision: z.int().min(1),
  sinceMs: z.int().optional(),
  decidedMs: z.int(),
  evidence: EvidenceSchema,
})
export type PresenceEvent = Readonly<z.infer<typeof PresenceEventSchema>>

/** A reading that came later than the allowance: kept and published, but not merged into settled episodes. */
export const CorrectionEventSchema = z.looseObject({
  kind: z.literal('correction'),
  reading: ReadingKeySchema,
  slot: IdSchema,
  section: IdSchema,
  eventMs: z.int(),
  settledMs: z.int(),
  decidedMs: z.int(),
})
export type CorrectionEvent = Readonly<z.infer<typeof CorrectionEventSchema>>

export const GatewayEventSchema = z.discriminatedUnion('kind', [
  EpisodeEventSchema,
  PresenceEventSchema,
  CorrectionEventSchema,
])
export type GatewayEvent = z.infer<typeof GatewayEventSchema>

export const isOpen = (episode: Episode): boolean => episode.end === undefined
