import { z } from 'zod'
import {
  EpisodeEventSchema,
  EpisodeSchema,
  EvidenceSchema,
  GatewayEventSchema,
  TransitionSchema,
} from './episode.ts'
import { EuiSchema, IdSchema } from './ids.ts'
import { ChannelSchema, HealthMessageSchema, UnknownDeviceSchema } from './messages.ts'
import { NoteViewSchema } from './note.ts'
import { PresenceSchema, ReadingSchema } from './reading.ts'
import { RefusalSchema } from './refusals.ts'

/** What the platform's HTTP API answers, under `/api/v1`. The OpenAPI document is made from these. */

export const SectionStateSchema = z.enum(['clear', 'pre-alarm', 'blocked', 'unobserved'])
export type SectionState = z.infer<typeof SectionStateSchema>

/**
 * `clear` needs every slot of the section known to be vacant and its gateway heard lately; one slot unknown and
 * none occupied is `unobserved`.
 */
export const SectionViewSchema = z.object({
  section: IdSchema,
  name: z.string(),
  lane: IdSchema,
  laneName: z.string(),
  state: SectionStateSchema,
  sinceMs: z.int().optional(),
  episode: IdSchema.optional(),
  slots: z.array(
    z.object({
      slot: IdSchema,
      presence: PresenceSchema,
      sinceMs: z.int().optional(),
      lastHeardMs: z.int().optional(),
    }),
  ),
})
export type SectionView = z.infer<typeof SectionViewSchema>

/** Who does something, as they call themselves. */
export const BySchema = z.string().trim().min(1, 'say who does it').max(200)

/** Who has said that an alarm was seen, and when (domain time). */
export const SeenSchema = z.object({ by: z.string().min(1).max(200), atMs: z.int() })
export type Seen = z.infer<typeof SeenSchema>

/** One stored episode: its latest revision, and when the centre received it (domain time). */
export const EpisodeViewSchema = z.object({
  site: IdSchema,
  gateway: IdSchema,
  epoch: IdSchema,
  episode: EpisodeSchema,
  firstReceivedMs: z.int(),
  confirmedReceivedMs: z.int().optional(),
  receivedMs: z.int(),
  /** True when the episode had already ended before its alarm reached the centre: it pages nobody. */
  late: z.boolean(),
  seen: z.array(SeenSchema),
})
export type EpisodeView = z.infer<typeof EpisodeViewSchema>

export const EpisodeDetailSchema = EpisodeViewSchema.extend({
  events: z.array(z.object({ receivedMs: z.int(), event: EpisodeEventSchema })),
})
export type EpisodeDetail = z.infer<typeof EpisodeDetailSchema>

/** One committed piece of a gateway's log: raw, in order of commit, nothing overwritten. */
export const LogRowSchema = z.object({
  position: z.int(),
  site: IdSchema,
  gateway: IdSchema,
  epoch: IdSchema,
  channel: ChannelSchema,
  first: z.int(),
  last: z.int(),
  receivedMs: z.int(),
  rows: z.array(z.union([ReadingSchema, GatewayEventSchema])),
})
export type LogRow = z.infer<typeof LogRowSchema>

export const GatewayViewSchema = z.object({
  site: IdSchema,
  gateway: IdSchema,
  connected: z.boolean().describe('a health message came within the last 30 s of wall time'),
  lastHeardMs: z.int().optional(),
  lastHeardWallMs: z.int().optional(),
  health: HealthMessageSchema.optional(),
  skippedRows: z.object({ readings: z.int(), events: z.int() }),
})
export type GatewayView = z.infer<typeof GatewayViewSchema>

export const StatusSchema = z.object({
  nowMs: z.int().describe('domain time at the platform'),
  speed: z.number(),
  log: z.object({ position: z.int(), readings: z.int(), events: z.int() }),
  projections: z.array(z.object({ name: z.string(), position: z.int(), lag: z.int() })),
  refusals: z.array(RefusalSchema),
  broker: z.object({ connected: z.boolean(), sinceMs: z.int() }),
  grafanaUrl: z.string().optional().describe('where Grafana answers a browser'),
})
export type Status = z.infer<typeof StatusSchema>

/** What an episode list can be narrowed to. `state` is as it is now; `late` and voided ones are left out by none of them. */
export const EpisodeStateSchema = z.enum(['open', 'blocked', 'pre-alarm', 'unobserved', 'ended', 'alarmed'])
export type EpisodeState = z.infer<typeof EpisodeStateSchema>

export const SeenRequestSchema = z.object({ by: BySchema })

/** A slot became known to be this, and why; in order of time. */
export const PresenceChangeSchema = z.object({
  sinceMs: z.int(),
  presence: PresenceSchema,
  evidence: EvidenceSchema,
})
export type PresenceChange = z.infer<typeof PresenceChangeSchema>

/**
 * Readings of one slot over a span, thinned to what a chart can show: of each stretch of time the readings in which
 * an axis is at its highest or lowest, so that no peak is lost. Columns of equal length in order of time; field in nT,
 * temperature in °C. `missing` marks stretches without a reading for longer than the slot's silence limit.
 */
export const SlotSeriesSchema = z.object({
  slot: IdSchema,
  fromMs: z.int(),
  toMs: z.int(),
  readings: z.int().describe('how many readings there are in the span, before thinning'),
  atMs: z.array(z.int()),
  xNt: z.array(z.int()),
  yNt: z.array(z.int()),
  zNt: z.array(z.int()),
  temperatureC: z.array(z.number().nullable()),
  /** Begins with what was known at `fromMs`. */
  presence: z.array(PresenceChangeSchema),
  marks: z.array(z.object({ atMs: z.int(), transition: TransitionSchema, episode: IdSchema })),
  silent: z.array(z.object({ fromMs: z.int(), toMs: z.int() })),
  onNt: z.int().optional(),
  offNt: z.int().optional(),
})
export type SlotSeries = z.infer<typeof SlotSeriesSchema>

