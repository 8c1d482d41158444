import type { z } from 'zod'
import type { Fault, Result } from './result.ts'
import { fault, ok } from './result.ts'

const MAX_ISSUES = 5

/** Turns zod's issues into one sentence that names each place. */
export const toFault = (reason: string, error: z.ZodError): Fault => ({
  reason,
  detail: error.issues
    .slice(0, MAX_ISSUES)
    .map(
      (issue) =>
        `${issue.path.length === 0 ? 'document' : issue.path.map(String).join('.')}: ${issue.message}`,
    )
    .join('; '),
})

/** Parses one JSON text against a schema; `what` names the thing in the error. */
export const parseJson = <S extends z.ZodType>(
  what: string,
  schema: S,
  text: string,
): Result<z.infer<S>, Fault> => {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    return fault(
      `${what}-json`,
      `${what}: not JSON: ${cause instanceof Error ? cause.message : String(cause)}`,
    )
  }
  const parsed = schema.safeParse(value)
  return parsed.success ? ok(parsed.data) : { ok: false, fault: toFault(`${what}-shape`, parsed.error) }
}
