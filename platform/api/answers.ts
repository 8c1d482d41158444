import { ApiErrorSchema } from '@clearlane/protocol'
import { z } from '@hono/zod-openapi'

/** How the OpenAPI document describes answers. */

export const json = <S extends z.ZodType>(schema: S, description: string) => ({
  description,
  content: { 'application/json': { schema } },
})
export const errors = { default: json(ApiErrorSchema, 'what was wrong, and what to do') }
export const page = <S extends z.ZodType>(schema: S) =>
  z.object({ items: z.array(schema), next: z.string().optional() })
