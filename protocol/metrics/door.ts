import { z } from 'zod'
import type { Metrics } from './metrics.ts'

/** Names of this machine for itself: an HTTP server without TLS and sign-in may listen there and nowhere else. */
export const LOOPBACK_HOSTS = ['127.0.0.1', '::1', 'localhost'] as const

export const MetricsDoorSchema = z.object({
  host: z
    .enum(LOOPBACK_HOSTS, 'metrics have neither TLS nor sign-in: listen on 127.0.0.1, ::1 or localhost')
    .default('127.0.0.1')
    .describe('this machine only'),
  port: z.int().min(0).max(65_535),
})

/** Whether a request names this machine: a page of another site whose name was made to point here does not. */
export const isLoopbackHost = (host: string | undefined): boolean =>
  host !== undefined && /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(host)

/** The parts of Node's HTTP server that are used. It is handed in, because this room knows no Node. */
export type CreateServer = (answer: (request: Request, response: Response) => void) => Server
type Request = {
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly headers: { readonly host?: string | undefined }
}
type Response = {
  writeHead(status: number, headers: Record<string, string>): unknown
  end(body: string): unknown
}
type Server = {
  maxConnections: number
  once(event: 'error', listener: (cause: Error) => void): unknown
  listen(address: { readonly host: string; readonly port: number }, onListening: () => void): unknown
  address(): { readonly port: number } | string | null
  closeAllConnections(): void
  close(onClosed: () => void): unknown
}

export type MetricsDoor = { readonly port: number; close(): Promise<void> }

const MAX_CONNECTIONS = 16
const PLAIN = 'text/plain; charset=utf-8'

/** An HTTP server that answers `GET /metrics` and nothing else. */
export const openMetricsDoor = async (
  createServer: CreateServer,
  { host, port }: z.output<typeof MetricsDoorSchema>,
  metrics: Metrics,
  onFailure: (cause: unknown) => void,
): Promise<MetricsDoor> => {
  const server = createServer((request, response) => {
    const answer = (status: number, body: string, contentType = PLAIN): void => {
      response.writeHead(status, { 'content-type': contentType })
      response.end(body)
    }
    if (!isLoopbackHost(request.headers.host)) return answer(403, 'ask for this machine by 127.0.0.1\n')
    if (request.url?.split('?')[0] !== '/metrics') return answer(404, 'only /metrics is here\n')
    if (request.method !== 'GET' && request.method !== 'HEAD') return answer(405, 'GET only\n')
    metrics.text().then(
      (text) => answer(200, text, metrics.contentType),
      (cause: unknown) => {
        onFailure(cause)
        answer(500, 'the metrics could not be read; why stands in the log\n')
      },
    )
  })
  server.maxConnections = MAX_CONNECTIONS
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port }, resolve)
  })
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(resolve)
        server.closeAllConnections()
      }),
  }
}
