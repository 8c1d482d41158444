import { z } from 'zod'

export const BrokerConfigSchema = z.object({
  host: z.string().default('127.0.0.1').describe('address to listen on; beyond this machine only with tls'),
  port: z.int().min(0).max(65_535).default(1_883),
  identitiesFile: z.string().describe('JSON list of user names, hashed secrets and what each may touch'),
  tls: z
    .object({ certFile: z.string(), keyFile: z.string() })
    .optional()
    .describe('certificate and key, PEM; with them the port speaks mqtts only'),
  drainTimeoutMs: z
    .int()
    .min(50)
    .max(1_000)
    .default(500)
    .describe('a subscriber that takes nothing this long is dropped'),
  maxConnections: z.int().min(1).max(100_000).default(1_000),
})
export type BrokerConfig = z.output<typeof BrokerConfigSchema>

export const EXAMPLE_BROKER_CONFIG: z.input<typeof BrokerConfigSchema> = {
  identitiesFile: '/etc/clearlane/identities.json',
  tls: { certFile: '/etc/clearlane/broker.crt', keyFile: '/etc/clearlane/broker.key' },
}
