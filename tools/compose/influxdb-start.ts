import { existsSync, readFileSync } from 'node:fs'
import { z } from 'zod'
import { HISTORY_TOKEN, INFLUX_TOKEN, INFLUXDB_NAME, INFLUXDB_URL, toRun, writePrivate } from './places.ts'

/**
 * Ends when the InfluxDB has an organisation, a bucket, and a token for each who needs it: the platform writes, Grafana
 * reads. What is there already is kept; a token that the server no longer takes is made again.
 */
const SetupSchema = z.object({ allowed: z.boolean() })
const BucketsSchema = z.object({ buckets: z.array(z.object({ id: z.string(), orgID: z.string() })) })
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

const keepToken = async (file: string, description: string, actions: readonly string[]): Promise<void> => {
  if (existsSync(file) && (await ask(bucketPath, readFileSync(file, 'utf8'))).ok) return
  const resource = { type: 'buckets', id: bucket.id, orgID: bucket.orgID }
  const { token } = await askFor(TokenSchema, '/api/v2/authorizations', {
    orgID: bucket.orgID,
    description,
    permissions: actions.map((action) => ({ action, resource })),
  })
  writePrivate(file, token)
}
await keepToken(toRun('platform', INFLUX_TOKEN), 'the platform', ['read', 'write'])
await keepToken(toRun('grafana', HISTORY_TOKEN), 'Grafana', ['read'])
