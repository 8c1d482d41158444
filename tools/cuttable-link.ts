import type { Server, Socket } from 'node:net'
import { connect, createServer } from 'node:net'
import type { Duplex } from 'node:stream'
import { PassThrough } from 'node:stream'

/** A place in front of a loopback port that can be cut: what is connected ends, and whoever comes is refused. */
export type CuttableLink = {
  /** Resolves when the first one has come through. */
  open(target: number): Promise<void>
  cut(): void
}

/** `sieve` is what each one's bytes from the target go through. */
export const createCuttableLink = (
  port: number,
  sieve: () => Duplex = () => new PassThrough(),
): CuttableLink => {
  const sockets = new Set<Socket>()
  let server: Server | undefined
  const cut = (): void => {
    server?.close()
    server = undefined
    for (const socket of sockets) socket.destroy()
  }
  return {
    open: (target) => {
      cut()
      return new Promise((resolve, reject) => {
        server = createServer((near) => {
          const far = connect({ host: '127.0.0.1', port: target })
          for (const [one, other] of [
            [near, far],
            [far, near],
          ] as const) {
            sockets.add(one)
            one.setNoDelay(true)
            one.on('error', () => one.destroy())
            one.once('close', () => {
              sockets.delete(one)
              other.destroy()
            })
          }
          near.pipe(far)
          far.pipe(sieve()).pipe(near)
          far.once('connect', () => resolve())
        })
        server.once('error', reject)
        server.listen(port, '127.0.0.1')
      })
    },
    cut,
  }
}
