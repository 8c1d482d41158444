import { ApiErrorSchema } from '@clearlane/protocol'
import type { Fault } from '@clearlane/protocol'
import { z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import type { ErrorCode } from './error-codes.ts'
import { ERROR_STATUS } from './error-codes.ts'

/** How requests are answered and refused, and how the OpenAPI document describes that. */

export const json = <S extends z.ZodType>(schema: S, description: string) => ({
  description,
  content: { 'application/json': { schema } },
})
export const errors = { default: json(ApiErrorSchema, 'what was wrong, and what to do') }
export const page = <S extends z.ZodType>(schema: S) =>
  z.object({ items: z.array(schema), next: z.string().optional() })

export const refuse = (c: Context, code: ErrorCode, message: string) =>
  c.json({ code, message }, ERROR_STATUS[code])
export const refuseFault = (c: Context, { reason, detail }: Fault) =>
  refuse(
    c,
    reason === 'version-conflict' || reason === 'lane-has-rules' ? reason : 'document-invalid',
    detail,
  )
