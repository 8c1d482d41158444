import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { NoteView, SectionView } from '@clearlane/protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { getJson } from '../tools/collect.ts'
import { findFreePorts } from '../tools/estate.ts'
import { installNodeRed } from '../tools/node-red.ts'
import { commandOf, findChild } from './testing-children.ts'
import type { TestEstate } from './testing-estate.ts'
import { explain, ROOT, startTestEstate } from './testing-estate.ts'
import { createEditor, nodeRedOf, toFunctionFlow } from './testing-node-red.ts'

const HUNG_AFTER_MS = 3_000
const HEAP_MB = 128
const SLOW = { timeout: 90_000 }
const LAMP = JSON.parse(
  readFileSync(join(ROOT, 'gateway/node-red/nodes/examples/lamp.json'), 'utf8'),
) as object[]

/** A third of what ends is a stay that the verdict scores. */
const ENOUGH_EPISODES = 100

let estate: TestEstate
let port: number
let nodeRedDir: string
const url = (path: string): string => `http://127.0.0.1:${port}${path}`
const state = async (): Promise<string | undefined> => (await nodeRedOf(estate.api))?.state
const notes = async (): Promise<NoteView[]> =>
  ((await getJson(`${estate.api}/api/v1/notes`)) as { items: NoteView[] }).items
const countEpisodes = async (narrow = ''): Promise<number> =>
  ((await getJson(`${estate.api}/api/v1/episodes/count${narrow}`)) as { count: number }).count

beforeAll(async () => {
  installNodeRed(ROOT, () => undefined)
  const [brokerPort, nodeRedPort] = (await findFreePorts(2)) as [number, number]
  port = nodeRedPort
  estate = await startTestEstate({
    speed: 10,
    forMs: 600_000,
    arrivalsPerHour: 900,
    heartbeatMs: 1_000,
    box: {
      lan: { broker: { port: brokerPort }, url: `mqtt://127.0.0.1:${brokerPort}` },
      nodeRed: { port, heapMb: HEAP_MB, hungAfterMs: HUNG_AFTER_MS },
    },
  })
  nodeRedDir = join(estate.dataDir, 'gateway/node-red')
}, 180_000)
afterAll(() => estate[Symbol.asyncDispose]())

test('it runs beside the gateway where it is configured', async () => {
  await expect.poll(state, SLOW).toBe('running')
})

describe('who may come in', () => {
  test.each(['/flows', '/settings', '/nodes', '/context/global', '/flow/lamp'])(
    '%s is for those who have signed in',
    async (path) => {
      expect((await fetch(url(path))).status).toBe(401)
    },
  )

  test('nothing is deployed without signing in', async () => {
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '[]' }
    expect((await fetch(url('/flows'), init)).status).toBe(401)
  })

  test.each(['', 'admin', 'password'])('the password %j is refused', async (password) => {
    const answer = await fetch(url('/auth/token'), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        client_id: 'node-red-editor',
        grant_type: 'password',
        scope: '*',
        username: 'admin',
        password,
      }),
    })
    expect(answer.ok).toBe(false)
    expect(await answer.text()).not.toContain('access_token')
  })

  test('the password and its hash are for the user of the gateway only', () => {
    for (const name of ['admin.password', 'admin.hash'])
      expect(statSync(join(nodeRedDir, name)).mode & 0o777, name).toBe(0o600)
    expect(readFileSync(join(nodeRedDir, 'admin.hash'), 'utf8')).toMatch(/^\$2[aby]\$\d\d\$/)
  })
})

describe('what flows do', () => {
  test('five nodes are there, with names and help in both languages, and none that starts programs', async () => {
    const editor = await createEditor(nodeRedDir, port)
    const nodes = (await editor.ask('/nodes')) as { module: string; types: string[]; err?: string }[]
    const own = nodes.filter(({ module }) => module === '@clearlane/node-red-nodes')
    expect(own).toMatchObject([{ types: expect.any(Array) }])
    expect(own[0]?.err).toBeUndefined()
    expect(own[0]?.types.sort()).toEqual(
      ['episode', 'health', 'note', 'reading', 'section'].map((name) => `clearlane-${name}`),
    )
    expect(nodes.flatMap(({ types }) => types)).not.toContain('exec')
    for (const [language, word] of [
      ['en-US', 'reading'],
      ['zh-CN', '地磁读数'],
    ] as const) {
      const words = JSON.stringify(await editor.ask(`/nodes/messages?lng=${language}`))
      expect(words).toContain(word)
    }
  })

  test('the example lights its lamp while a section is blocked, and tells the console', async () => {
    const editor = await createEditor(nodeRedDir, port)
    const { items } = (await getJson(`${estate.api}/api/v1/sections`)) as { items: SectionView[] }
    const { section, name } = items.find(({ state: now }) => now === 'blocked') ?? items[0]!
    // Of one section only: of all of them one is mostly blocked.
    await editor.deploy(LAMP.map((node) => ('section' in node ? { ...node, section } : node)))
    const lamp = (): string => {
      const file = join(nodeRedDir, 'lamp')
      return existsSync(file) ? readFileSync(file, 'utf8').trim() : ''
    }
    await expect.poll(lamp, SLOW).toBe('on')
    await expect.poll(lamp, SLOW).toBe('off')
    const told = { gateway: 'gw-1', section, text: expect.stringMatching(`^The lamp is lit: .*${name}$`) }
    await expect.poll(notes).toContainEqual(expect.objectContaining(told))
  })

  test("a flow reads nothing but its own folder, and not the gateway's secrets", async () => {
    const editor = await createEditor(nodeRedDir, port)
    const secret = join(estate.dataDir, 'secrets/gateway.secret')
    expect(existsSync(secret)).toBe(true)
    const [tab, inject] = toFunctionFlow('', 3_600)
    await editor.deploy([
      tab!,
      { ...inject!, wires: [['r1']] },
      {
        id: 'r1',
        type: 'file in',
        z: 'f100000000000001',
        filename: secret,
        filenameType: 'str',
        format: 'utf8',
        wires: [['n1']],
      },
      { id: 'c1', type: 'catch', z: 'f100000000000001', scope: null, wires: [['p1']] },
      {
        id: 'p1',
        type: 'change',
        z: 'f100000000000001',
        rules: [{ t: 'set', p: 'payload', pt: 'msg', to: 'error.message', tot: 'msg' }],
        wires: [['n1']],
      },
      { id: 'n1', type: 'clearlane-note', z: 'f100000000000001', level: 'warning', section: '' },
    ])
    await expect.poll(async () => (await notes())[0], SLOW).toMatchObject({ level: 'warning' })
    expect((await notes())[0]?.text).toMatch(/ACCESS_DENIED|restricted/)
  })
})

