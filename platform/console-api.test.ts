import type { EpisodeEvent, GatewayEvent } from '@clearlane/protocol'
import {
  DeviceViewSchema,
  EpisodeViewSchema,
  LayoutVersionSchema,
  MAX_PLAN_BYTES,
  SlotSeriesSchema,
} from '@clearlane/protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ErrorCode } from './api/error-codes.ts'
import { ERROR_STATUS } from './api/error-codes.ts'
import { health, layout, reading, startTestPlatform } from './testing-platform.ts'

let platform: Awaited<ReturnType<typeof startTestPlatform>>
beforeAll(async () => {
  platform = await startTestPlatform()
})
afterAll(() => platform.close())

const DAY_MS = 86_400_000
const LONG = 'x'.repeat(100_000)
describe('what the console asks for in a wrong way is refused with its code and a sentence', () => {
  test.each([
    { path: '/slots/none/series?from=0&to=1', status: 404, says: 'the layout has no slot none' },
    { path: '/slots/a1/series', status: 400, says: 'from: a time in ms UTC' },
    { path: '/slots/a1/series?from=0', status: 400, says: 'to: a time in ms UTC' },
    { path: '/slots/a1/series?from=x&to=1', status: 400, says: 'from: a time in ms UTC' },
    { path: '/slots/a1/series?from=0.5&to=1', status: 400, says: 'from: a time in ms UTC, a whole number' },
    { path: '/slots/a1/series?from=0&to=1e300', status: 400, says: 'to: a time in ms UTC' },
    { path: '/slots/a1/series?from=2&to=2', status: 400, says: 'to: it must be later than `from`' },
    { path: '/slots/a1/series?from=2&to=1', status: 400, says: 'to: it must be later than `from`' },
    { path: `/slots/a1/series?from=0&to=${92 * DAY_MS + 1}`, status: 400, says: 'to: at most 92 days' },
    { path: '/slots/a1/series?from=0&to=9&points=49', status: 400, says: 'points: ' },
    { path: '/slots/a1/series?from=0&to=9&points=2001', status: 400, says: 'points: ' },
    { path: '/slots/a1/series?from=0&to=9&points=many', status: 400, says: 'points: ' },
    { path: '/devices/70b3d57ed001afff', status: 404, says: 'stands in no slot' },
    { path: '/devices/west', status: 400, says: 'a device id is an EUI-64' },
    { path: '/episodes?state=shut', status: 400, says: 'state: ' },
    { path: '/episodes?lane=%27%3B--', status: 400, says: 'lane: an id is' },
    { path: `/episodes?section=${'x'.repeat(65)}`, status: 400, says: 'section: an id is' },
    { path: '/episodes?from=soon', status: 400, says: 'from: a time in ms UTC' },
    { path: `/episodes?cursor=${'9'.repeat(400)}~x`, status: 400, says: 'cursor: give back `next`' },
    { path: '/episodes?cursor=5', status: 400, says: 'cursor: give back `next`' },
    { path: '/episodes/count?state=shut', status: 400, says: 'state: ' },
    { path: '/episodes/count?to=1e300', status: 400, says: 'to: a time in ms UTC' },
    { path: '/layout?version=99', status: 404, says: 'the layout has no version 99' },
    { path: '/layout?version=-1', status: 404, says: 'the layout has no version -1' },
    { path: '/layout?version=new', status: 400, says: 'version: a version, a number' },
    { path: '/layout?version=1e300', status: 400, says: 'version: a version' },
    { path: '/plan', status: 404, says: 'no image of the plan' },
  ])('GET $path', async ({ path, status, says }) => {
    const { body, ...answer } = await platform.get(path)
    expect(answer.status).toBe(status)
    expect(body['message']).toContain(says)
    expect(body['code']).toBe(status === 404 ? 'not-found' : 'bad-request')
  })

  const PNG = Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 1, 2, 3])
  test.each([
    {
      name: 'a layout of nobody',
      method: 'PUT',
      path: '/layout?version=1',
      body: layout,
      code: 'bad-request',
      says: 'by: say who makes the change',
    },
    {
      name: 'a layout of somebody without a name',
      method: 'PUT',
      path: '/layout?version=1&by=%20',
      body: layout,
      code: 'bad-request',
      says: 'by: say who does it',
    },
    {
      name: 'a layout of a name too long',
      method: 'PUT',
      path: `/layout?version=1&by=${'x'.repeat(201)}`,
      body: layout,
      code: 'bad-request',
      says: 'by: Too big',
    },
    {
      name: 'a layout of no version',
      method: 'PUT',
      path: '/layout?by=Wang',
      body: layout,
      code: 'bad-request',
      says: 'version: a version, a number',
    },
    {
      name: 'a layout of the wrong shape',
      method: 'PUT',
      path: '/layout?version=1&by=Wang',
      body: { ...layout, slots: [{ ...layout.slots[0], offsetM: 'far' }] },
      code: 'document-invalid',
      says: 'slots[0].offsetM: ',
    },
    {
      name: 'a layout that contradicts itself twice',
      method: 'PUT',
      path: '/layout?version=1&by=Wang',
      body: {
        ...layout,
        sections: [{ ...layout.sections[0], toM: 9 }],
        slots: [{ ...layout.slots[0], offsetM: 10 }],
      },
      code: 'document-invalid',
      says: /^sections\[0\]: [^;]+; slots\[0\]\.offsetM: [^;]+$/,
    },
    {
      name: 'a plan without extent',
      method: 'PUT',
      path: '/layout?version=1&by=Wang',
      body: { ...layout, plan: { widthM: 0, heightM: 1 } },
      code: 'document-invalid',
      says: 'plan.widthM: ',
    },
    {
      name: 'a slot that is not there',
      method: 'POST',
      path: '/slots/none/device',
      body: { device: null },
      code: 'not-found',
      says: 'the layout has no slot none',
    },
    {
      name: 'a device that is none',
      method: 'POST',
      path: '/slots/a2/device',
      body: { device: 'west' },
      code: 'bad-request',
      says: 'device: a device id is an EUI-64',
    },
    {
      name: 'a binding of nothing',
      method: 'POST',
      path: '/slots/a2/device',
      body: {},
      code: 'bad-request',
      says: 'device: ',
    },
    {
      name: 'a move that is none',
      method: 'POST',
      path: '/slots/a2/device',
      body: { device: null, move: 'yes' },
      code: 'bad-request',
      says: 'move: ',
    },
    {
      name: 'a binding by no name',
      method: 'POST',
      path: '/slots/a2/device',
      body: { device: null, by: '' },
      code: 'bad-request',
      says: 'by: say who does it',
    },
    {
      name: 'an episode that is not there',
      method: 'POST',
      path: '/episodes/none/seen',
      body: { by: 'Wang' },
      code: 'not-found',
      says: 'there is no such episode',
    },
    {
      name: 'seen by nobody',
      method: 'POST',
      path: '/episodes/none/seen',
      body: {},
      code: 'bad-request',
      says: 'by: ',
    },
    {
      name: 'seen by a number',
      method: 'POST',
      path: '/episodes/none/seen',
      body: { by: 7 },
      code: 'bad-request',
      says: 'by: ',
    },
    {
      name: 'seen by a name too long',
      method: 'POST',
      path: '/episodes/none/seen',
      body: { by: LONG },
      code: 'bad-request',
      says: 'by: Too big',
    },
    {
      name: 'a list instead of who has seen it',
      method: 'POST',
      path: '/episodes/none/seen',
      body: [],
      code: 'bad-request',
      says: 'expected object',
    },
    {
      name: 'a drawing with scripts',
      method: 'PUT',
      path: '/plan',
      body: Buffer.from('<svg onload="alert(1)"/>'),
      type: 'image/svg+xml',
      code: 'not-an-image',
      says: 'the plan stays as it was',
    },
    {
      name: 'a page that says it is a PNG',
      method: 'PUT',
      path: '/plan',
      body: Buffer.from('<!doctype html>'),
      type: 'image/png',
      code: 'not-an-image',
      says: 'not the PNG',
    },
    {
      name: 'a PNG that says it is a JPEG',
      method: 'PUT',
      path: '/plan',
      body: PNG,
      type: 'image/jpeg',
      code: 'not-an-image',
      says: 'not the PNG',
    },
    {
      name: 'an empty image',
      method: 'PUT',
      path: '/plan',
      body: new Uint8Array(),
      type: 'image/png',
      code: 'not-an-image',
      says: 'not the PNG',
    },
    {
      name: 'no image to take away',
      method: 'DELETE',
      path: '/plan',
      body: undefined,
      code: 'not-found',
      says: 'no image of the plan',
    },
  ])('$method $path: $name', async ({ method, path, body, type, code, says }) => {
    const answer = await platform.change(
      method,
      path,
      body,
      type === undefined ? {} : { 'content-type': type },
    )
    expect(answer.body['message']).toMatch(says)
    expect([answer.status, answer.body['code']]).toEqual([ERROR_STATUS[code as ErrorCode], code])
  })

  test.each([
    { name: 'that says how large it is', chunks: undefined },
    { name: 'that does not say how large it is', chunks: 50 },
  ])('an image of 50 MB $name', async ({ chunks }) => {
    const mib = new Uint8Array(1024 * 1024)
    const body =
      chunks === undefined
        ? new Uint8Array(50 * mib.length)
        : ReadableStream.from(Array.from({ length: chunks }, () => mib))
    const response = await fetch(`${platform.api}/api/v1/plan`, {
      method: 'PUT',
      headers: { 'content-type': 'image/png' },
      body,
      duplex: 'half',
    })
    expect([response.status, await response.json()]).toEqual([
      413,
      { code: 'too-large', message: expect.stringContaining('more than 8 MiB') },
    ])
  })
})