/** A device as its gateway last spoke of it, and where it stands. */
export const DeviceViewSchema = z.object({
  device: EuiSchema,
  slot: IdSchema,
  section: IdSchema,
  sectionName: z.string(),
  laneName: z.string(),
  gateway: IdSchema,
  isGatewayConnected: z.boolean(),
  lastHeardMs: z.int().optional(),
  batteryMv: z.int().optional(),
  lowBattery: z.boolean(),
  rssiDbm: z.number().optional(),
  /** Readings lost for good: overwritten in the device before they were heard. */
  missing: z.int(),
})
export type DeviceView = z.infer<typeof DeviceViewSchema>

/** The image under the plan, as it is kept. */
export const PlanTypeSchema = z.enum(['image/png', 'image/jpeg', 'image/webp'])
export type PlanType = z.infer<typeof PlanTypeSchema>
export const PlanViewSchema = z.object({ type: PlanTypeSchema, bytes: z.int() })
export const MAX_PLAN_BYTES = 8 * 1024 * 1024

/** One version of the layout: when it was made and by whom, and since when a gateway has had it in force. */
export const LayoutVersionSchema = z.object({
  version: z.int(),
  atMs: z.int(),
  by: z.string(),
  inForce: z.array(z.object({ gateway: IdSchema, sinceMs: z.int() })),
})
export type LayoutVersion = z.infer<typeof LayoutVersionSchema>

export const BindRequestSchema = z.object({
  device: EuiSchema.nullable().describe('null unbinds'),
  move: z.literal(true).optional().describe('the device leaves the slot in which it stands'),
  by: BySchema.optional().describe('who made the new version of the layout; else `console`'),
})
export const EndEpisodeRequestSchema = z.object({
  by: z.string().min(1).max(200),
  reason: z.string().min(1).max(1_000),
})

export const UnknownDeviceViewSchema = UnknownDeviceSchema.extend({ gateway: IdSchema })

/** Every error has this body: a code from `docs/TOPICS.md`'s table, and a sentence that says what to do. */
export const ApiErrorSchema = z.object({ code: z.string(), message: z.string() })
export type ApiError = z.infer<typeof ApiErrorSchema>

/** Server-sent events of `/api/v1/live`. `hello` comes first and tells domain time; then one event a change. */
export const LiveEventSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('hello'),
    nowMs: z.int(),
    speed: z.number(),
    sections: z.array(SectionViewSchema),
    episodes: z.array(EpisodeViewSchema),
    gateways: z.array(GatewayViewSchema.omit({ health: true })),
  }),
  z.object({ kind: z.literal('section'), nowMs: z.int(), section: SectionViewSchema }),
  z.object({ kind: z.literal('episode'), nowMs: z.int(), episode: EpisodeViewSchema }),
  z.object({ kind: z.literal('gateway'), nowMs: z.int(), gateway: GatewayViewSchema.omit({ health: true }) }),
  z.object({
    kind: z.literal('heard').describe('when slots and gateways were heard last, of slots some at a time'),
    nowMs: z.int(),
    slots: z.record(IdSchema, z.int()),
    gateways: z.record(IdSchema, z.int()),
  }),
  z.object({ kind: z.literal('layout'), nowMs: z.int(), version: z.int() }),
  z.object({ kind: z.literal('note'), nowMs: z.int(), note: NoteViewSchema }),
  z.object({ kind: z.literal('alive'), nowMs: z.int() }),
])
export type LiveEvent = z.infer<typeof LiveEventSchema>

/** Where alarms are told outside the console: how it goes, and what was given up. Times are wall time, ms. */
export const WebhookViewSchema = z.object({
  webhook: z.string(),
  kind: z.enum(['json', 'wecom', 'dingtalk', 'feishu']),
  waiting: z.int(),
  sent: z.int(),
  lastSentMs: z.int().optional(),
  failing: z
    .object({ sinceMs: z.int(), attempts: z.int(), nextMs: z.int(), reason: z.string() })
    .optional()
    .describe('the message at the head of the queue, while it does not go out'),
  givenUp: z
    .array(z.object({ episode: IdSchema, word: z.string(), madeMs: z.int(), reason: z.string() }))
    .describe('newest first'),
})
export type WebhookView = z.infer<typeof WebhookViewSchema>

/** How far a server of its own has the history. Times are wall time, ms. */
export const InfluxViewSchema = z.object({
  kind: z.enum(['influxdb2', 'influxdb1', 'victoriametrics']),
  url: z.string(),
  org: z.string().optional(),
  bucket: z.string(),
  position: z.int().describe('of the log: up to there everything stands in the server or is parked'),
  lagEntries: z.int(),
  lagSeconds: z.number().describe('since the first entry behind `position` was received; domain time'),
  written: z.int().describe('points acknowledged since the start'),
  lastWriteMs: z.int().optional(),
  failing: z
    .object({ sinceMs: z.int(), attempts: z.int(), nextMs: z.int(), reason: z.string() })
    .optional()
    .describe('while it takes nothing'),
  missing: z.array(z.string()).describe('what a person has to do because the token may not'),
  parked: z.object({
    total: z.int().describe('lines refused since the first start'),
    items: z
      .array(z.object({ position: z.int(), line: z.string(), reason: z.string(), atMs: z.int() }))
      .describe('the newest of those kept, newest first'),
  }),
})
export type InfluxView = z.infer<typeof InfluxViewSchema>
