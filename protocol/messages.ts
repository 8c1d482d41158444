import { z } from 'zod'
import { EpisodeSchema, GatewayEventSchema } from './episode.ts'
import { EuiSchema, IdSchema } from './ids.ts'
import { ClockQualitySchema, PresenceSchema, ReadingSchema } from './reading.ts'
import { RefusalSchema } from './refusals.ts'

/** Every payload has `v`; unknown fields are kept. */
const V = z.literal(1)
const RowSchema = z.int().min(0).describe('row of a gateway log; 0 stands before the first')

export const MAX_READINGS_PER_MESSAGE = 500
export const MAX_EVENTS_PER_MESSAGE = 200

/**
 * Rows `first` to `last` of one log of one gateway, without a hole: `rows[i]` is row `first + i`.
 * `after` is the row this message follows. Where `after + 1 < first`, the rows between are gone for good
 * (parked, or overwritten by retention): the centre counts them and moves on.
 */
const envelope = {
  v: V,
  gateway: IdSchema,
  epoch: IdSchema,
  after: RowSchema,
  first: RowSchema,
  last: RowSchema,
}
export const ReadingsMessageSchema = z.looseObject({
  ...envelope,
  channel: z.literal('readings'),
  rows: z.array(ReadingSchema).min(1).max(MAX_READINGS_PER_MESSAGE),
})
export type ReadingsMessage = z.infer<typeof ReadingsMessageSchema>

export const EventsMessageSchema = z.looseObject({
  ...envelope,
  channel: z.literal('events'),
  rows: z.array(GatewayEventSchema).min(1).max(MAX_EVENTS_PER_MESSAGE),
})
export type EventsMessage = z.infer<typeof EventsMessageSchema>

export const ChannelSchema = z.enum(['readings', 'events'])
export type Channel = z.infer<typeof ChannelSchema>

/** The contiguous committed row per channel: only this frees rows at the gateway. */
export const AckMessageSchema = z.looseObject({
  v: V,
  gateway: IdSchema,
  epoch: IdSchema,
  readings: RowSchema,
  events: RowSchema,
  /** Channels on which a message followed a row that the centre lacks: to be sent again from behind its row. */
  rewind: z.array(ChannelSchema).optional(),
})
export type AckMessage = z.infer<typeof AckMessageSchema>

/** The gateway's open episodes, and what it knows of each slot, as of `eventRow` of its event log. */
export const ActiveMessageSchema = z.looseObject({
  v: V,
  gateway: IdSchema,
  epoch: IdSchema,
  eventRow: RowSchema,
  takenMs: z.int(),
  episodes: z.array(EpisodeSchema).max(50_000),
  slots: z
    .array(z.object({ slot: IdSchema, presence: PresenceSchema, sinceMs: z.int().optional() }))
    .max(100_000),
})
export type ActiveMessage = z.infer<typeof ActiveMessageSchema>

const LogDepthSchema = z.looseObject({
  committedRow: RowSchema,
  acknowledgedRow: RowSchema,
  droppedRows: z.int(),
  parkedRows: z.int(),
  bytes: z.int(),
})

export const UnknownDeviceSchema = z.looseObject({
  shortId: z.int(),
  device: EuiSchema.optional().describe('known once the device has said hello'),
  link: IdSchema,
  count: z.int(),
  rssiDbm: z.number().optional(),
  firstHeardMs: z.int(),
  lastHeardMs: z.int(),
})
export type UnknownDevice = z.infer<typeof UnknownDeviceSchema>

export const HealthMessageSchema = z.looseObject({
  v: V,
  gateway: IdSchema,
  epoch: IdSchema,
  boot: IdSchema,
  atMs: z.int(),
  clock: ClockQualitySchema.exclude(['device']),
  /** UTC at monotonic 0 of this boot; absent while no clock is known. Lets the centre date earlier readings. */
  bootUtcMs: z.int().optional(),
  layoutVersion: z.int(),
  rulesVersion: z.int(),
  readings: LogDepthSchema,
  events: LogDepthSchema,
  links: z.array(
    z.looseObject({
      id: IdSchema,
      state: z.enum(['up', 'down']),
      sinceMs: z.int(),
      detail: z.string().optional(),
    }),
  ),
  /** The broker of the box: whether the gateway reaches it, and what it could not be told since start. */
  lan: z.looseObject({ up: z.boolean(), droppedReadings: z.int(), droppedEpisodes: z.int() }).optional(),
  /** Node-RED, where it is configured: `safe-mode` is the editor without flows. */
  nodeRed: z
    .looseObject({
      state: z.enum(['starting', 'running', 'safe-mode', 'waiting', 'given-up']),
      sinceMs: z.int(),
      restarts: z.int(),
      reason: z.string().optional().describe('why it ended last'),
    })
    .optional(),
  /** Refusals since start, by reason, with one sample each. */
  refusals: z.array(RefusalSchema),
  /** Plain counters since start, by name. */
  counters: z.record(z.string(), z.number()),
  unknownDevices: z.array(UnknownDeviceSchema).max(200),
  /** How many unknown devices were heard in all, the ones not listed included. */
  unknownDeviceCount: z.int(),
  devices: z
    .array(
      z.looseObject({
        device: EuiSchema,
        slot: IdSchema,
        lastHeardMs: z.int(),
        batteryMv: z.int().optional(),
        lowBattery: z.boolean(),
        rssiDbm: z.number().optional(),
        missing: z.int().describe('readings lost for good: overwritten in the device before they were heard'),
      }),
    )
    .max(10_000),
})
export type HealthMessage = z.infer<typeof HealthMessageSchema>

export const ConfigMessageSchema = z.looseObject({ v: V, layout: z.unknown(), rules: z.unknown() })
export type ConfigMessage = z.infer<typeof ConfigMessageSchema>

export const CommandMessageSchema = z.discriminatedUnion('kind', [
  z.looseObject({
    v: V,
    id: IdSchema,
    kind: z.literal('end-episode'),
    episode: IdSchema,
    by: z.string().max(200),
    reason: z.string().min(1).max(1_000),
  }),
  z.looseObject({
    v: V,
    id: IdSchema,
    kind: z.literal('resend'),
    channel: ChannelSchema,
    fromRow: RowSchema,
  }),
])
export type CommandMessage = z.infer<typeof CommandMessageSchema>

export const ReplyMessageSchema = z.looseObject({
  v: V,
  id: IdSchema.describe('the id of the command or config answered'),
  ok: z.boolean(),
  detail: z.string(),
})
export type ReplyMessage = z.infer<typeof ReplyMessageSchema>
