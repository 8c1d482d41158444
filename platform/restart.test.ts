import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createBroker } from '@clearlane/broker/broker.ts'
import { createIdentities, hashSecret } from '@clearlane/broker/identities.ts'
import type { AckMessage } from '@clearlane/protocol'
import { AckMessageSchema } from '@clearlane/protocol'
import { connectAsync } from 'mqtt'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { PlatformConfigSchema } from './config.ts'
import { createPlatform } from './platform.ts'

test('a platform that has been away asks each gateway it knows for everything behind its last row: what was under way is gone', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'restart-'))
  const broker = await createBroker({
    host: '127.0.0.1',
    port: 0,
    identities: createIdentities([
      {
        username: 'gw',
        secretHash: hashSecret('g'),
        identity: { kind: 'gateway', site: 's', gateway: 'gw' },
      },
      { username: 'platform', secretHash: hashSecret('p'), identity: { kind: 'platform' } },
    ]),
    drainTimeoutMs: 500,
    maxConnections: 10,
    onRefused: () => undefined,
  })
  const url = `mqtt://127.0.0.1:${broker.port}`
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }
  const empty = { lanes: [], sections: [], slots: [] }
  const config = PlatformConfigSchema.parse({
    dataDir: join(folder, 'data'),
    site: 's',
    http: { port: 0 },
    mqtt: { url, username: 'platform', passwordFile: file('secret', 'p') },
    layoutFile: file(
      'layout.json',
      JSON.stringify({ v: 1, site: 's', name: 'Test', version: 1, timeZone: 'Asia/Shanghai', ...empty }),
    ),
    rulesFile: file('rules.json', JSON.stringify({ v: 1, site: 's', version: 1 })),
  })
  const gateway = await connectAsync(url, { username: 'gw', password: 'g', clientId: 'gw:1' })
  const acks: AckMessage[] = []
  gateway.on('message', (_topic, payload) =>
    acks.push(AckMessageSchema.parse(JSON.parse(payload.toString()))),
  )
  await gateway.subscribeAsync('cl/v1/s/gw/ack', { qos: 1 })

  const before = await createPlatform(config, pino({ level: 'silent' }))
  const correction = {
    kind: 'correction',
    reading: { device: '70b3d57ed001a001', session: 1, counter: 1 },
    slot: 'a1',
    section: 'a',
    eventMs: 1,
    settledMs: 2,
    decidedMs: 3,
  }
  const message = { v: 1, gateway: 'gw', epoch: 'e1', channel: 'events', after: 0, first: 1, last: 1 }
  const send = () =>
    gateway.publishAsync('cl/v1/s/gw/episode', JSON.stringify({ ...message, rows: [correction] }), { qos: 1 })
  await expect
    .poll(async () => {
      await send()
      return acks.at(-1)?.events
    })
    .toBe(1)
  await before.close()

  acks.length = 0
  const after = await createPlatform(config, pino({ level: 'silent' }))
  await expect
    .poll(() => acks.at(0))
    .toMatchObject({ events: 1, readings: 0, rewind: ['events', 'readings'] })
  await after.close()
  await gateway.endAsync()
  await broker.close()
  rmSync(folder, { recursive: true })
})
