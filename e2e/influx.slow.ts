import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { reading, startTestPlatform } from '@clearlane/platform/testing-platform.ts'
import type { InfluxView, Reading } from '@clearlane/protocol'
import { InfluxViewSchema, StatusSchema } from '@clearlane/protocol'
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { startSlowProxy } from './testing-slow-proxy.ts'
import type { StoredInfluxd } from './testing-stored-influxd.ts'
import { ORGANISATION, ROOT_TOKEN, startStoredInfluxd } from './testing-stored-influxd.ts'
import { findInfluxd } from './testing-influxd.ts'

const found = findInfluxd()
process.stderr.write(`influxd: ${found ?? 'none found, so nothing is written to one'}\n`)
const WITHIN = { timeout: 120_000, interval: 250 }
const NOW_MS = Date.now()
const ROWS_PER_MESSAGE = 500

/** A reading of this hour: InfluxDB drops what is older than its bucket keeps. */
const recent = (counter: number, over: Partial<Reading> = {}): Reading =>
  reading(counter, { eventMs: NOW_MS - 3_000_000 + counter, receivedMs: NOW_MS, ...over })
const rows = (from: number, count: number): Reading[] =>
  Array.from({ length: count }, (_, index) => recent(from + index))

describe.skipIf(found === undefined)('with a real InfluxDB 2 behind the platform', () => {
  let influxd: StoredInfluxd
  let bucket = ''
  let buckets = 0
  const folder = mkdtempSync(join(tmpdir(), 'influx-slow-'))
  const tokenFile = join(folder, 'token')
  beforeAll(async () => {
    influxd = await startStoredInfluxd(found ?? '')
  })
  afterAll(async () => {
    await influxd[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true })
  })
  afterEach(async () => {
    if (influxd.pid() === undefined) await influxd.start()
  })

  /** A platform that writes to a bucket of its own, and a gateway's connection to it. */
  const start = async (over: object = {}) => {
    bucket = `history-${++buckets}`
    writeFileSync(tokenFile, ROOT_TOKEN)
    const platform = await startTestPlatform({
      influx: { url: influxd.url, org: ORGANISATION, bucket, tokenFile, ...over },
    })
    onTestFinished(platform.close)
    // What is said before the platform listens is said to nobody.
    await expect
      .poll(async () => StatusSchema.parse((await platform.get('/status')).body).broker.connected)
      .toBe(true)
    let sent = 0
    const send = async (readings: readonly Reading[]): Promise<void> => {
      for (let at = 0; at < readings.length; at += ROWS_PER_MESSAGE) {
        const part = readings.slice(at, at + ROWS_PER_MESSAGE)
        await platform.send(part, sent + 1)
        sent += part.length
      }
    }
    const view = async (): Promise<InfluxView> =>
      InfluxViewSchema.parse((await platform.get('/influx')).body.items?.[0])
    const acknowledged = () => expect.poll(() => platform.lastAck()?.readings, WITHIN).toBe(sent)
    const caughtUp = async (): Promise<void> => {
      await acknowledged()
      await expect.poll(async () => (await view()).lagEntries, WITHIN).toBe(0)
    }
    return { platform, send, view, acknowledged, caughtUp }
  }
  const count = async (): Promise<unknown> =>
    (await influxd.query(bucket, 'SELECT count("counter") FROM "reading"'))[0]?.[1] ?? 0

  test('the first start makes the bucket, its retention and a lasting mapping, and InfluxQL finds the readings', async () => {
    const { send, caughtUp, view } = await start({ retentionDays: 30 })
    await send([recent(1, { temperatureC: 21 }), recent(2)])
    await caughtUp()
    const answer = await influxd.ask('GET', `/api/v2/buckets?org=${ORGANISATION}&name=${bucket}`)
    const [made] = (answer as { buckets: { id: string; retentionRules: { everySeconds: number }[] }[] })
      .buckets
    expect(made?.retentionRules[0]?.everySeconds).toBe(30 * 86_400)
    expect(
      await influxd.ask('GET', `/api/v2/dbrps?orgID=${influxd.orgId}&bucketID=${made?.id}`),
    ).toMatchObject({
      content: [{ database: bucket, retention_policy: 'autogen', default: true, virtual: false }],
    })
    const text = `SELECT "counter", "temperatureC", "device" FROM "reading" WHERE "slot" = 'a1'`
    expect(await influxd.query(bucket, text)).toEqual([
      [(NOW_MS - 3_000_000 + 1) * 1_000 + 1, 1, 21, '70b3d57ed001a001'],
      [(NOW_MS - 3_000_000 + 2) * 1_000 + 2, 2, null, '70b3d57ed001a001'],
    ])
    expect((await view()).missing).toEqual([])
  })

  test('a server that is away when the platform starts, and away again, gets everything once', async () => {
    await influxd.kill()
    const { send, acknowledged, caughtUp, view } = await start()
    await send(rows(1, 2_000))
    await acknowledged()
    await expect.poll(async () => (await view()).failing?.reason, WITHIN).toContain('ECONNREFUSED')
    await influxd.start()
    await caughtUp()
    expect(await count()).toBe(2_000)
    await influxd.kill()
    await send(rows(2_001, 2_000))
    await acknowledged()
    expect((await view()).lagEntries).toBeGreaterThan(0)
    await influxd.start()
    await caughtUp()
    expect(await count()).toBe(4_000)
    expect((await view()).failing).toBeUndefined()
  })

  test('a server that is killed under load and started again has every point once', async () => {
    const { send, caughtUp, acknowledged } = await start()
    let sent = 0
    for (let kill = 0; kill < 3; kill++) {
      const sending = send(rows(sent + 1, 10_000))
      sent += 10_000
      await expect.poll(async () => Number(await count()), WITHIN).toBeGreaterThan(sent - 10_000)
      await influxd.kill()
      await sending
      await influxd.start()
    }
    await acknowledged()
    await caughtUp()
    expect(await count()).toBe(sent)
    expect((await influxd.query(bucket, 'SELECT sum("counter") FROM "reading"'))[0]?.[1]).toBe(
      (sent * (sent + 1)) / 2,
    )
  })

  test('a server that is slow holds up nobody but itself', async () => {
    const proxy = await startSlowProxy(Number(new URL(influxd.url).port), 1_000)
    onTestFinished(proxy.close)
    const { platform, send, acknowledged, caughtUp, view } = await start({ url: proxy.url })
    await send(rows(1, 3_000))
    await acknowledged()
    await expect.poll(platform.historyLag, WITHIN).toBe(0)
    expect((await view()).lagEntries).toBeGreaterThan(0)
    await caughtUp()
    expect(await count()).toBe(3_000)
  })

  test('a wrong token loses nothing: the right one in its file is taken without a restart', async () => {
    const { send, acknowledged, caughtUp, view } = await start()
    writeFileSync(tokenFile, 'wrong')
    await send(rows(1, 1_000))
    await acknowledged()
    await expect.poll(async () => (await view()).failing?.reason, WITHIN).toContain('401')
    writeFileSync(tokenFile, ROOT_TOKEN)
    await caughtUp()
    expect(await count()).toBe(1_000)
    expect((await view()).parked.total).toBe(0)
  })

  test('a token that may only write is enough for a bucket that is there, and what it may not is said', async () => {
    const name = 'made-by-hand'
    const made = await influxd.ask('POST', '/api/v2/buckets', {
      orgID: influxd.orgId,
      name,
      retentionRules: [],
    })
    const resource = { type: 'buckets', orgID: influxd.orgId, id: (made as { id: string }).id }
    const permissions = [{ action: 'write', resource }]
    const writer = await influxd.ask('POST', '/api/v2/authorizations', { orgID: influxd.orgId, permissions })
    const narrow = join(folder, 'narrow')
    writeFileSync(narrow, (writer as { token: string }).token)
    const { send, caughtUp, view } = await start({ bucket: name, tokenFile: narrow })
    await send(rows(1, 10))
    await caughtUp()
    bucket = name
    expect(await count()).toBe(10)
    expect((await view()).missing).toEqual([
      `the token may not read the bucket ${name}, so nothing more is known of it`,
    ])
  })

  test('of thousands of lines the one that the bucket is too young for is parked, and no other is lost', async () => {
    const { send, caughtUp, view } = await start({ retentionDays: 30 })
    const old = recent(1_500, { eventMs: NOW_MS - 60 * 86_400_000 })
    await send([...rows(1, 1_499), old, ...rows(1_501, 1_500)])
    await caughtUp()
    expect(await count()).toBe(2_999)
    const { total, items } = (await view()).parked
    expect(total).toBe(1)
    expect(items[0]).toMatchObject({ line: expect.stringContaining('counter=1500i'), position: 3 })
    expect(items[0]?.reason).toContain('retention policy')
  })

  test('a type that somebody else has fixed costs the lines with that field, and no other', async () => {
    const { send, caughtUp, view } = await start()
    await send(rows(1, 1))
    await caughtUp()
    await influxd.ask(
      'POST',
      `/api/v2/write?org=${ORGANISATION}&bucket=${bucket}&precision=us`,
      `reading,site=other rssiDbm=1i ${NOW_MS * 1_000}`,
    )
    await send([...rows(2, 2_000), recent(2_002, { rssiDbm: -90 }), ...rows(2_003, 2_000)])
    await caughtUp()
    expect(await count()).toBe(4_001)
    const { total, items } = (await view()).parked
    expect(total).toBe(1)
    expect(items[0]?.line).toContain('rssiDbm=-90')
    expect(items[0]?.reason).toContain('field type conflict')
  })

  test('a server whose disk is full is asked again, and gets everything when it is started again with room', async () => {
    const { send, acknowledged, caughtUp, view } = await start()
    await send(rows(1, 1_000))
    await caughtUp()
    limitFiles(influxd.pid(), 1_000)
    await send(rows(1_001, 5_000))
    await acknowledged()
    await expect.poll(async () => (await view()).failing?.reason, WITHIN).toMatch(/^5\d\d/)
    // InfluxDB 2.7 goes on failing when there is room again, until it is started anew.
    await influxd.kill()
    await influxd.start()
    await caughtUp()
    expect(await count()).toBe(6_000)
    expect((await view()).parked.total).toBe(0)
  })
})

/** No file of that process may grow beyond so many bytes: what a full disk is to a program that writes. */
const limitFiles = (pid: number | undefined, bytes: number): void => {
  execFileSync('prlimit', [`--pid=${pid}`, `--fsize=${bytes}:unlimited`])
}
