import { z } from 'zod'
import { SectionStateSchema } from './api.ts'
import { EpisodeSchema, TransitionSchema } from './episode.ts'
import { IdSchema } from './ids.ts'
import { MAX_READINGS_PER_MESSAGE } from './messages.ts'
import { PresenceSchema, ReadingSchema } from './reading.ts'

/**
 * What a gateway tells its own estate, on the broker of its box: `lan/v1/{site}/{gateway}/{name}`, and for what there
 * are many of `.../{name}/{id}`. Nothing of it goes to the centre, and the centre's topics are not on this broker.
 *
 * | name         | from     | retained        | payload           |
 * |--------------|----------|-----------------|-------------------|
 * | section/{id} | gateway  | yes             | LanSectionMessage |
 * | episode/{id} | gateway  | while it is open | LanEpisodeMessage |
 * | reading      | gateway  | no              | LanReadingMessage |
 * | health       | gateway  | yes             | HealthMessage     |
 * | note         | Node-RED | no              | LanNoteMessage    |
 */
export const LAN_NAMES_WITH_ID = ['section', 'episode'] as const
export const LAN_NAMES = [...LAN_NAMES_WITH_ID, 'reading', 'health', 'note'] as const
export type LanName = (typeof LAN_NAMES)[number]
export type LanTopic = {
  readonly site: string
  readonly gateway: string
  readonly name: LanName
  /** Of a section or an episode; `+` in a filter. */
  readonly id?: string | undefined
}

export const toLanTopic = ({ site, gateway, name, id }: LanTopic): string =>
  `lan/v1/${site}/${gateway}/${name}${id === undefined ? '' : `/${id}`}`

const WITH_ID: ReadonlySet<string> = new Set(LAN_NAMES_WITH_ID)
const NAMES: ReadonlySet<string> = new Set(LAN_NAMES)
const isLanName = (name: string | undefined): name is LanName => name !== undefined && NAMES.has(name)

/** The topic's parts, or undefined when it is not one of these. A filter's only wildcard is `+` in the place of an id. */
export const parseLanTopic = (topic: string): LanTopic | undefined => {
  const [root, version, site, gateway, name, id, ...rest] = topic.split('/')
  if (root !== 'lan' || version !== 'v1' || rest.length > 0) return undefined
  if (!site || !gateway || /[+#]/.test(site) || /[+#]/.test(gateway) || !isLanName(name)) return undefined
  if (!WITH_ID.has(name)) return id === undefined ? { site, gateway, name } : undefined
  if (!id || (id !== '+' && /[+#]/.test(id))) return undefined
  return { site, gateway, name, id }
}

const V = z.literal(1)

export const LanSectionMessageSchema = z.looseObject({
  v: V,
  section: IdSchema,
  name: z.string(),
  lane: IdSchema,
  laneName: z.string(),
  state: SectionStateSchema,
  episode: IdSchema.optional(),
  slots: z.array(z.object({ slot: IdSchema, presence: PresenceSchema, sinceMs: z.int().optional() })),
})
export type LanSectionMessage = z.infer<typeof LanSectionMessageSchema>

/** An episode as it stands, and the transition that made it so where one has been heard since the gateway's start. */
export const LanEpisodeMessageSchema = z.looseObject({
  v: V,
  transition: TransitionSchema.optional(),
  episode: EpisodeSchema,
})
export type LanEpisodeMessage = z.infer<typeof LanEpisodeMessageSchema>

export const LanReadingMessageSchema = z.looseObject({
  v: V,
  rows: z.array(ReadingSchema).max(MAX_READINGS_PER_MESSAGE),
})
