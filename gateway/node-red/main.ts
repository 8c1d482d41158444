import { createRequire } from 'node:module'
import { createServer } from 'node:http'
import { Worker } from 'node:worker_threads'
import { isLoopbackHost } from '@clearlane/protocol'
import { openLanClient } from './lan-client.ts'
import { createLogFile } from './log-file.ts'
import { createBasicLogin, readLogin } from './login.ts'
import type { NodeRedStart } from './node-red-process.ts'
import { createSettings, FLOW_ROOT } from './settings.ts'

/** Node-RED in a process of its own, started by the gateway. It may end at any time: nothing but its flows needs it. */

type Handler = (request: object, response: object) => void
/** What of Node-RED's own interface is used; it has no types. */
type NodeRed = {
  init(server: object, settings: object): void
  start(): Promise<void>
  stop(): Promise<void>
  readonly events: { on(name: 'flows:started', listener: () => void): void }
  readonly httpAdmin: Handler
  readonly httpNode: Handler
}

const ALIVE_EVERY_MS = 1_000
const START = 'CLEARLANE_NODE_RED'

const say = (word: object): void => {
  if (process.connected) process.send?.(word)
}
const fail = (cause: unknown): void => {
  const reason = cause instanceof Error ? cause.message : String(cause)
  if (!process.connected) process.exit(1)
  process.send?.({ kind: 'failed', reason }, () => process.exit(1))
}
process.on('uncaughtException', fail)
process.on('unhandledRejection', fail)
process.umask(0o077)
new Worker(new URL('./orphan-worker.ts', import.meta.url), { workerData: process.ppid }).unref()

const start = JSON.parse(process.env[START] ?? '') as NodeRedStart
// A flow can read its environment, and the secret of the broker is none of its business.
delete process.env[START]

const require = createRequire(import.meta.url)
const red = require('node-red') as NodeRed
const login = await readLogin(start.userDir, require('bcryptjs'))
const lan = openLanClient(start.lan)
const isAllowed = createBasicLogin(login, require('bcryptjs'))

const server = createServer((request, response) => {
  const refuse = (status: number, text: string, headers: Record<string, string> = {}): void => {
    response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', ...headers })
    response.end(`${text}\n`)
  }
  if (!isLoopbackHost(request.headers.host)) return refuse(403, 'ask for this machine by 127.0.0.1')
  const url = request.url ?? '/'
  if (!url.startsWith(`${FLOW_ROOT}/`)) return red.httpAdmin(request, response)
  isAllowed(request.headers.authorization).then((yes) => {
    if (!yes) return refuse(401, 'sign in', { 'www-authenticate': 'Basic realm="Node-RED"' })
    request.url = url.slice(FLOW_ROOT.length)
    return red.httpNode(request, response)
  }, fail)
  return undefined
})
red.init(server, createSettings(start, login, lan, createLogFile(start.userDir)))
await red.start()
server.once('error', fail)
server.listen({ host: start.host, port: start.port }, () => say({ kind: 'ready' }))
red.events.on('flows:started', () => say({ kind: 'flows-started' }))
setInterval(say, ALIVE_EVERY_MS, { kind: 'alive' })

const stop = (): void => void red.stop().then(() => process.exit(0), fail)
for (const signal of ['SIGINT', 'SIGTERM', 'disconnect'] as const) process.once(signal, stop)
