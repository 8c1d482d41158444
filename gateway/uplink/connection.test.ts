import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { openConnection } from './connection.ts'

const [CONNECT, SUBSCRIBE] = [0x10, 0x82]
const CONNACK = [0x20, 2, 0, 0]
/** Topic `a`, QoS 0, payload `x`. */
const PUBLISH = [0x30, 4, 0, 1, 0x61, 0x78]

test('a connection is up before its first message, also where that comes ahead of the answer to the subscription', async () => {
  const server = createServer((socket) => {
    socket.on('data', (bytes) => {
      if (bytes[0] === CONNECT) socket.write(Uint8Array.from(CONNACK))
      if (bytes[0] === SUBSCRIBE)
        socket.write(Uint8Array.from([...PUBLISH, 0x90, 3, bytes[2]!, bytes[3]!, 1, ...PUBLISH]))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const heard: string[] = []
  const connection = openConnection({
    url: `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`,
    username: 'gw',
    password: 'g',
    clientId: 'gw:1',
    keepaliveS: 30,
    topics: ['a'],
    onUp: () => heard.push(`up ${connection.isUp()}`),
    onMessage: (topic) => heard.push(topic),
    onDown: (cause) => heard.push(cause),
  })
  await expect.poll(() => heard).toEqual(['up true', 'a', 'a'])
  await connection.close()
  await new Promise<void>((resolve) => server.close(() => resolve()))
})
