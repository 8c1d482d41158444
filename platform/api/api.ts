import {
  ApiErrorSchema,
  BindRequestSchema,
  ChannelSchema,
  EndEpisodeRequestSchema,
  EpisodeDetailSchema,
  EpisodeViewSchema,
  GatewayViewSchema,
  LayoutSchema,
  LogRowSchema,
  ReadingSchema,
  RuleSetSchema,
  SectionViewSchema,
  SeenRequestSchema,
  StatusSchema,
  UnknownDeviceViewSchema,
} from '@clearlane/protocol'
import type { CommandMessage, Fault, ReplyMessage, Status } from '@clearlane/protocol'
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { HTTPException } from 'hono/http-exception'
import { streamSSE } from 'hono/streaming'
import type { Documents } from '../documents/documents.ts'
import type { Episodes } from '../episodes/episodes.ts'
import type { BoundReadings } from '../history/bound-readings.ts'
import type { Live } from '../live.ts'
import type { Log } from '../log/log.ts'
import type { Views } from '../views.ts'
import { serveConsole } from './console-files.ts'
import type { ErrorCode } from './error-codes.ts'
import { ERROR_STATUS } from './error-codes.ts'

export type ApiParts = {
  readonly site: string
  readonly documents: Documents
  readonly episodes: Episodes
  readonly readings: BoundReadings
  readonly log: Log
  readonly views: Views
  readonly live: Live
  readonly status: () => Status
  readonly nowMs: () => number
  /** Sends a command to a gateway; undefined when it does not answer in time. */
  readonly command: (gateway: string, command: CommandMessage) => Promise<ReplyMessage | undefined>
  readonly newId: () => string
  readonly consoleDir: string | undefined
  /** A request that could not be answered by a fault of ours. */
  readonly onFailure: (failure: RequestFailure) => void
}
export type RequestFailure = { readonly method: string; readonly path: string; readonly cause: unknown }

const MAX_BODY_BYTES = 32 * 1024 * 1024
const ALIVE_EVERY_MS = 5_000

const limitQuery = (max: number) => z.coerce.number().int().min(1).max(max).default(Math.min(max, 500))
const timeQuery = z.coerce.number().int()
/** Where the next page begins, as the one before it said: numbers and ids with tildes between. */
const EPISODES_CURSOR = /^\d+~[A-Za-z0-9._-]+$/
const READINGS_CURSOR = /^\d+~[0-9a-f]{16}~\d+~\d+$/
const cursorQuery = (pattern: RegExp) =>
  z.string().regex(pattern, 'give back `next` of the page before it, as it is').optional()
const json = <S extends z.ZodType>(schema: S, description: string) => ({
  description,
  content: { 'application/json': { schema } },
})
const errors = { default: json(ApiErrorSchema, 'what was wrong, and what to do') }
const page = <S extends z.ZodType>(schema: S) =>
  z.object({ items: z.array(schema), next: z.string().optional() })
const versioned = z.object({
  version: z.coerce.number().int().describe('the version that the change was made from'),
})

