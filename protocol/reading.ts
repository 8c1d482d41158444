import { z } from 'zod'
import { EuiSchema, IdSchema } from './ids.ts'

export const PresenceSchema = z.enum(['occupied', 'vacant', 'unknown'])
/** What is known of one slot. Silence is `unknown`, never `vacant`. */
export type Presence = z.infer<typeof PresenceSchema>

/** How far `eventMs` can be trusted: by the device's own set clock, by the gateway's, or not at all yet. */
export const ClockQualitySchema = z.enum(['device', 'gateway', 'unknown'])
export type ClockQuality = z.infer<typeof ClockQualitySchema>

/** A reading is known by its device, the device's session (boot or join) and a 32-bit counter within it. */
export const ReadingKeySchema = z.object({
  device: EuiSchema,
  session: z.int().min(0).max(0xffff_ffff),
  counter: z.int().min(0).max(0xffff_ffff),
})
export type ReadingKey = z.infer<typeof ReadingKeySchema>

/**
 * What a device said, decoded and stamped. Field in integer nT on the sensor's own axes, temperature in °C,
 * battery in mV, times in ms: `eventMs` UTC, absent while no clock is known; `monotonicMs` since the start of
 * the gateway process named by `boot`.
 */
export const ReadingSchema = z.looseObject({
  ...ReadingKeySchema.shape,
  trigger: z.enum(['period', 'change', 'poll', 'boot']),
  eventMs: z.int().optional(),
  receivedMs: z.int(),
  boot: IdSchema,
  monotonicMs: z.int(),
  clock: ClockQualitySchema,
  backfill: z.boolean(),
  link: IdSchema,
  slot: IdSchema,
  section: IdSchema,
  foreign: z.boolean().optional(),
  xNt: z.int(),
  yNt: z.int(),
  zNt: z.int(),
  temperatureC: z.number().optional(),
  opinion: PresenceSchema.optional(),
  batteryMv: z.int().optional(),
  health: z.int().optional(),
  rssiDbm: z.number().optional(),
  snrDb: z.number().optional(),
})
export type Reading = Readonly<z.infer<typeof ReadingSchema>>

export const toReadingKeyText = (key: ReadingKey): string => `${key.device}-${key.session}-${key.counter}`
