import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Of `reading(counter)`. */
export const lineOf = (counter: number): string =>
  `reading,section=a,site=s,slot=a1 backfill=0i,clock=1i,counter=${counter}i,delayMs=100i,device="70b3d57ed001a001",` +
  `session=1i,trigger=0i,xNt=1i,yNt=2i,zNt=3i ${(1_000 + counter) * 1_000 + (counter % 1_000)}`

const LINE = /^([^, ]+(?:,[^ ]+)?) ([^ ]+) (-?\d+)$/

/** A local endpoint that answers a write as an InfluxDB 2 is seen to, and keeps what it takes by series and time. */
export const startInfluxServer = async (token: string) => {
  const points = new Map<string, string>()
  const types = new Map<string, string>()
  const buckets = new Set<string>()
  const batches: number[] = []
  const refuseLines = new Set<string>()
  let asked = Promise.withResolvers<void>()
  let toOther: (() => ((response: ServerResponse) => void) | undefined) | undefined

  const say = (response: ServerResponse, status: number, body?: object): void => {
    response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' })
    response.end(body === undefined ? undefined : JSON.stringify(body))
  }
  const write = (response: ServerResponse, lines: readonly string[]): void => {
    batches.push(lines.length)
    const broken = lines.find((line) => !LINE.test(line))
    if (broken !== undefined)
      return say(response, 400, { code: 'invalid', message: `unable to parse '${broken}': missing fields` })
    let dropped = 0
    for (const line of lines) {
      const [, series = '', fields = '', atUs = ''] = LINE.exec(line) ?? []
      if (refuseLines.has(line) || hasConflict(types, series, fields)) dropped++
      else points.set(`${series} ${atUs}`, fields)
    }
    if (dropped === 0) return say(response, 204)
    return say(response, 422, {
      code: 'unprocessable entity',
      message: `failure writing points to database: partial write: field type conflict: input field dropped=${dropped}`,
    })
  }
  const answer = (request: IncomingMessage, response: ServerResponse, body: string): void => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://influx')
    if (request.headers.authorization !== `Token ${token}`)
      return say(response, 401, { code: 'unauthorized', message: 'unauthorized access' })
    const name = searchParams.get('name') ?? ''
    switch (`${request.method} ${pathname}`) {
      case 'GET /api/v2/orgs':
        return say(response, 200, { orgs: [{ id: '1', name: 'o' }] })
      case 'GET /api/v2/buckets':
        return buckets.has(name)
          ? say(response, 200, { buckets: [{ id: '2', name, retentionRules: [] }] })
          : say(response, 404, { code: 'not found', message: `bucket "${name}" not found` })
      case 'POST /api/v2/buckets': {
        const bucket = JSON.parse(body) as { readonly name: string }
        buckets.add(bucket.name)
        return say(response, 201, { id: '2', retentionRules: [], ...bucket })
      }
      case 'GET /api/v2/dbrps':
        return say(response, 200, { content: [] })
      case 'POST /api/v2/dbrps':
        return say(response, 201, {})
      case 'POST /api/v2/write':
        if (searchParams.get('precision') !== 'us') return say(response, 400, { message: 'precision' })
        return write(response, body.split('\n'))
      default:
        return say(response, 404, { code: 'not found', message: 'path not found' })
    }
  }
  const server = createServer((request, response) => {
    void readBody(request).then((body) => {
      const other = /^(\/api\/v2)?\/write/.test(request.url ?? '') ? toOther?.() : undefined
      if (other === undefined) answer(request, response, body)
      else other(response)
      asked.resolve()
      asked = Promise.withResolvers()
    })
  })
  const listen = (port: number) => new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  await listen(0)
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    points,
    buckets,
    /** Lines of each write, in order. */
    batches,
    refuseLines,
    asked: () => asked.promise,
    /** Answers writes so from now on; undefined as usual. */
    answer: (otherwise: ((response: ServerResponse) => void) | undefined) => {
      toOther = () => otherwise
    },
    /** Is asked at each write how to answer it. */
    onWrite: (then: typeof toOther) => {
      toOther = then
    },
    start: () => listen(port),
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** The first writer of a field fixes its type. */
const hasConflict = (types: Map<string, string>, series: string, fields: string): boolean => {
  const measurement = series.split(',')[0] ?? ''
  const found = fields.split(',').map((field) => {
    const [name = '', value = ''] = field.split('=')
    return [`${measurement}.${name}`, value.endsWith('i') ? 'i' : value.startsWith('"') ? 's' : 'f'] as const
  })
  if (found.some(([name, type]) => (types.get(name) ?? type) !== type)) return true
  for (const [name, type] of found) types.set(name, type)
  return false
}

const readBody = async (request: IncomingMessage): Promise<string> => {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  return Buffer.concat(parts).toString()
}
