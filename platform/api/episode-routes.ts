import {
  EndEpisodeRequestSchema,
  EpisodeDetailSchema,
  EpisodeStateSchema,
  EpisodeViewSchema,
  IdSchema,
  SeenRequestSchema,
} from '@clearlane/protocol'
import { createRoute, z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import { errors, json, page, refuse } from './answers.ts'
import type { ApiParts } from './api.ts'
import { cursorQuery, limitQuery, timeQuery } from './queries.ts'

/** What episodes are narrowed to. */
const episodesFilter = z.object({
  lane: IdSchema.optional(),
  section: IdSchema.optional(),
  state: EpisodeStateSchema.optional(),
  from: timeQuery.optional(),
  to: timeQuery.optional(),
  open: z
    .enum(['true', 'false'])
    .optional()
    .describe('the same as `state` open or ended, which goes before it'),
})
const toFilter = ({ lane, section, state, from, to, open }: z.infer<typeof episodesFilter>) => ({
  lane,
  section,
  state: state ?? (open === undefined ? undefined : open === 'true' ? ('open' as const) : ('ended' as const)),
  fromMs: from,
  toMs: to,
})
/** Start and id of the episode before. */
const EPISODES_CURSOR = /^\d{1,16}~[A-Za-z0-9._-]{1,64}$/

/** Episodes, and what people do about them. */
export const addEpisodeRoutes = (
  app: OpenAPIHono,
  v1: string,
  { episodes, command, newId, nowMs }: Pick<ApiParts, 'episodes' | 'command' | 'newId' | 'nowMs'>,
): void => {
  app.openapi(
    createRoute({
      method: 'get',
      path: `${v1}/episodes`,
      request: {
        query: episodesFilter.extend({ limit: limitQuery(1_000), cursor: cursorQuery(EPISODES_CURSOR) }),
      },
      responses: { 200: json(page(EpisodeViewSchema), 'newest first'), ...errors },
    }),
    (c) => {
      const { limit, cursor, ...filter } = c.req.valid('query')
      const found = episodes.list({ ...toFilter(filter), limit, cursor })
      return c.json({ items: [...found.items], ...(found.next !== undefined && { next: found.next }) }, 200)
    },
  )
  app.openapi(
    createRoute({
      method: 'get',
      path: `${v1}/episodes/count`,
      request: { query: episodesFilter },
      responses: { 200: json(z.object({ count: z.int() }), 'how many the list would have'), ...errors },
    }),
    (c) => c.json({ count: episodes.count(toFilter(c.req.valid('query'))) }, 200),
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
      method: 'post',
      path: `${v1}/episodes/{id}/seen`,
      request: {
        params: z.object({ id: z.string() }),
        body: { required: true, content: { 'application/json': { schema: SeenRequestSchema } } },
      },
      responses: { 200: json(EpisodeViewSchema, 'with everyone who has seen it'), ...errors },
    }),
    (c) => {
      const done = episodes.see(c.req.valid('param').id, { by: c.req.valid('json').by, atMs: nowMs() })
      if (done.ok) return c.json(done.value, 200)
      return refuse(c, done.fault.reason === 'seen-full' ? 'seen-full' : 'not-found', done.fault.detail)
    },
  )
}
