import { Hono } from 'hono'
import type { Context } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { readQueryParameters, readToken } from './query-request.ts'
import type { QueryOutcome, QueryRunner } from './query-runner.ts'
import { findTokenOwner } from './query-tokens.ts'

export type QueryRouteParts = {
  /** The one database, by its name. */
  readonly site: string
  readonly tokensFile: string
  readonly runner: QueryRunner
  readonly nowMs: () => number
  readonly onFailure: (failure: unknown) => void
}

const MAX_BODY_BYTES = 1024 * 1024
/** What a client may take this for: the InfluxDB whose doors these are. */
const VERSION = '1.8.10-clearlane'
const JSON_TYPES = /application\/json|\*\/\*|application\/\*/
const OTHER_TYPES = /(application|text)\/csv|application\/x-msgpack/

/** A fault in the shape of InfluxDB 1.x. */
export const refuseQuery = (c: Context, error: string, status: ContentfulStatusCode): Response =>
  c.body(`${JSON.stringify({ error })}\n`, status, { 'content-type': 'application/json' })
export const isOfQuery = (path: string): boolean => path === '/query' || path === '/ping'

/** `/query` and `/ping` as InfluxDB 1.x has them, so that whatever reads InfluxQL from it reads a site's history. */
export const createQueryRoutes = ({ site, tokensFile, runner, nowMs, onFailure }: QueryRouteParts): Hono => {
  const app = new Hono()
  app.onError((cause, c) => {
    if (c.req.raw.signal.aborted) return refuseQuery(c, 'the request was broken off', 400)
    onFailure(cause)
    return refuseQuery(c, 'internal error; why stands in the log of the platform', 500)
  })
  for (const path of ['/query', '/ping'])
    app.use(path, async (c, next) => {
      await next()
      c.header('x-influxdb-version', VERSION)
    })
  app.get('/ping', (c) => c.body(null, 204))
  app.use(
    '/query',
    bodyLimit({
      maxSize: MAX_BODY_BYTES,
      onError: (c) => {
        // The rest of the body is not read, so nothing else can follow on its connection.
        c.header('connection', 'close')
        return refuseQuery(c, 'Request Entity Too Large', 413)
      },
    }),
  )
  app.on(['GET', 'POST'], '/query', async (c) => {
    if (c.req.method === 'HEAD') return refuseMethod(c)
    const token = readToken(c.req.raw)
    if (token === undefined) return refuseToken(c, 'unable to parse authentication credentials')
    const owner = findTokenOwner(tokensFile, token)
    if (owner === undefined) return refuseToken(c, 'authorization failed')
    const accept = c.req.header('accept') ?? '*/*'
    const [other] = OTHER_TYPES.exec(accept) ?? []
    if (other !== undefined && !JSON_TYPES.test(accept))
      return refuseQuery(c, `${other} is not supported, ask for application/json`, 406)
    const asked = await readParameters(c)
    if (asked instanceof Response) return asked
    const { q, db, rp, hasBoundValues, ...form } = asked
    if (q === '') return refuseQuery(c, 'missing required parameter "q"', 400)
    if (hasBoundValues) return refuseQuery(c, 'error parsing query parameters: params are not supported', 400)
    if (db !== undefined && db !== owner.site)
      return refuseQuery(
        c,
        `error authorizing query: ${owner.name} not authorized to execute the query, requires READ on ${db}`,
        403,
      )
    const databases = owner.site === site ? [site] : []
    const request = { query: q, database: db, retentionPolicy: rp, databases, nowMs: nowMs(), ...form }
    return answer(c, await runner.run(request, c.req.raw.signal), onFailure)
  })
  app.all('/ping', refuseMethod)
  app.all('/query', refuseMethod)
  return app
}

const answer = (c: Context, outcome: QueryOutcome, onFailure: (failure: unknown) => void): Response => {
  switch (outcome.kind) {
    case 'answered': {
      const [only, ...rest] = outcome.pieces
      const body = only !== undefined && rest.length === 0 ? new Uint8Array(only) : toStream(outcome.pieces)
      return c.body(body, outcome.isRefused ? 400 : 200, { 'content-type': 'application/json' })
    }
    case 'too-many':
      return refuseQuery(c, `max-concurrent-queries limit exceeded(${outcome.count}, ${outcome.limit})`, 503)
    case 'too-slow':
      return refuseQuery(c, 'query-timeout limit exceeded', 503)
    case 'too-large':
      return refuseQuery(c, 'the query needs more memory than one may have', 503)
    case 'left':
      return refuseQuery(c, 'query interrupted', 400)
    case 'failed':
      onFailure(new Error(outcome.message))
      return outcome.isAway
        ? refuseQuery(c, 'the history does not answer; nothing is lost, try again later', 503)
        : refuseQuery(c, 'internal error; why stands in the log of the platform', 500)
  }
}

const toStream = (pieces: readonly Uint8Array[]): ReadableStream<Uint8Array> => {
  const rest = pieces.values()
  return new ReadableStream({
    pull: (controller) => {
      const { value, done } = rest.next()
      if (done === true) controller.close()
      else controller.enqueue(value)
    },
  })
}

/** A multipart body that is none says nothing. */
const readParameters = async (c: Context) => {
  try {
    return await readQueryParameters(c.req.raw)
  } catch (cause) {
    if (cause instanceof TypeError) return refuseQuery(c, 'missing required parameter "q"', 400)
    throw cause
  }
}

const refuseToken = (c: Context, error: string): Response => {
  c.header('www-authenticate', 'Basic realm="Clearlane"')
  return refuseQuery(c, error, 401)
}

const refuseMethod = (c: Context): Response => {
  c.header('allow', c.req.path === '/ping' ? 'GET, HEAD' : 'GET, POST')
  return c.body('Method Not Allowed\n', 405, { 'content-type': 'text/plain; charset=utf-8' })
}
