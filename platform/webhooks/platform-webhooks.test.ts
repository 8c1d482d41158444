import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { event, startTestPlatform } from '../testing-platform.ts'
import { startTestEndpoint } from './testing-endpoint.ts'

const folder = mkdtempSync(join(tmpdir(), 'platform-webhooks-'))
let endpoint: Awaited<ReturnType<typeof startTestEndpoint>>
let platform: Awaited<ReturnType<typeof startTestPlatform>>

beforeAll(async () => {
  endpoint = await startTestEndpoint('feishu', 'SEC-known', Date.now)
  writeFileSync(join(folder, 'url'), `${endpoint.url}\n`)
  writeFileSync(join(folder, 'secret'), 'SEC-known\n')
  platform = await startTestPlatform({
    webhooks: [
      { id: 'duty', kind: 'feishu', urlFile: join(folder, 'url'), secretFile: join(folder, 'secret') },
    ],
  })
})
afterAll(async () => {
  await platform.close()
  await endpoint.stop()
  rmSync(folder, { recursive: true })
})

test('what a gateway tells reaches the chat once; what had ended when it came reaches nobody', async () => {
  const told = endpoint.next()
  await platform.sendEvents(
    [
      event('detected', 'old', 1, {}),
      event('confirmed', 'old', 2, { confirmed: true }),
      event('cleared', 'old', 3, { confirmed: true, end: 'cleared', endedMs: 2_000 }),
      event('confirmed', 'new', 1, { confirmed: true }),
    ],
    1,
  )
  await told
  const item = async () => (await platform.get('/webhooks')).body.items?.[0]
  await expect.poll(item).toMatchObject({ sent: 1 })
  const ended = endpoint.next()
  await platform.sendEvents(
    [event('cleared', 'new', 2, { confirmed: true, end: 'cleared', endedMs: 3_000 })],
    5,
  )
  await ended
  expect(endpoint.taken.map(({ text }) => text.split('\n')[0])).toEqual(['■ 消防车通道占用', '● 已畅通'])
  await expect.poll(item).toEqual({
    webhook: 'duty',
    kind: 'feishu',
    waiting: 0,
    sent: 2,
    lastSentMs: expect.any(Number),
    givenUp: [],
  })
  expect(JSON.stringify((await platform.get('/webhooks')).body)).not.toContain('hidden')
})
