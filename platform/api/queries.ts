import { z } from '@hono/zod-openapi'

/** What more than one request can be narrowed by. */

export const limitQuery = (max: number) => z.coerce.number().int().min(1).max(max).default(Math.min(max, 500))
export const timeQuery = z.coerce.number('a time in ms UTC').int('a time in ms UTC, a whole number')
/** Where the next page begins, as the one before it said: numbers and ids with tildes between. */
export const cursorQuery = (pattern: RegExp) =>
  z.string().regex(pattern, 'give back `next` of the page before it, as it is').optional()
