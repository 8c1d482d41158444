import { mkdtempSync, readFileSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { authorize } from '@clearlane/protocol'
import type { MqttClient } from 'mqtt'
import { connectAsync } from 'mqtt'
import { afterEach, describe, expect, test } from 'vitest'
import type { Broker } from './broker.ts'
import { createBroker } from './broker.ts'
import { createIdentities, hashSecret, parseIdentities, provisionIdentities } from './identities.ts'

const identities = [
  {
    username: 'gw-1',
    secretHash: hashSecret('one'),
    identity: { kind: 'gateway', site: 's', gateway: 'gw-1' },
  },
  {
    username: 'gw-2',
    secretHash: hashSecret('two'),
    identity: { kind: 'gateway', site: 's', gateway: 'gw-2' },
  },
  { username: 'platform', secretHash: hashSecret('centre'), identity: { kind: 'platform' } },
] as const
const SECRETS: Record<string, string> = { 'gw-1': 'one', 'gw-2': 'two', platform: 'centre' }

const opened: { broker: Broker; clients: MqttClient[] }[] = []
afterEach(async () => {
  for (const { broker, clients } of opened.splice(0)) {
    for (const client of clients) client.end(true)
    await broker.close()
  }
})
const start = async () => {
  const refused: string[] = []
  const broker = await createBroker({
    host: '127.0.0.1',
    port: 0,
    identities: createIdentities(identities),
    drainTimeoutMs: 200,
    maxConnections: 20,
    onRefused: (reason) => refused.push(reason),
  })
  const clients: MqttClient[] = []
  opened.push({ broker, clients })
  const join = async (
    username: string,
    over: { clientId?: string; password?: string; clean?: boolean } = {},
  ) => {
    const client = await connectAsync(`mqtt://127.0.0.1:${broker.port}`, {
      username,
      password: SECRETS[username] ?? '',
      clientId: `${username}:1`,
      reconnectPeriod: 0,
      ...over,
    })
    clients.push(client)
    return client
  }
  return { broker, refused, join }
}

describe('who may connect', () => {
  test.each([
    {
      name: 'an unknown user',
      username: 'nobody',
      over: { password: 'x', clientId: 'nobody' },
      reason: 'identity-refused',
    },
    { name: 'a wrong secret', username: 'gw-1', over: { password: 'two' }, reason: 'identity-refused' },
    {
      name: 'the client id of another user',
      username: 'gw-1',
      over: { clientId: 'gw-2:1' },
      reason: 'client-id-refused',
    },
    {
      name: 'a session that is to be kept',
      username: 'gw-1',
      over: { clean: false },
      reason: 'session-not-clean',
    },
  ])('$name is refused as $reason', async ({ username, over, reason }) => {
    const { join, refused } = await start()
    await expect(join(username, over)).rejects.toThrow()
    expect(refused).toContain(reason)
  })

  test('a stranger that only sends bytes is cut off', async () => {
    const { broker, refused } = await start()
    const socket = connect(broker.port, '127.0.0.1')
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
    socket.on('error', () => undefined)
    // A CONNECT packet that announces 200 MB.
    socket.write(Buffer.concat([Buffer.from([0x10, 0x80, 0x80, 0x80, 0x64]), Buffer.alloc(64_000)]))
    await closed
    expect(refused).toContain('too-much-before-identity')
  })

  test('beyond this machine only with TLS', async () => {
    const options = {
      port: 0,
      identities: createIdentities([]),
      drainTimeoutMs: 500,
      maxConnections: 1,
      onRefused: () => undefined,
    }
    await expect(createBroker({ ...options, host: '0.0.0.0' })).rejects.toThrow(/tls/)
  })
})

describe('who may do what', () => {
  test.each([
    { as: 'gw-1', topic: 'cl/v1/s/gw-1/telemetry', allowed: true },
    { as: 'gw-1', topic: 'cl/v1/s/gw-2/telemetry', allowed: false },
    { as: 'gw-1', topic: 'cl/v1/s/gw-1/ack', allowed: false },
    { as: 'gw-1', topic: 'anything', allowed: false },
    { as: 'platform', topic: 'cl/v1/s/gw-1/ack', allowed: true },
    { as: 'platform', topic: 'cl/v1/s/gw-1/telemetry', allowed: false },
  ])('$as publishing to $topic: $allowed', async ({ as, topic, allowed }) => {
    const { join, refused } = await start()
    const client = await join(as)
    const closed = new Promise<'closed'>((resolve) => client.once('close', () => resolve('closed')))
    const acknowledged = client.publishAsync(topic, 'x', { qos: 1 }).then(
      () => 'acknowledged' as const,
      () => 'closed' as const,
    )
    expect(await Promise.race([closed, acknowledged])).toBe(allowed ? 'acknowledged' : 'closed')
    expect(refused.includes('publish-refused')).toBe(!allowed)
  })

  test.each([
    { as: 'gw-1', filter: 'cl/v1/s/gw-1/ack', allowed: true },
    { as: 'gw-1', filter: 'cl/v1/s/+/ack', allowed: false },
    { as: 'gw-1', filter: '#', allowed: false },
    { as: 'gw-1', filter: 'cl/v1/s/gw-2/config', allowed: false },
    { as: 'platform', filter: 'cl/v1/s/+/telemetry', allowed: true },
    { as: 'platform', filter: '#', allowed: false },
    { as: 'platform', filter: '$SYS/#', allowed: false },
  ])('$as subscribing to $filter: $allowed', async ({ as, filter, allowed }) => {
    const { join } = await start()
    const client = await join(as)
    const granted = await client.subscribeAsync(filter, { qos: 1 }).then(
      (grants) => grants.every(({ qos }) => qos < 128),
      () => false,
    )
    expect(granted).toBe(allowed)
    expect(authorize(identities.find((one) => one.username === as)!.identity, 'subscribe', filter)).toBe(
      allowed,
    )
  })
})

test('secrets that are missing are made, for this user only, and stand over a restart', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'secrets-'))
  const identity = { kind: 'box-flows', site: 's', gateway: 'gw-1' } as const
  const wanted = [
    { username: 'node-red', secretFile: join(folder, 'lan/node-red.secret'), identity },
    { username: 'lamp', secretFile: join(folder, 'lan/lamp.secret'), identity },
  ]
  const [first] = provisionIdentities(wanted)
  const secrets = wanted.map(({ secretFile }) => readFileSync(secretFile, 'utf8'))
  expect(new Set(secrets).size).toBe(2)
  expect(secrets[0]).toMatch(/^[\w-]{32}$/)
  expect(statSync(wanted[0]!.secretFile).mode & 0o777).toBe(0o600)
  const again = createIdentities(provisionIdentities(wanted))
  expect(await again.verify('node-red', Buffer.from(secrets[0]!))).toEqual(identity)
  expect(await again.verify('node-red', Buffer.from(secrets[1]!))).toBeUndefined()
  expect(JSON.stringify(first)).not.toContain(secrets[0])
})

