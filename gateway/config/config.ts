import type { Service } from '@clearlane/protocol'
import { DomainTimeSchema, IdSchema, LOOPBACK_HOSTS, MetricsDoorSchema } from '@clearlane/protocol'
import { z } from 'zod'
import { isNodeRedInstalled } from '../node-red/node-red-process.ts'

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
  lan: z
    .object({
      broker: z
        .object({
          host: z.string().default('127.0.0.1'),
          port: z.int().min(1).max(65_535),
          tls: z.object({ certFile: z.string(), keyFile: z.string() }).optional(),
        })
        .optional()
        .describe('started by the gateway; left out where it is started by itself'),
      url: z.string().regex(/^mqtts?:\/\//, 'an address that begins with mqtt:// or mqtts://'),
      caFile: z.string().optional(),
      secretsDir: z.string().optional(),
    })
    .optional()
    .meta({ examples: [{ broker: { port: 1_884 }, url: 'mqtt://127.0.0.1:1884' }] })
    .describe('broker of the box, for lamps, panels and Node-RED of the estate; there is none when left out'),
  nodeRed: z
    .object({
      host: z
        .enum(LOOPBACK_HOSTS, 'it has no TLS: listen on 127.0.0.1, ::1 or localhost')
        .default('127.0.0.1'),
      port: z.int().min(1).max(65_535),
      heapMb: z.int().min(96).max(4_096).default(192),
      hungAfterMs: z.int().min(2_000).max(600_000).default(15_000),
    })
    .optional()
    .meta({ examples: [{ port: 1_880 }] })
    .describe('Node-RED over the broker of the box, see docs/NODE-RED.md; there is none when left out'),
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
  inspect: ({ dataDir, links, mqtt, lan, nodeRed }, inspection) => {
    inspection.folder('dataDir', dataDir)
    const ids = links.map(({ id }) => id)
    for (const [index, id] of ids.entries())
      if (ids.indexOf(id) < index)
        inspection.note(`links.${index}.id`, `${id} is the id of another link too; give each link its own`)
    inspection.secret('mqtt.passwordFile', mqtt.passwordFile)
    if (mqtt.caFile !== undefined) inspection.certificate('mqtt.caFile', mqtt.caFile)
    if (lan?.caFile !== undefined) inspection.certificate('lan.caFile', lan.caFile)
    const broker = lan?.broker
    if (broker?.tls !== undefined) {
      inspection.certificate('lan.broker.tls.certFile', broker.tls.certFile)
      inspection.secret('lan.broker.tls.keyFile', broker.tls.keyFile)
    } else if (broker !== undefined && !LOOPBACK_HOSTS.some((host) => host === broker.host))
      inspection.note(
        'lan.broker.host',
        `${broker.host} is beyond this machine and there is no tls; add it, or listen on 127.0.0.1`,
      )
    if (lan?.secretsDir !== undefined) inspection.folder('lan.secretsDir', lan.secretsDir)
    if (nodeRed === undefined) return
    if (lan === undefined)
      inspection.note('nodeRed', 'it hears the estate over the broker of the box; configure lan as well')
    if (!isNodeRedInstalled())
      inspection.note('nodeRed', 'Node-RED is not installed; run npm run node-red-install')
  },
}
