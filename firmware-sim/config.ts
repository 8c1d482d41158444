import { dirname } from 'node:path'
import type { Service } from '@clearlane/protocol'
import { DomainTimeSchema } from '@clearlane/protocol'
import { z } from 'zod'
import { parseSiteFile } from './estate.ts'

const SimulatorConfigSchema = z.object({
  dataDir: z.string().min(1).describe('folder of what the devices and the world remember'),
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

export const SIMULATOR_SERVICE: Service<typeof SimulatorConfigSchema> = {
  name: 'firmware-sim',
  schema: SimulatorConfigSchema,
  example: {
    dataDir: 'data/firmware-sim',
    ledgerFile: 'data/ledger.ndjson',
    siteFile: 'firmware-sim/sites/demo.json',
    link: { kind: 'tcp', port: 4_001 },
  },
  inspect: ({ dataDir, ledgerFile, siteFile }, inspection) => {
    inspection.folder('dataDir', dataDir)
    inspection.folder('ledgerFile', dirname(ledgerFile))
    inspection.file('siteFile', siteFile, parseSiteFile)
  },
}