test('a subscriber that takes nothing is dropped, and the others hear everything meanwhile', async () => {
  const { broker, join } = await start()
  const stalled = await join('platform', { clientId: 'platform:stalled' })
  await stalled.subscribeAsync('cl/v1/s/+/telemetry', { qos: 0 })
  const lost = new Promise<void>((resolve) => stalled.once('close', () => resolve()))
  ;(stalled.stream as unknown as { pause(): void }).pause()
  const other = await join('platform', { clientId: 'platform:other' })
  let heard = 0
  other.on('message', () => heard++)
  await other.subscribeAsync('cl/v1/s/+/telemetry', { qos: 1 })
  const gateway = await join('gw-1')
  const payload = Buffer.alloc(64 * 1024, 'x')
  const MESSAGES = 400
  for (let sent = 0; sent < MESSAGES; sent++)
    await gateway.publishAsync('cl/v1/s/gw-1/telemetry', payload, { qos: 1 })
  await expect.poll(() => heard, { timeout: 10_000 }).toBe(MESSAGES)
  ;(stalled.stream as unknown as { resume(): void }).resume()
  await lost
  expect(broker.stats()).toMatchObject({ clients: 2, dropped: 1 })
})

test.each([
  { name: 'no JSON', text: '[', reason: 'not-json' },
  {
    name: 'a secret in the clear',
    text: JSON.stringify([{ username: 'a', secretHash: 'secret', identity: { kind: 'platform' } }]),
    reason: 'identities-shape',
  },
  {
    name: 'a name twice',
    text: JSON.stringify([identities[0], identities[0]]),
    reason: 'identities-invalid',
  },
])('an identities file with $name is refused', ({ text, reason }) => {
  expect(parseIdentities(text)).toMatchObject({ ok: false, fault: { reason } })
})