/** The HTTP API and the console's files. Bound to loopback until there are people and sign-in. */
export const createApi = (parts: ApiParts) => {
  const { site, documents, episodes, readings, log, views, live, status, nowMs, command, newId } = parts
  const refuse = (c: Context, code: ErrorCode, message: string) =>
    c.json({ code, message }, ERROR_STATUS[code])
  const refuseFault = (c: Context, { reason, detail }: Fault) =>
    refuse(c, reason === 'version-conflict' ? 'version-conflict' : 'document-invalid', detail)

  const app = new OpenAPIHono({
    defaultHook: (result, c) => {
      if (result.success) return undefined
      const issue = result.error.issues[0]
      return refuse(
        c,
        'bad-request',
        `${issue?.path.map(String).join('.') ?? 'request'}: ${issue?.message ?? 'not valid'}`,
      )
    },
  })
  app.onError((error, c) => {
    if (error instanceof HTTPException) return refuse(c, 'bad-request', error.message)
    // A body breaks off when whoever sends it goes away.
    if (c.req.raw.signal.aborted) return refuse(c, 'bad-request', 'the request was broken off')
    parts.onFailure({ method: c.req.method, path: c.req.path, cause: error })
    return refuse(c, 'internal', 'the platform could not answer; why stands in its log')
  })
  app.use(async (c, next) => {
    // A page of another site whose name was made to point here must not read or command the estate.
    if (!isLoopbackHost(c.req.header('host')))
      return refuse(c, 'host-refused', 'ask for this machine by 127.0.0.1 or localhost')
    const origin = c.req.header('origin')
    const isWrite = c.req.method !== 'GET' && c.req.method !== 'HEAD'
    if (isWrite && origin !== undefined && !isLoopbackHost(hostOf(origin))) {
      return refuse(c, 'origin-refused', `changes come from the console, not from ${origin}`)
    }
    await next()
    return undefined
  })
  app.use(
    bodyLimit({
      maxSize: MAX_BODY_BYTES,
      onError: (c) => refuse(c, 'too-large', `at most ${MAX_BODY_BYTES} bytes`),
    }),
  )

  const v1 = '/api/v1'
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
      path: `${v1}/layout`,
      responses: { 200: json(LayoutSchema, 'in force'), ...errors },
    }),
    (c) => c.json(documents.layout(), 200),
  )
  app.openapi(
    createRoute({
      method: 'get',
      path: `${v1}/rules`,
      responses: { 200: json(RuleSetSchema, 'in force'), ...errors },
    }),
    (c) => c.json(documents.rules(), 200),
  )
  app.openapi(
    createRoute({
      method: 'put',
      path: `${v1}/layout`,
      request: { query: versioned, body: { content: { 'application/json': { schema: z.unknown() } } } },
      responses: { 200: json(LayoutSchema, 'the new version'), ...errors },
    }),
    async (c) => {
      const done = documents.putLayout(await readJson(c), c.req.valid('query').version, nowMs())
      return done.ok ? c.json(done.value, 200) : refuseFault(c, done.fault)
    },
  )
  app.openapi(
    createRoute({
      method: 'put',
      path: `${v1}/rules`,
      request: { query: versioned, body: { content: { 'application/json': { schema: z.unknown() } } } },
      responses: { 200: json(RuleSetSchema, 'the new version'), ...errors },
    }),
    async (c) => {
      const done = documents.putRules(await readJson(c), c.req.valid('query').version, nowMs())
      return done.ok ? c.json(done.value, 200) : refuseFault(c, done.fault)
    },
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
      path: `${v1}/episodes`,
      request: {
        query: z.object({
          from: timeQuery.optional(),
          to: timeQuery.optional(),
          open: z.enum(['true', 'false']).optional(),
          limit: limitQuery(1_000),
          cursor: cursorQuery(EPISODES_CURSOR),
        }),
      },
      responses: { 200: json(page(EpisodeViewSchema), 'newest first'), ...errors },
    }),
    (c) => {
      const { from, to, open, limit, cursor } = c.req.valid('query')
      const found = episodes.list({
        fromMs: from,
        toMs: to,
        isOpen: open === undefined ? undefined : open === 'true',
        limit,
        cursor,
      })
      return c.json({ items: [...found.items], ...(found.next !== undefined && { next: found.next }) }, 200)
    },
  )
  app.openapi(
    createRoute({
      method: 'get',
      path: `${v1}/episodes/{id}`,
      request: { params: z.object({ id: z.string() }) },
      responses: { 200: json(EpisodeDetailSchema, 'with its events and their evidence'), ...errors },
    }),
    (c) => {
      const found = episodes.find(c.req.valid('param').id)
      return found === undefined ? refuse(c, 'not-found', 'there is no such episode') : c.json(found, 200)
    },
  )
  app.openapi(
    createRoute({
      method: 'post',
      path: `${v1}/episodes/{id}/seen`,
      request: {
        params: z.object({ id: z.string() }),
        body: { required: true, content: { 'application/json': { schema: SeenRequestSchema } } },
      },
      responses: { 200: json(EpisodeViewSchema, 'with who has seen it'), ...errors },
    }),
    (c) => {
      const seen = episodes.see(c.req.valid('param').id, { ...c.req.valid('json'), atMs: nowMs() })
      return seen === undefined ? refuse(c, 'not-found', 'there is no such episode') : c.json(seen, 200)
    },
  )
  app.openapi(
    createRoute({
      method: 'post',
      path: `${v1}/episodes/{id}/end`,
      request: {
        params: z.object({ id: z.string() }),
        body: { required: true, content: { 'application/json': { schema: EndEpisodeRequestSchema } } },
      },
      responses: { 200: json(z.object({ detail: z.string() }), 'its gateway has ended it'), ...errors },
    }),
    async (c) => {
      const { id } = c.req.valid('param')
      const found = episodes.find(id)
      if (found === undefined) return refuse(c, 'not-found', 'there is no such episode')
      const reply = await command(found.gateway, {
        v: 1,
        id: newId(),
        kind: 'end-episode',
        episode: id,
        ...c.req.valid('json'),
      })
      if (reply === undefined)
        return refuse(c, 'gateway-away', `${found.gateway} does not answer; try again when it is connected`)
      return reply.ok ? c.json({ detail: reply.detail }, 200) : refuse(c, 'not-found', reply.detail)
    },
  )
  app.openapi(
    createRoute({
      method: 'get',
      path: `${v1}/readings`,
      request: {
        query: z.object({
          slot: z.string(),
          from: timeQuery.default(0),
          to: timeQuery.default(Number.MAX_SAFE_INTEGER),
          limit: limitQuery(10_000),
          cursor: cursorQuery(READINGS_CURSOR),
        }),
      },
      responses: { 200: json(page(ReadingSchema), 'of one slot, in order of event time'), ...errors },
    }),
    async (c) => {
      const { slot, from, to, limit, cursor } = c.req.valid('query')
      const found = await readings({ slot, fromMs: from, toMs: to, limit, cursor })
      if (found === undefined)
        return refuse(c, 'history-away', 'the history does not answer; nothing is lost, try again later')
      return c.json({ items: [...found.items], ...(found.next !== undefined && { next: found.next }) }, 200)
    },
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
        own === 'active'
          ? []
          : [{ ...entry, channel: own, rows: JSON.parse(text) as z.infer<typeof LogRowSchema>['rows'] }],
      )
      return c.json(
        { items, ...(last !== undefined && entries.length === limit && { next: String(last.position) }) },
        200,
      )
    },
  )
  app.openapi(
    createRoute({
      method: 'get',
      path: `${v1}/unknown-devices`,
      responses: { 200: json(page(UnknownDeviceViewSchema), 'heard, but in no slot'), ...errors },
    }),
    (c) => c.json({ items: views.unknownDevices() }, 200),
  )
  app.openapi(
    createRoute({
      method: 'post',
      path: `${v1}/slots/{slot}/device`,
      request: {
        params: z.object({ slot: z.string() }),
        body: { required: true, content: { 'application/json': { schema: BindRequestSchema } } },
      },
      responses: { 200: json(LayoutSchema, 'the layout with the binding'), ...errors },
    }),
    (c) => {
      const layout = documents.layout()
      const { slot } = c.req.valid('param')
      const { device } = c.req.valid('json')
      if (!layout.slots.some((one) => one.id === slot))
        return refuse(c, 'not-found', `the layout has no slot ${slot}`)
      const slots = layout.slots.map(({ device: present, ...one }) =>
        one.id === slot
          ? { ...one, ...(device !== null && { device }) }
          : { ...one, ...(present !== undefined && { device: present }) },
      )
      const done = documents.putLayout({ ...layout, slots }, layout.version, nowMs())
      return done.ok ? c.json(done.value, 200) : refuseFault(c, done.fault)
    },
  )
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
  app.get('*', (c) => serveConsole(c, parts.consoleDir))
  return app
}

const readJson = async (c: Context): Promise<unknown> => {
  try {
    return await c.req.json<unknown>()
  } catch (cause) {
    throw new HTTPException(400, { message: 'the body is not JSON', cause })
  }
}

const hostOf = (origin: string): string | undefined =>
  URL.canParse(origin) ? new URL(origin).host : undefined
const isLoopbackHost = (host: string | undefined): boolean =>
  host !== undefined && /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(host)