/** What the misfortune says of itself, and whether it needs a flow. */
const MISFORTUNES = [
  { name: 'never ends', reason: /never ends/, end: 'safe-mode', func: 'while (true) {}' },
  {
    name: 'eats memory',
    reason: /memory/,
    end: 'safe-mode',
    // Little by little: each piece leaves time for everything else.
    func: `const kept = []
setInterval(() => { for (let piece = 0; piece < 20; piece++) kept.push(new Array(100000).fill(Math.random())) }, 100)`,
  },
  {
    name: 'throws where nobody catches',
    reason: /thrown by a flow/,
    end: 'safe-mode',
    func: `Promise.reject(new Error('thrown by a flow'))`,
  },
] as const

describe('a flow that goes wrong', () => {
  test('that throws within its node is told of in the log, and all the others go on', async () => {
    const editor = await createEditor(nodeRedDir, port)
    await editor.deploy(toFunctionFlow(`throw new Error('a slip')`))
    await expect.poll(() => readFileSync(join(nodeRedDir, 'node-red.log'), 'utf8')).toContain('a slip')
    expect(await state()).toBe('running')
  })

  test.each(MISFORTUNES)(
    'that $name takes Node-RED along, and the gateway goes on telling',
    async ({ func, reason, end }) => {
      const editor = await createEditor(nodeRedDir, port)
      const before = await countEpisodes()
      // Nobody may be left to answer.
      await editor.deploy(toFunctionFlow(func)).catch(() => undefined)
      await expect.poll(state, SLOW).not.toMatch(/running|safe-mode/)
      await expect.poll(() => countEpisodes(), SLOW).toBeGreaterThan(before)
      await expect.poll(state, SLOW).toBe(end)
      expect((await nodeRedOf(estate.api))?.reason).toMatch(reason)
    },
  )

  test('that has ended it three times is not run again, and can be mended in the editor', async () => {
    const editor = await createEditor(nodeRedDir, port)
    expect(JSON.stringify(await editor.ask('/flows'))).toContain('thrown by a flow')
    await editor.deploy([])
    await expect.poll(state, SLOW).toBe('running')
  })

  test('Node-RED that is killed again is given up with its reason, and nobody misses it', async () => {
    const before = await countEpisodes()
    const nodeRedPid = findChild(estate.child.gateway.pid(), 'node-red/main.ts')
    expect(nodeRedPid).toBeDefined()
    process.kill(nodeRedPid!, 'SIGKILL')
    await expect.poll(state, SLOW).toBe('given-up')
    expect((await nodeRedOf(estate.api))?.reason).toContain('SIGKILL')
    await expect.poll(() => countEpisodes(), SLOW).toBeGreaterThan(before)
  })

  test('that never ends does not outlive a gateway that is killed', async () => {
    process.kill(estate.child.gateway.pid()!, 'SIGKILL')
    await expect.poll(state, SLOW).toBe('running')
    const editor = await createEditor(nodeRedDir, port)
    await editor.deploy(toFunctionFlow('while (true) {}')).catch(() => undefined)
    const nodeRedPid = findChild(estate.child.gateway.pid(), 'node-red/main.ts')!
    process.kill(estate.child.gateway.pid()!, 'SIGKILL')
    await expect.poll(() => commandOf(nodeRedPid)).toBe('')
    await estate.child.gateway.ready()
  })

  test('what the sensors said and what the centre holds are the same after all of it', async () => {
    // Enough of them for a verdict.
    await expect
      .poll(() => countEpisodes('?state=ended'), { timeout: 240_000 })
      .toBeGreaterThan(ENOUGH_EPISODES)
    const verdict = await estate.verdict()
    expect(verdict.green, explain(verdict, estate.dataDir)).toBe(true)
  })
})
