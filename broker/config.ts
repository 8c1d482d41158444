import type { KeyObject } from 'node:crypto'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { dirname } from 'node:path'
import type { Result, Service } from '@clearlane/protocol'
import { fault, MetricsDoorSchema, ok } from '@clearlane/protocol'
import { z } from 'zod'
import { isLoopback } from './broker.ts'
import { parseIdentities, ProvisionedSchema } from './identities.ts'

const BrokerConfigSchema = z.object({
  host: z.string().default('127.0.0.1').describe('address to listen on; beyond this machine only with tls'),
  port: z.int().min(0).max(65_535).default(1_883),
  identitiesFile: z
    .string()
    .optional()
    .describe('JSON list of user names, hashed secrets and what each may touch'),
  identities: z
    .array(ProvisionedSchema)
    .default([])
    .describe('more of them; a secret that is not in its file yet is made there, readable by this user only'),
  tls: z
    .object({ certFile: z.string(), keyFile: z.string() })
    .optional()
    .describe('certificate and key, PEM; with them the port speaks mqtts only'),
  metrics: MetricsDoorSchema.optional()
    .meta({ examples: [{ host: '127.0.0.1', port: 9_465 }] })
    .describe('where Prometheus may ask for /metrics; nowhere when left out'),
  drainTimeoutMs: z
    .int()
    .min(50)
    .max(1_000)
    .default(500)
    .describe('a subscriber that takes nothing this long is dropped'),
  maxConnections: z.int().min(1).max(100_000).default(1_000),
})
export type BrokerConfig = z.output<typeof BrokerConfigSchema>

export const BROKER_SERVICE: Service<typeof BrokerConfigSchema> = {
  name: 'broker',
  schema: BrokerConfigSchema,
  example: {
    identitiesFile: '/etc/clearlane/identities.json',
    tls: { certFile: '/etc/clearlane/broker.crt', keyFile: '/etc/clearlane/broker.key' },
  },
  inspect: ({ host, identitiesFile, identities, tls }, inspection) => {
    if (tls === undefined && !isLoopback(host))
      inspection.note(
        'host',
        `${host} is beyond this machine and there is no tls; add it, or listen on 127.0.0.1`,
      )
    const listed =
      identitiesFile === undefined
        ? []
        : (inspection.file('identitiesFile', identitiesFile, parseIdentities) ?? [])
    if (identitiesFile === undefined && identities.length === 0)
      inspection.note('identitiesFile', 'nobody could connect; name a file, or list identities')
    const names = [...listed, ...identities].map(({ username }) => username)
    for (const [index, { username, secretFile }] of identities.entries()) {
      if (names.indexOf(username) < listed.length + index)
        inspection.note(`identities.${index}.username`, `${username} is listed twice; take one out`)
      inspection.folder(`identities.${index}.secretFile`, dirname(secretFile))
    }
    if (tls === undefined) return
    const cert = inspection.certificate('tls.certFile', tls.certFile)
    const key = inspection.file('tls.keyFile', tls.keyFile, parsePrivateKey)
    if (cert === undefined || key === undefined) return
    if (!new X509Certificate(cert).checkPrivateKey(key))
      inspection.note('tls', 'the key is not that of the certificate; name the two that were made together')
  },
}

const parsePrivateKey = (text: string): Result<KeyObject> => {
  try {
    return ok(createPrivateKey(text))
  } catch {
    return fault('key-invalid', 'it holds no private key; name a file in PEM format, without a passphrase')
  }
}
