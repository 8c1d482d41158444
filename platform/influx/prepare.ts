import type { InfluxDB } from '@influxdata/influxdb-client'
import { HttpError } from '@influxdata/influxdb-client'
import type { Bucket } from '@influxdata/influxdb-client-apis'
import { BucketsAPI, DbrpsAPI, OrgsAPI } from '@influxdata/influxdb-client-apis'
import type { InfluxConfig } from './config.ts'
import { toRetentionS } from './config.ts'
import type { Later } from './write-answer.ts'

/** What was found or made; `missing` says in a sentence each what a person has to do. */
export type Preparation = { readonly kind: 'ready'; readonly missing: readonly string[] } | Later

const RETENTION_POLICY = 'autogen'

/**
 * Bucket, retention and the mapping by which InfluxQL finds the bucket as a database. A token that may only write is
 * enough where all of it is there; a bucket that exists keeps the retention that it has.
 */
export const prepareInfluxdb2 = async (influx: InfluxDB, config: InfluxConfig): Promise<Preparation> => {
  const { org = '', bucket: name } = config
  const missing: string[] = []
  const found = await findBucket(influx, org, name)
  const bucket = found === 'none' ? await createBucket(influx, config, missing) : found
  if (bucket === undefined)
    missing.push(`the token may not read the bucket ${name}, so nothing more is known of it`)
  else if (typeof bucket === 'object') {
    const retentionS = bucket.retentionRules[0]?.everySeconds ?? 0
    if (retentionS !== toRetentionS(config))
      missing.push(
        `the bucket ${name} keeps ${toDays(retentionS)}, not ${toDays(toRetentionS(config))}: change one`,
      )
    await mapDatabase(influx, org, bucket, missing)
  }
  return { kind: 'ready', missing }
}

/** A token that may not read a bucket that is there is shown an empty list. */
const findBucket = async (
  influx: InfluxDB,
  org: string,
  name: string,
): Promise<Bucket | 'none' | undefined> => {
  try {
    const { buckets = [] } = await new BucketsAPI(influx).getBuckets({ org, name })
    return buckets[0]
  } catch (cause) {
    if (isStatus(cause, 404)) return 'none'
    throw cause
  }
}

const createBucket = async (
  influx: InfluxDB,
  config: InfluxConfig,
  missing: string[],
): Promise<Bucket | 'none'> => {
  const { org = '', bucket: name } = config
  try {
    const { orgs = [] } = await new OrgsAPI(influx).getOrgs({ org })
    const orgID = orgs[0]?.id
    if (orgID === undefined) {
      missing.push(
        `there is no bucket ${name}, and the token may not see the organisation ${org}: make the bucket`,
      )
      return 'none'
    }
    const everySeconds = toRetentionS(config)
    return await new BucketsAPI(influx).postBuckets({
      body: { orgID, name, retentionRules: everySeconds === 0 ? [] : [{ type: 'expire', everySeconds }] },
    })
  } catch (cause) {
    if (isStatus(cause, 404)) missing.push(`there is no organisation ${org}`)
    else if (isRefusedAccess(cause))
      missing.push(`there is no bucket ${name}, and the token may not make one`)
    else throw cause
    return 'none'
  }
}

/** A mapping that InfluxDB only derives from the name is made a lasting one. */
const mapDatabase = async (
  influx: InfluxDB,
  org: string,
  { id: bucketID = '', name }: Bucket,
  missing: string[],
): Promise<void> => {
  const api = new DbrpsAPI(influx)
  try {
    const { content = [] } = await api.getDBRPs({ org, bucketID })
    if (content.some(({ database, virtual }) => database === name && virtual !== true)) return
    await api.postDBRP({
      body: { org, bucketID, database: name, retention_policy: RETENTION_POLICY, default: true },
    })
  } catch (cause) {
    if (!isRefusedAccess(cause)) throw cause
    missing.push(`the token may not map the database ${name} to its bucket: InfluxQL may not find it`)
  }
}

/** An InfluxDB 1.x. */
export const prepareDatabase = async (influx: InfluxDB, name: string): Promise<Preparation> => {
  try {
    await influx.transport.request(
      '/query',
      new URLSearchParams({ q: `CREATE DATABASE "${name}"` }).toString(),
      { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
    )
    return { kind: 'ready', missing: [] }
  } catch (cause) {
    if (!isStatus(cause, 403)) throw cause
    return { kind: 'ready', missing: [`this user may not make the database ${name}; it may be there`] }
  }
}

const toDays = (seconds: number): string => (seconds === 0 ? 'for ever' : `${seconds / 86_400} days`)

const isStatus = (cause: unknown, status: number): boolean =>
  cause instanceof HttpError && cause.statusCode === status

const isRefusedAccess = (cause: unknown): boolean => isStatus(cause, 401) || isStatus(cause, 403)
