import type { Service } from '@clearlane/protocol'
import {
  checkLanes,
  DomainTimeSchema,
  fault,
  fromJson,
  IdSchema,
  LOOPBACK_HOSTS,
  ok,
  parseLayout,
  parseRuleSet,
} from '@clearlane/protocol'
import { z } from 'zod'
import { DEFAULT_RETENTION } from './history/sqlite-history.ts'
import { INFLUX_EXAMPLE, InfluxConfigSchema, inspectInflux } from './influx/config.ts'
import { isSafeUrl } from './safe-url.ts'
import { WebhooksConfigSchema } from './webhooks/webhook.ts'

const days = z.int().min(2).max(36_500)
const syncDelay = (what: string) =>
  z.int().min(0).max(60_000).default(0).describe(`added to ${what}, for trials`)

export const PlatformConfigSchema = z.object({
  dataDir: z.string().min(1).describe('folder of the log and of everything made from it'),
  site: IdSchema,
  http: z
    .object({
      host: z
        .enum(LOOPBACK_HOSTS, 'there is no sign-in yet: listen on 127.0.0.1, ::1 or localhost')
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
  history: z
    .object({
      syncDelayMs: syncDelay('every commit of the history: a slow database'),
      fullDays: days.default(DEFAULT_RETENTION.fullDays).describe('days of which everything is kept'),
      thinnedMinutes: z
        .int()
        .min(1)
        .max(1_440)
        .default(DEFAULT_RETENTION.thinnedMinutes)
        .describe('of older days one reading a slot in so many minutes is kept'),
      keepDays: days.default(DEFAULT_RETENTION.keepDays).describe('days after which nothing is kept'),
    })
    .prefault({}),
  layoutFile: z.string().describe('layout for the first start; later ones are kept in dataDir'),
  rulesFile: z.string().describe('rule set for the first start'),
  consoleDir: z.string().optional().describe('the built console'),
  webhooks: WebhooksConfigSchema.default([]).describe(
    'where else alarms are told, one message each and one at the end',
  ),
  influx: InfluxConfigSchema.optional()
    .describe('another place where the history is kept')
    .meta({ examples: [INFLUX_EXAMPLE] }),
  grafanaUrl: z
    .url({ protocol: /^https?$/, error: 'an address that begins with http:// or https://' })
    .optional()
    .describe('where Grafana answers a browser, for the links to it; left out, there are none'),
  time: DomainTimeSchema.optional().describe('domain time of a simulated run; leave out in the field'),
})
export type PlatformConfig = z.output<typeof PlatformConfigSchema>

export const PLATFORM_SERVICE: Service<typeof PlatformConfigSchema> = {
  name: 'platform',
  schema: PlatformConfigSchema,
  example: {
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
  },
  inspect: ({ dataDir, site, mqtt, layoutFile, rulesFile, webhooks, influx }, inspection) => {
    inspection.folder('dataDir', dataDir)
    inspection.secret('mqtt.passwordFile', mqtt.passwordFile)
    if (mqtt.caFile !== undefined) inspection.certificate('mqtt.caFile', mqtt.caFile)
    for (const [index, { urlFile, secretFile }] of webhooks.entries()) {
      const place = `webhooks.${index}`
      inspection.file(`${place}.urlFile`, urlFile, (text) =>
        isSafeUrl(text.trim())
          ? ok(undefined)
          : fault('url-invalid', 'it holds no address that begins with https://; put the address in it'),
      )
      if (secretFile !== undefined) inspection.secret(`${place}.secretFile`, secretFile)
    }
    if (influx !== undefined) inspectInflux(influx, inspection)
    const layout = inspection.file('layoutFile', layoutFile, fromJson(parseLayout))
    const rules = inspection.file('rulesFile', rulesFile, fromJson(parseRuleSet))
    if (layout !== undefined && layout.site !== site)
      inspection.note('layoutFile', `it is of the site ${layout.site}, not of ${site}; name that of ${site}`)
    if (rules !== undefined && rules.site !== site)
      inspection.note('rulesFile', `it is of the site ${rules.site}, not of ${site}; name that of ${site}`)
    const lanes = layout === undefined || rules === undefined ? undefined : checkLanes(rules, layout)
    if (lanes?.ok === false) inspection.note('rulesFile', lanes.fault.detail)
  },
}