test("the plan's image comes back as it was put, as the image that it is and nothing else", async () => {
  const image = new Uint8Array(MAX_PLAN_BYTES)
  image.set([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  const put = await platform.change('PUT', '/plan', image, { 'content-type': 'image/png' })
  expect(put).toEqual({ status: 200, body: { type: 'image/png', bytes: MAX_PLAN_BYTES } })
  const first = await fetch(`${platform.api}/api/v1/plan`)
  expect(Buffer.compare(Buffer.from(await first.arrayBuffer()), image)).toBe(0)
  expect(Object.fromEntries(first.headers)).toMatchObject({
    'content-type': 'image/png',
    'x-content-type-options': 'nosniff',
    'content-security-policy': expect.stringContaining('sandbox'),
  })
  const tag = first.headers.get('etag') ?? ''
  const again = await fetch(`${platform.api}/api/v1/plan`, { headers: { 'if-none-match': tag } })
  expect([again.status, (await again.arrayBuffer()).byteLength]).toEqual([304, 0])
  expect((await platform.change('DELETE', '/plan')).status).toBe(200)
  expect((await platform.get('/plan')).status).toBe(404)
})

describe('a device', () => {
  const DEVICE = '70b3d57ed001a00d'
  const devices = async () =>
    ((await platform.get('/devices')).body.items ?? [])
      .map((one) => DeviceViewSchema.parse(one))
      .filter(({ device }) => device === DEVICE)
  const versionsBy = async () =>
    ((await platform.get('/layout/versions')).body.items ?? []).map(
      (one) => LayoutVersionSchema.parse(one).by,
    )

  test('is bound, moved and moved back; undo is the opposite call, and each is a version of somebody', async () => {
    await platform.change('POST', '/slots/a1/device', { device: DEVICE, by: 'Wang' })
    expect(await devices()).toMatchObject([{ slot: 'a1' }])
    expect(await platform.change('POST', '/slots/a2/device', { device: DEVICE })).toMatchObject({
      status: 422,
      body: { code: 'document-invalid', message: expect.stringContaining('already in slot a1') },
    })
    const moved = await platform.change('POST', '/slots/a2/device', { device: DEVICE, move: true })
    expect(moved.status).toBe(200)
    expect(await devices()).toMatchObject([{ slot: 'a2' }])
    await platform.change('POST', '/slots/a1/device', { device: DEVICE, move: true, by: 'Li' })
    expect(await devices()).toMatchObject([{ slot: 'a1' }])
    expect((await versionsBy()).slice(0, 3)).toEqual(['Li', 'console', 'Wang'])
    const version = Number(moved.body['version'])
    expect((await platform.get(`/layout?version=${version}`)).body).toEqual(moved.body)
  })

  test('is shown as its gateway last spoke of it', async () => {
    const told = {
      device: DEVICE,
      slot: 'a1',
      lastHeardMs: 5,
      lowBattery: true,
      batteryMv: 3_000,
      missing: 2,
    }
    await platform.gateway.publishAsync('cl/v1/s/gw/health', health({ devices: [told] }), { qos: 1 })
    const view = {
      ...told,
      section: 'a',
      sectionName: 'A',
      laneName: 'North',
      gateway: 'gw',
      isGatewayConnected: true,
    }
    await expect.poll(async () => (await platform.get(`/devices/${DEVICE}`)).body).toEqual(view)
    await platform.gateway.publishAsync(
      'cl/v1/s/gw/health',
      health({ devices: [{ ...told, lastHeardMs: 0 }] }),
      {
        qos: 1,
      },
    )
    await expect
      .poll(async () => (await platform.get(`/devices/${DEVICE}`)).body)
      .not.toHaveProperty('lastHeardMs')
  })

  test('has a layout in force from when its gateway first says so', async () => {
    const version = Number((await platform.get('/layout')).body['version'])
    const versions = async () =>
      ((await platform.get('/layout/versions')).body.items ?? []).map((one) => LayoutVersionSchema.parse(one))
    const inForce = async () => (await versions())[0]?.inForce
    expect(await inForce()).toEqual([])
    const listener = await platform.listen()
    await platform.gateway.publishAsync('cl/v1/s/gw/health', health({ layoutVersion: version }), { qos: 1 })
    await listener.until((event) => event.kind === 'layout' && event.version === version)
    listener.leave()
    expect(await inForce()).toEqual([{ gateway: 'gw', sinceMs: expect.any(Number) }])
  })
})

describe('an episode', () => {
  const episode = (id: string, revision: number): EpisodeEvent => ({
    kind: 'episode',
    transition: revision === 1 ? 'detected' : 'confirmed',
    atMs: 1_000 * revision,
    decidedMs: 1,
    episode: {
      id,
      revision,
      lane: 'north',
      sections: ['a'],
      suspect: 'unknown',
      detectedMs: 1_000,
      confirmed: revision > 1,
      unobserved: false,
      rulesVersion: 1,
      layoutVersion: 1,
    },
    evidence: [],
  })
  const presence: GatewayEvent = {
    kind: 'presence',
    slot: 'a1',
    section: 'a',
    presence: 'occupied',
    revision: 1,
    sinceMs: 900,
    decidedMs: 1,
    evidence: { slot: 'a1', residualNt: 1_234, thresholdNt: 900, reason: 'above the threshold' },
  }

  test('is found by lane, section and state, and counted', async () => {
    await platform.sendEvents([presence, episode('x', 1), episode('x', 2)], 1)
    await expect
      .poll(async () => (await platform.get('/episodes/count?state=blocked')).body)
      .toEqual({ count: 1 })
    for (const filter of ['lane=north', 'section=a&state=open', 'state=alarmed', 'open=true', 'to=1001'])
      expect((await platform.get(`/episodes?${filter}`)).body.items, filter).toMatchObject([
        { episode: { id: 'x' } },
      ])
    for (const filter of ['lane=south', 'section=a&state=ended', 'open=false', 'from=1001'])
      expect((await platform.get(`/episodes?${filter}`)).body.items, filter).toEqual([])
  })

  test('is said to be seen without its platform.gateway, once a name, and live listeners are told', async () => {
    const listener = await platform.listen()
    await listener.until((event) => event.kind === 'hello')
    const first = await platform.change('POST', '/episodes/x/seen', { by: ' Wang ' })
    const seen = [{ by: 'Wang', atMs: expect.any(Number) }]
    expect(EpisodeViewSchema.parse(first.body).seen).toEqual(seen)
    expect((await platform.change('POST', '/episodes/x/seen', { by: 'Wang' })).body).toEqual(first.body)
    await listener.until((event) => event.kind === 'episode' && event.episode.seen.length === 1)
    listener.leave()
    const later = await platform.listen()
    await later.until((event) => event.kind === 'hello' && event.episodes[0]?.seen[0]?.by === 'Wang')
    later.leave()
  })

  test('stands in the series of its slot with the presence, the field and the rules in force', async () => {
    await platform.send([reading(0, { temperatureC: 20.5 }), reading(5_000)], 1)
    await expect.poll(() => platform.lastAck()?.readings).toBe(2)
    await expect.poll(platform.historyLag).toBe(0)
    const series = SlotSeriesSchema.parse(
      (await platform.get('/slots/a1/series?from=1000&to=11000&points=50')).body,
    )
    expect(series).toMatchObject({
      slot: 'a1',
      fromMs: 1_000,
      toMs: 11_000,
      presence: [{ sinceMs: 900, presence: 'occupied', evidence: { residualNt: 1_234 } }],
      marks: [
        { atMs: 1_000, transition: 'detected', episode: 'x' },
        { atMs: 2_000, transition: 'confirmed', episode: 'x' },
      ],
      readings: 2,
      atMs: [1_000, 6_000],
      xNt: [1, 1],
      temperatureC: [20.5, null],
      silent: [{ fromMs: 6_000, toMs: 11_000 }],
      onNt: 900,
      offNt: 600,
    })
  })
})
