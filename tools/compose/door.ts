import { connect, createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import { pipeline } from 'node:stream'

/**
 * `door.ts PORT…`: the one way in. Every service listens on loopback; what comes to the container's own address at one of
 * these ports is handed to the same port on loopback. The engine publishes them on the loopback of its host.
 */
const MAX_CONNECTIONS = 512

export const findOutsideAddress = (): string => {
  const named = process.env['CLEARLANE_DOOR_HOST']
  if (named !== undefined) return named
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? [])
  const found = addresses.find(({ family, internal }) => family === 'IPv4' && !internal)
  if (found === undefined) throw new Error('there is no address but loopback')
  return found.address
}

const openDoor = (host: string, port: number): void => {
  const server = createServer((outside) => {
    const inside = connect({ host: '127.0.0.1', port })
    // Whichever side breaks off, `pipeline` ends both; who asked sees the connection close.
    pipeline(outside, inside, outside, () => undefined)
  })
  server.maxConnections = MAX_CONNECTIONS
  server.listen({ host, port }, () => process.stdout.write(`${host}:${port} leads to 127.0.0.1:${port}\n`))
}

if (import.meta.main) {
  const host = findOutsideAddress()
  for (const port of process.argv.slice(2)) openDoor(host, Number(port))
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(0))
}
