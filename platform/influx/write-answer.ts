import { HttpError, RequestTimedOutError } from '@influxdata/influxdb-client'

/** What a server says to a batch of lines. */
export type WriteAnswer =
  | { readonly kind: 'taken' }
  /** At least one of the lines is at fault; the others may or may not stand there, and may be written again. */
  | { readonly kind: 'refused'; readonly reason: string; readonly dropped: number | undefined }
  | Later
/** Nothing is wrong with the lines: the same again later. */
export type Later = {
  readonly kind: 'later'
  readonly reason: string
  readonly afterMs: number
  /** It did not answer in time: fewer lines at once may be what it can do. */
  readonly isSlow: boolean
  /** The token, the bucket or the organisation is what is wrong. */
  readonly isOurs: boolean
}

const MAX_REASON_LENGTH = 300
const ABOUT_LINES: readonly number[] = [400, 413, 422]
const ABOUT_ACCESS: readonly number[] = [401, 403, 404]

/**
 * An InfluxDB says in JSON what is wrong with a line. A 400 without that comes from something else, such as a door for
 * TLS that was spoken to in plain, and is no judgement on lines.
 */
export const toAnswer = (cause: unknown): Exclude<WriteAnswer, { kind: 'taken' }> => {
  if (!(cause instanceof HttpError)) {
    const isSlow = cause instanceof RequestTimedOutError
    return { kind: 'later', reason: toReason(cause), afterMs: 0, isSlow, isOurs: false }
  }
  const said = readJson(cause.body)
  const reason = `${cause.statusCode}: ${said ?? cause.statusMessage ?? 'no reason given'}`.slice(
    0,
    MAX_REASON_LENGTH,
  )
  if (ABOUT_LINES.includes(cause.statusCode) && (said !== undefined || cause.statusCode === 413)) {
    const dropped = /dropped[= ](\d+)/.exec(said ?? '')?.[1]
    return { kind: 'refused', reason, dropped: dropped === undefined ? undefined : Number(dropped) }
  }
  return {
    kind: 'later',
    reason,
    afterMs: 1_000 * (Number(cause.headers?.['retry-after']) || 0),
    isSlow: false,
    isOurs: ABOUT_ACCESS.includes(cause.statusCode),
  }
}

/** InfluxDB 2 has `message`, 1.x has `error`. */
const readJson = (body: string | undefined): string | undefined => {
  try {
    const value = JSON.parse(body ?? '') as { readonly message?: unknown; readonly error?: unknown } | null
    const text = value?.message ?? value?.error
    return typeof text === 'string' ? text : undefined
  } catch {
    return undefined
  }
}

const toReason = (cause: unknown): string =>
  cause instanceof RequestTimedOutError
    ? 'it did not answer in time'
    : (cause instanceof Error ? cause.message : String(cause)).slice(0, MAX_REASON_LENGTH)
