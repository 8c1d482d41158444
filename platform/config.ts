import { DomainTimeSchema, IdSchema } from '@clearlane/protocol'
import { z } from 'zod'

const syncDelay = (what: string) =>
  z.int().min(0).max(60_000).default(0).describe(`added to ${what}, for trials`)

export const PlatformConfigSchema = z.object({
  dataDir: z.string().describe('folder of the log and of everything made from it'),
  site: IdSchema,
  http: z
    .object({
      host: z
        .enum(['127.0.0.1', '::1', 'localhost'])
        .default('127.0.0.1')
        .describe('this machine only, until there is sign-in'),
      port: z.int().min(0).max(65_535).default(8_080),
    })
    .prefault({}),
  mqtt: z.object({
    url: z.string().regex(/^mqtts?:\/\//, 'an address that begins with mqtt:// or mqtts://'),
    username: z.string(),
    passwordFile: z.string().describe('file that holds the password and nothing else'),
    caFile: z.string().optional(),
    keepaliveS: z.int().min(2).max(3_600).default(30),
  }),
  log: z.object({ syncDelayMs: syncDelay('every sync of the log: a slow disk') }).prefault({}),
  history: z.object({ syncDelayMs: syncDelay('every commit of the history: a slow database') }).prefault({}),
  layoutFile: z.string().describe('layout for the first start; later ones are kept in dataDir'),
  rulesFile: z.string().describe('rule set for the first start'),
  consoleDir: z.string().optional().describe('the built console'),
  time: DomainTimeSchema.optional().describe('domain time of a simulated run; leave out in the field'),
})
export type PlatformConfig = z.output<typeof PlatformConfigSchema>

export const EXAMPLE_PLATFORM_CONFIG: z.input<typeof PlatformConfigSchema> = {
  dataDir: '/var/lib/clearlane/platform',
  site: 'yuntai-1',
  mqtt: {
    url: 'mqtts://broker.example.org:8883',
    username: 'platform',
    passwordFile: '/etc/clearlane/platform.secret',
  },
  layoutFile: '/etc/clearlane/layout.json',
  rulesFile: '/etc/clearlane/rules.json',
  consoleDir: '/opt/clearlane/console/dist',
}
