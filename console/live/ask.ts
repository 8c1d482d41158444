import { ApiErrorSchema } from '@clearlane/protocol'
import { useEffect, useState } from 'react'
import { takeAnswer } from './early.ts'

/** A schema of the protocol. */
export type Schema<T> = { readonly parse: (value: unknown) => T }

/** What the platform answered, parsed; or the sentence with which it refused; or that it could not be reached. */
export type Answer<T> =
  | { readonly kind: 'answer'; readonly value: T }
  | { readonly kind: 'refused'; readonly code: string; readonly message: string }
  | { readonly kind: 'unreachable' }

export const ask = async <T>(path: string, schema: Schema<T>, init: RequestInit = {}): Promise<Answer<T>> => {
  try {
    const url = `/api/v1${path}`
    const early = init.method === undefined ? await takeAnswer(url) : undefined
    const response = early ?? (await fetch(url, init))
    const body: unknown = await response.json()
    if (response.ok) return { kind: 'answer', value: schema.parse(body) }
    const { code, message } = ApiErrorSchema.parse(body)
    return { kind: 'refused', code, message }
  } catch {
    return { kind: 'unreachable' }
  }
}

/** A request that changes something. */
export const tell = <T>(
  method: 'POST' | 'PUT',
  path: string,
  body: object,
  schema: Schema<T>,
): Promise<Answer<T>> =>
  ask(path, schema, { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })

/** Asks once, again whenever `path` changes, and every `everyMs` if given; `undefined` until the first answer. */
export const useAsk = <T>(
  path: string | undefined,
  schema: Schema<T>,
  everyMs?: number,
): Answer<T> | undefined => {
  const [answer, setAnswer] = useState<Answer<T>>()
  useEffect(() => {
    setAnswer(undefined)
    if (path === undefined) return undefined
    const abort = new AbortController()
    const load = async (): Promise<void> => {
      const next = await ask(path, schema, { signal: abort.signal })
      // What was known stays on the screen while the server is away; the shell says that it is.
      if (!abort.signal.aborted) setAnswer((known) => (next.kind === 'unreachable' ? (known ?? next) : next))
    }
    void load()
    const timer = everyMs === undefined ? undefined : window.setInterval(() => void load(), everyMs)
    return () => {
      abort.abort()
      window.clearInterval(timer)
    }
  }, [path, schema, everyMs])
  return answer
}
