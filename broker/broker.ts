import type { Server, Socket } from 'node:net'
import { createServer, isIP } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import type { Identity } from '@clearlane/protocol'
import { authorize } from '@clearlane/protocol'
import type { AuthenticateError, Client } from 'aedes'
import { Aedes } from 'aedes'
import type { Identities } from './identities.ts'

export type BrokerOptions = {
  readonly host: string
  readonly port: number
  readonly identities: Identities
  readonly tls?: { readonly cert: string; readonly key: string } | undefined
  readonly drainTimeoutMs: number
  readonly maxConnections: number
  /** Called once per refusal; the caller decides how often to log. */
  readonly onRefused: (reason: string, detail: string) => void
}

export type Broker = {
  readonly port: number
  stats(): {
    readonly clients: number
    readonly published: number
    /** Messages on their way to a subscriber, counted for each. */
    readonly forwarded: number
    /** Subscribers cut off because they took nothing for `drainTimeoutMs`. */
    readonly dropped: number
    readonly refusals: Readonly<Record<string, number>>
  }
  close(): Promise<void>
}

const CONNECT_TIMEOUT_MS = 10_000
const KEEP_ALIVE_LIMIT_S = 3_600
/** What a stranger may send before it has said who it is. */
const MAX_BYTES_BEFORE_IDENTITY = 16_384
const WATCH_EVERY_MS = 500
const NOT_AUTHORIZED = 5
const IDENTIFIER_REJECTED = 2
/** What aedes says of a client that it has cut off for taking nothing. */
const DRAIN_TIMEOUT = 'drain timeout'

/**
 * An aedes broker in which nothing is allowed by default. Sessions are clean and a message for nobody is not kept:
 * what must not be lost is held by its sender until the receiver has it on disk.
 */
export const createBroker = async (options: BrokerOptions): Promise<Broker> => {
  const { host, port, identities, tls, drainTimeoutMs, maxConnections, onRefused } = options
  if (tls === undefined && !isLoopback(host)) {
    throw new Error(
      `broker: ${host} is beyond this machine: give tls certFile and keyFile, or listen on 127.0.0.1`,
    )
  }
  const identityOf = new WeakMap<Client, Identity>()
  const strangers = new Set<Socket>()
  const refusals: Record<string, number> = {}
  let published = 0
  let forwarded = 0
  let dropped = 0
  const slow = new WeakSet<Client>()

  const refuse = (reason: string, detail: string): void => {
    refusals[reason] = (refusals[reason] ?? 0) + 1
    onRefused(reason, detail)
  }

  const aedes = await Aedes.createBroker({
    drainTimeout: drainTimeoutMs,
    connectTimeout: CONNECT_TIMEOUT_MS,
    keepaliveLimit: KEEP_ALIVE_LIMIT_S,
    maxTopicLevels: 8,
    authenticate: (client, username, password, done) => {
      void answer(client, username, password, done)
    },
    authorizePublish: (client, packet, callback) => {
      const identity = client === null ? undefined : identityOf.get(client)
      if (identity !== undefined && authorize(identity, 'publish', packet.topic)) return callback(null)
      refuse('publish-refused', `${client?.id}: ${packet.topic}`)
      return callback(new Error(`no permission to publish to ${packet.topic}`))
    },
    authorizeForward: (_client, packet) => {
      forwarded++
      return packet
    },
    authorizeSubscribe: (client, subscription, callback) => {
      const identity = identityOf.get(client)
      if (identity !== undefined && authorize(identity, 'subscribe', subscription.topic))
        return callback(null, subscription)
      refuse('subscribe-refused', `${client.id}: ${subscription.topic}`)
      return callback(null, null)
    },
  })

  const answer = async (
    client: Client,
    username: string | undefined,
    password: Buffer | undefined,
    done: (error: AuthenticateError | null, success: boolean | null) => void,
  ): Promise<void> => {
    const refused = await authenticate(client, username, password)
    done(refused ?? null, refused === undefined)
  }
  const authenticate = async (
    client: Client,
    username: string | undefined,
    password: Buffer | undefined,
  ): Promise<AuthenticateError | undefined> => {
    const identity =
      username === undefined || password === undefined
        ? undefined
        : await identities.verify(username, password)
    if (identity === undefined || username === undefined) {
      refuse(
        'identity-refused',
        `${client.id}: user name ${username === undefined ? 'missing' : username} or its secret is not known`,
      )
      return Object.assign(new Error('user name or secret not known'), { returnCode: NOT_AUTHORIZED })
    }
    // A client id of another user would throw that user off the broker.
    if (client.id !== username && !client.id.startsWith(`${username}:`)) {
      refuse(
        'client-id-refused',
        `${client.id}: the client id is the user name, or begins with it and a colon`,
      )
      return Object.assign(new Error('client id does not begin with the user name'), {
        returnCode: IDENTIFIER_REJECTED,
      })
    }
    if (!client.clean) {
      refuse(
        'session-not-clean',
        `${client.id}: connect with a clean session; nothing is kept for those who are away`,
      )
      return Object.assign(new Error('session not clean'), { returnCode: NOT_AUTHORIZED })
    }
    identityOf.set(client, identity)
    strangers.delete(client.conn as Socket)
    return undefined
  }

  aedes.on('publish', (_packet, client) => {
    if (client !== null) published++
  })
  aedes.on('clientError', (client, error) => {
    // One that is cut off is told of once for each message that it did not take.
    if (error.message === DRAIN_TIMEOUT && !slow.has(client)) {
      slow.add(client)
      dropped++
    }
    refuse('client-error', `${client.id}: ${error.message}`)
  })
  aedes.on('connectionError', (client, error) => refuse('connection-error', `${client.id}: ${error.message}`))

  const sockets = new Set<Socket>()
  const onSocket = (socket: Socket): void => {
    if (sockets.size >= maxConnections) {
      refuse('too-many-connections', `${maxConnections} are open`)
      socket.destroy()
      return
    }
    sockets.add(socket)
    strangers.add(socket)
    socket.setNoDelay(true)
    socket.on('error', (error) => refuse('socket-error', error.message))
    socket.once('close', () => {
      sockets.delete(socket)
      strangers.delete(socket)
    })
    aedes.handle(socket)
  }
  const server: Server =
    tls === undefined ? createServer(onSocket) : createTlsServer({ ...tls, minVersion: 'TLSv1.2' }, onSocket)
  server.on('tlsClientError', (error: Error) => refuse('tls-error', error.message))

  /** The parser gathers whatever length a packet announces: strangers are cut off long before. */
  const watch = setInterval(() => {
    for (const socket of strangers) {
      if (socket.bytesRead <= MAX_BYTES_BEFORE_IDENTITY) continue
      refuse('too-much-before-identity', `${socket.bytesRead} bytes without a user name`)
      socket.destroy()
    }
  }, WATCH_EVERY_MS)
  watch.unref()

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port }, resolve)
  })
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    stats: () => ({
      clients: aedes.connectedClients,
      published,
      forwarded,
      dropped,
      refusals: { ...refusals },
    }),
    close: async () => {
      clearInterval(watch)
      const ended = new Promise<void>((resolve) => server.close(() => resolve()))
      await new Promise<void>((resolve) => aedes.close(() => resolve()))
      for (const socket of sockets) socket.destroy()
      await ended
    },
  }
}

export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
