import { connect } from 'node:net'
import { Observable } from 'rxjs'
import type { Link, LinkEvent } from '../link.ts'

export type TcpLinkOptions = { readonly id: string; readonly host: string; readonly port: number }

const CONNECT_TIMEOUT_MS = 10_000
/** The operating system probes an idle peer after this long; a dead one is then found within about two minutes. */
const KEEP_ALIVE_MS = 15_000
/** A peer that takes no acknowledgements for this many bytes is not reading: it is sent no more until it does. */
const MAX_UNSENT_BYTES = 256 * 1024

/** A serial device server, as `ser2net` and many boxes are: the bytes of the wire over TCP. */
export const createTcpLink = ({ id, host, port }: TcpLinkOptions): Link => ({
  id,
  events$: new Observable<LinkEvent>((subscriber) => {
    const socket = connect({ host, port })
    socket.setNoDelay(true)
    socket.setKeepAlive(true, KEEP_ALIVE_MS)
    socket.setTimeout(CONNECT_TIMEOUT_MS)
    socket.once('connect', () => {
      socket.setTimeout(0)
      const send = (bytes: Uint8Array): void => {
        if (socket.writable && socket.writableLength < MAX_UNSENT_BYTES) socket.write(bytes)
      }
      subscriber.next({ kind: 'open', send })
    })
    socket.on('data', (bytes) => subscriber.next({ kind: 'bytes', bytes }))
    socket.once('timeout', () =>
      socket.destroy(new Error(`no answer from ${host}:${port} in ${CONNECT_TIMEOUT_MS} ms`)),
    )
    socket.once('error', (cause) =>
      subscriber.error(new Error(`tcp://${host}:${port}: ${cause.message}`, { cause })),
    )
    socket.once('close', () => subscriber.error(new Error(`tcp://${host}:${port} closed the connection`)))
    return () => {
      socket.removeAllListeners()
      socket.on('error', ignoreAfterClose)
      socket.destroy()
    }
  }),
})

/** Whoever unsubscribed no longer wants to hear how the socket ends. */
const ignoreAfterClose = (): void => undefined
