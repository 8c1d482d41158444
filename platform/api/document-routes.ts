import { BySchema, LayoutSchema, LayoutVersionSchema, RuleSetSchema } from '@clearlane/protocol'
import { createRoute, z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { errors, json, page, refuse, refuseFault } from './answers.ts'
import type { ApiParts } from './api.ts'

const versionQuery = z.coerce.number('a version, a number').int('a version, a whole number')
const versioned = z.object({ version: versionQuery.describe('the version that the change was made from') })
/** A query that lacks it is told so in words. */
const byQuery = z.string('say who makes the change: by=NAME').pipe(BySchema)

/** Layout and rule set: in force, as they were, and the next version of each. */
export const addDocumentRoutes = (
  app: OpenAPIHono,
  v1: string,
  { documents, nowMs }: Pick<ApiParts, 'documents' | 'nowMs'>,
): void => {
  app.openapi(
    createRoute({
      method: 'get',
      path: `${v1}/layout`,
      request: { query: z.object({ version: versionQuery.optional() }) },
      responses: { 200: json(LayoutSchema, 'in force, or of one version'), ...errors },
    }),
    (c) => {
      const { version } = c.req.valid('query')
      const layout = version === undefined ? documents.layout() : documents.layoutOf(version)
      return layout === undefined
        ? refuse(c, 'not-found', `the layout has no version ${version}`)
        : c.json(layout, 200)
    },
  )
  app.openapi(
    createRoute({
      method: 'get',
      path: `${v1}/layout/versions`,
      responses: {
        200: json(page(LayoutVersionSchema), 'newest first: by whom, and since when each gateway has it'),
        ...errors,
      },
    }),
    (c) => c.json({ items: documents.layoutVersions() }, 200),
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
      request: {
        query: versioned.extend({ by: byQuery }),
        body: { content: { 'application/json': { schema: z.unknown() } } },
      },
      responses: { 200: json(LayoutSchema, 'the new version'), ...errors },
    }),
    async (c) => {
      const { version, by } = c.req.valid('query')
      const done = documents.putLayout(await readJson(c), version, nowMs(), by)
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
}

const readJson = async (c: Context): Promise<unknown> => {
  try {
    return await c.req.json<unknown>()
  } catch (cause) {
    throw new HTTPException(400, { message: 'the body is not JSON', cause })
  }
}
