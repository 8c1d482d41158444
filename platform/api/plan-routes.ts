import { MAX_PLAN_BYTES, PlanTypeSchema, PlanViewSchema } from '@clearlane/protocol'
import { createRoute, z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import type { Documents } from '../documents/documents.ts'
import { toPlanType } from '../documents/plan-type.ts'
import { errors, json, refuse } from './answers.ts'

const MIB = 1024 * 1024
/** The image is somebody's upload: a browser takes it for the image that it is, and for nothing that runs. */
const HEADERS = {
  'cache-control': 'no-cache',
  'content-security-policy': "default-src 'none'; sandbox",
  'x-content-type-options': 'nosniff',
}
const imageContent = Object.fromEntries(
  PlanTypeSchema.options.map((type) => [type, { schema: z.string().meta({ format: 'binary' }) }]),
)

/** The image under the plan, as bytes. */
export const addPlanRoutes = (app: OpenAPIHono, path: string, documents: Documents): void => {
  const refuseMissing = (c: Context) => refuse(c, 'not-found', 'no image of the plan has been uploaded')
  // Before a byte is kept, and while they come: an image of any size costs the memory of one that is allowed.
  app.use(
    path,
    bodyLimit({
      maxSize: MAX_PLAN_BYTES,
      onError: (c) =>
        refuse(
          c,
          'too-large',
          `the image has more than ${MAX_PLAN_BYTES / MIB} MiB; make it smaller and upload it again`,
        ),
    }),
  )
  app.openapi(
    createRoute({
      method: 'get',
      path,
      responses: {
        200: { description: 'the image', content: imageContent },
        304: { description: 'it is the one that If-None-Match names' },
        ...errors,
      },
    }),
    (c) => {
      const plan = documents.plan()
      if (plan === undefined) return refuseMissing(c)
      const headers = { ...HEADERS, etag: plan.tag }
      if (c.req.header('if-none-match') === plan.tag) return c.body(null, 304, headers)
      return c.body(new Uint8Array(plan.read()), 200, { ...headers, 'content-type': plan.type })
    },
  )
  app.openapi(
    createRoute({
      method: 'put',
      path,
      request: { body: { required: true, content: imageContent } },
      responses: { 200: json(PlanViewSchema, 'it is kept'), ...errors },
    }),
    async (c) => {
      const bytes = new Uint8Array(await c.req.arrayBuffer())
      const type = toPlanType(bytes)
      if (type === undefined || type !== c.req.header('content-type'))
        return refuse(
          c,
          'not-an-image',
          'this is not the PNG, JPEG or WebP image that it says it is; the plan stays as it was',
        )
      documents.putPlan(type, bytes)
      return c.json({ type, bytes: bytes.length }, 200)
    },
  )
  app.openapi(
    createRoute({
      method: 'delete',
      path,
      responses: { 200: json(z.object({ detail: z.string() }), 'it is gone'), ...errors },
    }),
    (c) => (documents.dropPlan() ? c.json({ detail: 'the image is gone' }, 200) : refuseMissing(c)),
  )
}
