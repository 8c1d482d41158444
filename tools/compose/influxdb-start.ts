import { existsSync, readFileSync } from 'node:fs'
import { z } from 'zod'
import { HISTORY_TOKEN, INFLUX_TOKEN, INFLUXDB_NAME, INFLUXDB_URL, toRun, writePrivate } from './places.ts'

/**
 * Ends when the InfluxDB has an organisation, a bucket that InfluxQL finds, and a token for each who needs it: the platform writes, Grafana
 * reads. What is there already is kept; a token that the server no longer takes is made again.
 */
const SetupSchema = z.object({ allowed: z.boolean() })
const BucketsSchema = z.object({ buckets: z.array(z.object({ id: z.string(), orgID: z.string() })) })
const MappingsSchema = z.object({
  content: z.array(z.object({ database: z.string(), virtual: z.boolean().optional() })).default([]),
})
const TokenSchema = z.object({ token: z.string() })

const adminToken = readFileSync(toRun('influxdb', 'admin-token'), 'utf8')

const ask = async (path: string, token: string, body?: object): Promise<Response> =>
  fetch(`${INFLUXDB_URL}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Token ${token}`, 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })

const askFor = async <T>(schema: z.ZodType<T>, path: string, body?: object): Promise<T> => {
  const answer = await ask(path, adminToken, body)
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`)
  return schema.parse(JSON.parse(text))
}

const { allowed } = await askFor(SetupSchema, '/api/v2/setup')
if (allowed)
  await askFor(z.unknown(), '/api/v2/setup', {
    username: 'admin',
    password: readFileSync(toRun('influxdb', 'admin-password'), 'utf8'),
    org: INFLUXDB_NAME,
    bucket: INFLUXDB_NAME,
    retentionPeriodSeconds: 0,
    token: adminToken,
  })

const bucketPath = `/api/v2/buckets?org=${INFLUXDB_NAME}&name=${INFLUXDB_NAME}`
const [bucket] = (await askFor(BucketsSchema, bucketPath)).buckets
if (bucket === undefined) throw new Error(`there is no bucket ${INFLUXDB_NAME}`)

// A bucket that nobody mapped is found by its name too, but only as long as nobody maps another database to it.
const { content } = await askFor(MappingsSchema, `/api/v2/dbrps?orgID=${bucket.orgID}&bucketID=${bucket.id}`)
if (!content.some(({ database, virtual }) => database === INFLUXDB_NAME && virtual !== true))
  await askFor(z.unknown(), '/api/v2/dbrps', {
    orgID: bucket.orgID,
    bucketID: bucket.id,
    database: INFLUXDB_NAME,
    retention_policy: 'autogen',
    default: true,
  })

const BUCKET = { type: 'buckets', id: bucket.id, orgID: bucket.orgID }
const MAPPINGS = { type: 'dbrp', orgID: bucket.orgID }
const keepToken = async (
  file: string,
  description: string,
  permissions: readonly object[],
): Promise<void> => {
  if (existsSync(file) && (await ask(bucketPath, readFileSync(file, 'utf8'))).ok) return
  const { token } = await askFor(TokenSchema, '/api/v2/authorizations', {
    orgID: bucket.orgID,
    description,
    permissions,
  })
  writePrivate(file, token)
}
await keepToken(toRun('platform', INFLUX_TOKEN), 'the platform', [
  { action: 'read', resource: BUCKET },
  { action: 'write', resource: BUCKET },
  { action: 'read', resource: MAPPINGS },
])
await keepToken(toRun('grafana', HISTORY_TOKEN), 'Grafana', [{ action: 'read', resource: BUCKET }])
