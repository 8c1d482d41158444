import type { Epoch } from '../influxql/format.ts'

/** What a request to `/query` says, as InfluxDB 1.x reads it. */
export type QueryParameters = {
  readonly q: string
  readonly db: string | undefined
  readonly rp: string | undefined
  readonly epoch: Epoch | undefined
  readonly isPretty: boolean
  /** Rows of a chunk; undefined for an answer in one piece. */
  readonly chunkSize: number | undefined
  /** Whether the query is to be filled in with values, which is not done here. */
  readonly hasBoundValues: boolean
}

const DEFAULT_CHUNK_SIZE = 10_000
/** InfluxDB takes every unit that it does not know for nanoseconds. */
const EPOCHS: ReadonlyMap<string, Epoch> = new Map(
  (['u', 'ms', 's', 'm', 'h'] as const).map((epoch) => [epoch, epoch]),
)
/** A form's own values stand before those of the address; those of a multipart body behind. */
const FORM = /^application\/x-www-form-urlencoded\b/i
const MULTIPART = /^multipart\/form-data\b/i

export const readQueryParameters = async (request: Request): Promise<QueryParameters> => {
  const address = new URL(request.url).searchParams
  const contentType = request.headers.get('content-type') ?? ''
  const isPost = request.method === 'POST'
  const sources: ((name: string) => string | undefined)[] = [(name) => address.get(name) ?? undefined]
  if (isPost && FORM.test(contentType)) {
    const form = new URLSearchParams(await request.text())
    sources.unshift((name) => form.get(name) ?? undefined)
  }
  if (isPost && MULTIPART.test(contentType)) {
    const form = await request.formData()
    const file = form.get('q')
    const text = typeof file === 'object' && file !== null ? await file.text() : undefined
    sources.push((name) => {
      const value = form.get(name)
      return typeof value === 'string' ? value : name === 'q' ? text : undefined
    })
  }
  const value = (name: string): string | undefined =>
    sources.map((read) => read(name)).find((one) => one !== undefined && one.trim() !== '')

  return {
    q: value('q')?.trim() ?? '',
    db: value('db'),
    rp: value('rp'),
    epoch: toEpoch(value('epoch')?.trim()),
    isPretty: value('pretty') === 'true',
    chunkSize: value('chunked') === 'true' ? toChunkSize(value('chunk_size')) : undefined,
    hasBoundValues: value('params') !== undefined,
  }
}

const toEpoch = (text: string | undefined): Epoch | undefined =>
  text === undefined ? undefined : (EPOCHS.get(text) ?? 'ns')

const toChunkSize = (text: string | undefined): number => {
  const size = Number(text)
  return Number.isSafeInteger(size) && size > 0 ? size : DEFAULT_CHUNK_SIZE
}

/** The token of a request, wherever InfluxDB's clients put one; undefined where there is none. */
export const readToken = (request: Request): string | undefined => {
  const { searchParams } = new URL(request.url)
  // Grafana and the clients of 1.x know a user and a password; the token is the password, the user may be anybody.
  const password = searchParams.get('p')
  if (password !== null && password !== '' && searchParams.get('u')) return password
  const [, scheme, value] = /^(\w+) +(\S+)$/.exec(request.headers.get('authorization') ?? '') ?? []
  switch (scheme?.toLowerCase()) {
    case 'bearer':
      return value
    case 'token':
      return behindColon(value ?? '')
    case 'basic':
      return behindColon(Buffer.from(value ?? '', 'base64').toString())
    default:
      return undefined
  }
}

const behindColon = (text: string): string => text.slice(text.indexOf(':') + 1)
