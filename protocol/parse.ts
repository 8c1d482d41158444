import type { z } from 'zod'
import type { Fault, Result } from './result.ts'
import { fault, ok } from './result.ts'

const MAX_ISSUES = 5

/** Turns zod's issues into one sentence that names each place. */
export const toFault = (reason: string, error: z.ZodError): Fault => ({
  reason,
  detail: error.issues
    .slice(0, MAX_ISSUES)
    .map((issue) => `${toPlace(issue.path)}: ${issue.message}`)
    .join('; '),
})

/** As our own problems name places: `slots[3].offsetM`. */
export const toPlace = (path: readonly PropertyKey[]): string =>
  path.reduce<string>((place, step) => {
    if (typeof step === 'number') return `${place}[${step}]`
    return place === '' ? String(step) : `${place}.${String(step)}`
  }, '') || 'document'

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

/** A reader of files that people write, for a reader of values. */
export const fromJson =
  <T>(parse: (value: unknown) => Result<T>) =>
  (text: string): Result<T> => {
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch {
      return fault('not-json', `${placeOfFault(text)}: this is not JSON; mend it there or just before`)
    }
    return parse(value)
  }

/**
 * Where a text stops being JSON. The engine's own message often has no position and quotes the text instead, which
 * may be a secret's. So the longest beginning that could still become JSON is searched for, by halves.
 */
const placeOfFault = (text: string): string => {
  let sound = 0
  let broken = text.length + 1
  while (broken - sound > 1) {
    const middle = Math.floor((sound + broken) / 2)
    if (canBecomeJson(text.slice(0, middle))) sound = middle
    else broken = middle
  }
  const lines = text.slice(0, sound).split('\n')
  return `line ${lines.length}, column ${lines.at(-1)!.length + 1}`
}

const canBecomeJson = (beginning: string): boolean => {
  try {
    JSON.parse(beginning)
    return true
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : ''
    return /end of JSON|Unterminated/.test(message) || message.includes(`position ${beginning.length} `)
  }
}
