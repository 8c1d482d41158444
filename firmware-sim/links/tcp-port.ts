import type { Socket } from 'node:net'
import { createServer } from 'node:net'
import type { Port, PortEvents } from './port.ts'

/** As a serial device server does: listens, and serves one gateway at a time, the newest. */
export const openTcpPort = async (
  { host, port }: { readonly host: string; readonly port: number },
  { onConnect, onDisconnect, onBytes }: PortEvents,
): Promise<Port & { readonly port: number }> => {
  let current: Socket | undefined
  const server = createServer((socket) => {
    if (current !== undefined) {
      current.destroy()
      onDisconnect()
    }
    current = socket
    socket.setNoDelay(true)
    socket.on('data', onBytes)
    socket.on('error', () => socket.destroy())
    socket.once('close', () => {
      if (current !== socket) return
      current = undefined
      onDisconnect()
    })
    onConnect()
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port }, resolve)
  })
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    write: (bytes) => {
      current?.write(bytes)
    },
    unsentBytes: () => current?.writableLength ?? 0,
    close: async () => {
      current?.destroy()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}
