import type { Inspection } from '@clearlane/protocol'
import { fault, IdSchema, ok } from '@clearlane/protocol'
import { z } from 'zod'
import { isSafeUrl } from '../safe-url.ts'

const SECONDS_PER_DAY = 86_400

/** Where else the history is kept: an InfluxDB, or what takes its line protocol. */
export const InfluxConfigSchema = z
  .object({
    kind: z
      .enum(['influxdb2', 'influxdb1', 'victoriametrics'])
      .default('influxdb2')
      .describe('influxdb1 and victoriametrics take /write?db=, with bucket as their database'),
    url: z
      .string()
      .refine(
        isSafeUrl,
        'an address that begins with https://, or http:// on this machine, without a password',
      ),
    org: z.string().min(1).optional().describe('organisation; influxdb2 only'),
    bucket: IdSchema.describe('made at the first start when the token may'),
    tokenFile: z
      .string()
      .optional()
      .describe('file that holds the token, for the others user:password; influxdb2 needs one'),
    caFile: z.string().optional().describe('certificate of the authority that the server’s is from'),
    retentionDays: z
      .int()
      .min(0)
      .max(36_500)
      .default(0)
      .describe('of a bucket that is made by us; 0 keeps for ever'),
  })
  .superRefine(({ kind, org, tokenFile }, context) => {
    const note = (place: string, message: string): void =>
      context.addIssue({ code: 'custom', path: [place], message })
    if (kind === 'influxdb2' && org === undefined) note('org', 'influxdb2 has organisations; name yours')
    if (kind !== 'influxdb2' && org !== undefined) note('org', `${kind} has no organisations; leave it out`)
    if (kind === 'influxdb2' && tokenFile === undefined)
      note('tokenFile', 'influxdb2 takes nothing without a token; name the file that holds it')
  })
export type InfluxConfig = z.output<typeof InfluxConfigSchema>

export const INFLUX_EXAMPLE: z.input<typeof InfluxConfigSchema> = {
  kind: 'influxdb2',
  url: 'https://influxdb.example.org:8086',
  org: 'estate',
  bucket: 'clearlane',
  tokenFile: '/etc/clearlane/influx.token',
  retentionDays: 0,
}

export const inspectInflux = ({ kind, tokenFile, caFile }: InfluxConfig, inspection: Inspection): void => {
  if (caFile !== undefined) inspection.certificate('influx.caFile', caFile)
  if (tokenFile === undefined) return
  if (kind === 'influxdb2') return inspection.secret('influx.tokenFile', tokenFile)
  inspection.file('influx.tokenFile', tokenFile, (text) =>
    /^[^:\s]+:\S+$/.test(text.trim())
      ? ok(undefined)
      : fault('login-invalid', 'it holds no user:password; put both in it, with a colon between'),
  )
}

/** Each has a cursor of its own: another bucket begins with the beginning. */
export const toTarget = ({ kind, url, org, bucket }: InfluxConfig): string =>
  [kind, url, org ?? '', bucket].join(' ')

export const toRetentionS = ({ retentionDays }: InfluxConfig): number => retentionDays * SECONDS_PER_DAY
