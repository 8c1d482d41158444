import type { Service } from '@clearlane/protocol'
import { DomainTimeSchema, IdSchema, MetricsDoorSchema } from '@clearlane/protocol'
import { z } from 'zod'

const LinkConfigSchema = z.discriminatedUnion('kind', [
  z.object({ id: IdSchema, kind: z.literal('tcp'), host: z.string(), port: z.int().min(1).max(65_535) }),
  z.object({
    id: IdSchema,
    kind: z.literal('serial'),
    path: z.string(),
    baud: z.int().min(300).max(4_000_000),
  }),
])

const GatewayConfigSchema = z.object({
  dataDir: z.string().min(1).describe('folder of the two logs and of the documents that the centre sends'),
  site: IdSchema,
  gateway: IdSchema.describe('this gateway, as the layout and the broker know it'),
  links: z
    .array(LinkConfigSchema)
    .min(1)
    .max(16)
    .describe('ways of hearing devices: kind tcp with host and port, or kind serial with path and baud'),
  mqtt: z.object({
    url: z
      .string()
      .regex(/^mqtts?:\/\//, 'an address that begins with mqtt:// or mqtts://')
      .describe('mqtts:// beyond this machine'),
    username: z.string(),
    passwordFile: z.string().describe('file that holds the password and nothing else'),
    caFile: z.string().optional().describe('certificate of the authority that signed the broker'),
    keepaliveS: z.int().min(2).max(3_600).default(30),
  }),
  metrics: MetricsDoorSchema.optional()
    .meta({ examples: [{ host: '127.0.0.1', port: 9_464 }] })
    .describe('where Prometheus may ask for /metrics; nowhere when left out'),
  clock: z
    .object({
      knownAfterMs: z
        .int()
        .default(Date.UTC(2025, 0, 1))
        .describe('a system clock before this is not known, ms UTC'),
    })
    .prefault({}),
  log: z
    .object({
      commitEveryMs: z
        .int()
        .min(1)
        .max(10_000)
        .default(1_000)
        .describe('readings wait at most this long for their sync'),
      retentionDays: z.number().min(0.01).max(365).default(7),
      maxBytes: z
        .int()
        .min(1_000_000)
        .default(2 * 1024 ** 3),
      eventsSyncDelayMs: z
        .int()
        .min(0)
        .max(60_000)
        .default(0)
        .describe('added to every sync of events, for trials'),
      syncDelayMs: z
        .int()
        .min(0)
        .max(60_000)
        .default(0)
        .describe('added to every sync of readings: a slow card, for trials'),
    })
    .prefault({}),
  time: DomainTimeSchema.optional().describe('domain time of a simulated run; leave out in the field'),
})
export type GatewayConfig = z.output<typeof GatewayConfigSchema>

export const GATEWAY_SERVICE: Service<typeof GatewayConfigSchema> = {
  name: 'gateway',
  schema: GatewayConfigSchema,
  example: {
    dataDir: '/var/lib/clearlane/gateway',
    site: 'yuntai-1',
    gateway: 'gw-1',
    links: [
      { id: 'radio', kind: 'serial', path: '/dev/ttyUSB0', baud: 115_200 },
      { id: 'server', kind: 'tcp', host: '127.0.0.1', port: 4_001 },
    ],
    mqtt: {
      url: 'mqtts://broker.example.org:8883',
      username: 'gw-1',
      passwordFile: '/etc/clearlane/gw-1.secret',
    },
  },
  inspect: ({ dataDir, links, mqtt }, inspection) => {
    inspection.folder('dataDir', dataDir)
    const ids = links.map(({ id }) => id)
    for (const [index, id] of ids.entries())
      if (ids.indexOf(id) < index)
        inspection.note(`links.${index}.id`, `${id} is the id of another link too; give each link its own`)
    inspection.secret('mqtt.passwordFile', mqtt.passwordFile)
    if (mqtt.caFile !== undefined) inspection.certificate('mqtt.caFile', mqtt.caFile)
  },
}
