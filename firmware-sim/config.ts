import { DomainTimeSchema } from '@clearlane/protocol'
import { z } from 'zod'

export const SimulatorConfigSchema = z.object({
  dataDir: z.string().describe('folder of what the devices and the world remember'),
  ledgerFile: z.string().describe('the truth, a JSON line for each reading and each stay'),
  siteFile: z.string().describe('layout and magnetometer part of the estate'),
  link: z
    .discriminatedUnion('kind', [
      z.object({
        kind: z.literal('tcp'),
        host: z.string().default('127.0.0.1'),
        port: z.int().min(0).max(65_535),
      }),
      z.object({ kind: z.literal('serial'), path: z.string(), baud: z.int().default(115_200) }),
    ])
    .describe('tcp listens as a serial device server does; serial opens a device'),
  seed: z.int().min(0).default(1),
  heartbeatMs: z.int().min(100).max(86_400_000).default(30_000),
  arrivalsPerHour: z.number().positive().max(100_000).default(300).describe('vehicles in the whole estate'),
  dwellMs: z.int().min(1_000).default(20_000).describe('dwell around which the lengths of stays are spread'),
  momentScale: z.number().min(0).max(10).default(1).describe('0 takes all magnetism from the vehicles'),
  headingOffsetDegrees: z.number().min(0).max(360).default(0),
  time: DomainTimeSchema.optional().describe('domain time of a fast run'),
})
export type SimulatorConfig = z.output<typeof SimulatorConfigSchema>

export const EXAMPLE_SIMULATOR_CONFIG: z.input<typeof SimulatorConfigSchema> = {
  dataDir: 'data/firmware-sim',
  ledgerFile: 'data/ledger.ndjson',
  siteFile: 'firmware-sim/sites/demo.json',
  link: { kind: 'tcp', port: 4_001 },
}
