import {
  ChannelSchema,
  GatewayViewSchema,
  InfluxViewSchema,
  isLoopbackHost,
  LogRowSchema,
  NoteViewSchema,
  SectionViewSchema,
  StatusSchema,
  WebhookViewSchema,
} from '@clearlane/protocol'
import type {
  CommandMessage,
  InfluxView,
  Metrics,
  NoteView,
  ReplyMessage,
  Status,
  WebhookView,
} from '@clearlane/protocol'
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import type { Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { compress } from 'hono/compress'
import { HTTPException } from 'hono/http-exception'
import { streamSSE } from 'hono/streaming'
import type { Documents } from '../documents/documents.ts'
import type { Episodes } from '../episodes/episodes.ts'
import type { BoundHistory } from '../history/bound-history.ts'
import type { Live } from '../live.ts'
import type { Log } from '../log/log.ts'
import { isOfQuery, refuseQuery } from '../query/query-routes.ts'
import { hasRows } from '../log/log.ts'
import type { Views } from '../views.ts'
import { errors, json, page, refuse } from './answers.ts'
import { serveConsole } from './console-files.ts'
import { addDocumentRoutes } from './document-routes.ts'
import { addEpisodeRoutes } from './episode-routes.ts'
import type { ErrorCode } from './error-codes.ts'
import { ERROR_STATUS } from './error-codes.ts'
import { addPlanRoutes } from './plan-routes.ts'
import { limitQuery, timeQuery } from './queries.ts'
import type { RequestCounts } from './request-counts.ts'
import { addSlotRoutes } from './slot-routes.ts'

export type ApiParts = {
  readonly site: string
  readonly documents: Documents
  readonly episodes: Episodes
  readonly history: BoundHistory
  readonly log: Log
  readonly views: Views
  readonly live: Live
  readonly status: () => Status
  readonly webhooks: () => WebhookView[]
  /** Empty where none is configured. */
  readonly influx: () => InfluxView[]
  /** Newest first. */
  readonly notes: (limit: number) => NoteView[]
  readonly metrics: Metrics
  readonly requests: RequestCounts
  readonly nowMs: () => number
  /** Sends a command to a gateway; undefined when it does not answer in time. */
  readonly command: (gateway: string, command: CommandMessage) => Promise<ReplyMessage | undefined>
  readonly newId: () => string
  /** What answers InfluxQL, in the shapes of InfluxDB and not in ours. */
  readonly query: Hono
  readonly consoleDir: string | undefined
  /** A request that could not be answered by a fault of ours. */
  readonly onFailure: (failure: RequestFailure) => void
}
export type RequestFailure = { readonly method: string; readonly path: string; readonly cause: unknown }

const MAX_BODY_BYTES = 32 * 1024 * 1024
const ALIVE_EVERY_MS = 5_000

/** The HTTP API and the console's files. Bound to loopback until there are people and sign-in. */
export const createApi = (parts: ApiParts) => {
  const { site, documents, log, views, live, status, nowMs } = parts
  const app = new OpenAPIHono({
    defaultHook: (result, c) => {
      if (result.success) return undefined
      const issue = result.error.issues[0]
      const place = issue?.path.map(String).join('.') || 'request'
      return refuse(c, 'bad-request', `${place}: ${issue?.message ?? 'not valid'}`)
    },
  })
  app.onError((error, c) => {
    if (error instanceof HTTPException) return refuse(c, 'bad-request', error.message)
    // A body breaks off when whoever sends it goes away.
    if (c.req.raw.signal.aborted) return refuse(c, 'bad-request', 'the request was broken off')
    parts.onFailure({ method: c.req.method, path: c.req.path, cause: error })
    return refuse(c, 'internal', 'the platform could not answer; why stands in its log')
  })
  app.use(parts.requests.count)
  app.use(async (c, next) => {
    // A page of another site whose name was made to point here must not read or command the estate.
    if (!isLoopbackHost(c.req.header('host')))
      return refuseHere(c, 'host-refused', 'ask for this machine by 127.0.0.1 or localhost')
    const origin = c.req.header('origin')
    const isWrite = c.req.method !== 'GET' && c.req.method !== 'HEAD'
    if (isWrite && origin !== undefined && !isLoopbackHost(hostOf(origin))) {
      return refuseHere(c, 'origin-refused', `changes come from the console, not from ${origin}`)
    }
    await next()
    return undefined
  })
  const v1 = '/api/v1'
  const compressed = compress()
  // A phone waits for the wire. Whoever reads the raw log is on this machine, and waits for the processor.
  app.use((c, next) => (c.req.path === `${v1}/log` ? next() : compressed(c, next)))
  app.route('/', parts.query)
  addPlanRoutes(app, `${v1}/plan`, documents)
  app.use(
    bodyLimit({
      maxSize: MAX_BODY_BYTES,
      onError: (c) => refuse(c, 'too-large', `at most ${MAX_BODY_BYTES} bytes`),
    }),
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: `${v1}/status`,
      responses: { 200: json(StatusSchema, 'the platform itself'), ...errors },
    }),
    (c) => c.json(status(), 200),
  )
  app.openapi(
    createRoute({
      method: 'get',
      path: `${v1}/webhooks`,
      responses: { 200: json(page(WebhookViewSchema), 'each with what it was told'), ...errors },
    }),
    (c) => c.json({ items: parts.webhooks() }, 200),
  )
  app.openapi(
    createRoute({
      method: 'get',
      path: `${v1}/influx`,
      responses: {
        200: json(page(InfluxViewSchema), 'the server that has the history too, if any'),
        ...errors,
      },
    }),
    (c) => c.json({ items: parts.influx() }, 200),
  )
  app.openapi(
    createRoute({
      method: 'get',
      path: `${v1}/notes`,
      request: { query: z.object({ limit: limitQuery(1_000) }) },
      responses: { 200: json(page(NoteViewSchema), 'what flows have told people, newest first'), ...errors },
    }),
    (c) => c.json({ items: parts.notes(c.req.valid('query').limit) }, 200),
  )
  app.openapi(
    createRoute({
      method: 'get',
      path: `${v1}/sections`,
      responses: { 200: json(page(SectionViewSchema), 'every section as it is now'), ...errors },
    }),
    (c) => c.json({ items: views.sections() }, 200),
  )
  app.openapi(
    createRoute({
      method: 'get',
      path: `${v1}/log`,
      request: {
        query: z.object({
          after: timeQuery.min(0).default(0),
          limit: limitQuery(500),
          channel: ChannelSchema.optional(),
        }),
      },
      responses: { 200: json(page(LogRowSchema), 'raw rows as committed, nothing overwritten'), ...errors },
    }),
    async (c) => {
      const { after, limit, channel } = c.req.valid('query')
      const entries = await log.read(after, limit, channel)
      const last = entries.at(-1)
      const items = entries.flatMap(({ channel: own, text, ...entry }) =>
        hasRows(own)
          ? [{ ...entry, channel: own, rows: JSON.parse(text) as z.infer<typeof LogRowSchema>['rows'] }]
          : [],
      )
      return c.json(
        { items, ...(last !== undefined && entries.length === limit && { next: String(last.position) }) },
        200,
      )
    },
  )
  addDocumentRoutes(app, v1, parts)
  addEpisodeRoutes(app, v1, parts)
  addSlotRoutes(app, v1, parts)
  app.openapi(
    createRoute({
      method: 'get',
      path: `${v1}/gateways`,
      responses: {
        200: json(page(GatewayViewSchema), 'each with its last word on its own health'),
        ...errors,
      },
    }),
    (c) => c.json({ items: views.gateways() }, 200),
  )
  app.openapi(
    createRoute({
      method: 'get',
      path: `${v1}/gateways/{gateway}`,
      request: { params: z.object({ gateway: z.string() }) },
      responses: { 200: json(GatewayViewSchema, 'its last word on its own health'), ...errors },
    }),
    (c) => {
      const { gateway } = c.req.valid('param')
      const view = views.gateways().find((one) => one.gateway === gateway)
      return view === undefined ? refuse(c, 'not-found', `no gateway ${gateway} is known`) : c.json(view, 200)
    },
  )
  app.get(`${v1}/live`, (c) =>
    streamSSE(c, async (stream) => {
      let waiting = 0
      const { promise: ended, resolve: end } = Promise.withResolvers<void>()
      const send = (text: string): number => {
        waiting += text.length
        stream.writeSSE({ data: text }).then(() => (waiting -= text.length), end)
        return waiting
      }
      const leave = live.listen({ send, drop: end })
      if (leave === undefined)
        return stream.writeSSE({ event: 'refused', data: '{"code":"too-many-listeners"}' })
      stream.onAbort(end)
      send(JSON.stringify(views.hello()))
      const alive = setInterval(() => send(JSON.stringify({ kind: 'alive', nowMs: nowMs() })), ALIVE_EVERY_MS)
      await ended
      clearInterval(alive)
      leave()
      return undefined
    }),
  )
  app.doc31(`${v1}/openapi.json`, { openapi: '3.1.0', info: { title: `Clearlane, ${site}`, version: '1' } })
  app.all(`${v1}/*`, (c) =>
    refuse(c, 'not-found', `${c.req.method} ${c.req.path} is not part of the API; see ${v1}/openapi.json`),
  )
  app.get('/metrics', async (c) =>
    c.text(await parts.metrics.text(), 200, { 'content-type': parts.metrics.contentType }),
  )
  app.get('*', (c) => serveConsole(c, parts.consoleDir))
  return app
}

const refuseHere = (c: Context, code: ErrorCode, message: string): Response =>
  isOfQuery(c.req.path) ? refuseQuery(c, message, ERROR_STATUS[code]) : refuse(c, code, message)

const hostOf = (origin: string): string | undefined =>
  URL.canParse(origin) ? new URL(origin).host : undefined
