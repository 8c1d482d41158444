import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { get } from 'node:http'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findFreePorts } from '../tools/estate.ts'
import { readCompose, ROOT } from './testing-compose.ts'
import { findInfluxd, unpack } from './testing-influxd.ts'

const influxd = findInfluxd()
process.stderr.write(`influxd: ${influxd ?? 'none found, so its first start is not run'}\n`)
const hadolint = process.env['HADOLINT'] ?? 'hadolint'
const hasHadolint = spawnSync(hadolint, ['--version']).status === 0
process.stderr.write(`hadolint: ${hasHadolint ? hadolint : 'none found, so the Dockerfile is not linted'}\n`)

const { services } = readCompose()
const HEALTHY_WITHIN_MS = 120_000
/** Beside loopback, as the container's own address is; and nobody outside this machine can reach it. */
const DOOR_HOST = '127.0.0.2'

test.skipIf(!hasHadolint)('hadolint finds nothing in the Dockerfile', () => {
  expect(spawnSync(hadolint, [join(ROOT, 'Dockerfile')], { encoding: 'utf8' })).toMatchObject({
    status: 0,
    stdout: '',
  })
})

describe('each service runs with its command, its environment and empty volumes, without containers', () => {
  const folder = mkdtempSync(join(tmpdir(), 'compose-'))
  const onEnd: (() => Promise<void> | void)[] = []
  let ports: Readonly<Record<string, string>> = {}

  /** The folders of the containers, as they stand on this machine. */
  const toHere = (text: string): string =>
    text
      .replace('/run/clearlane', join(folder, 'run'))
      .replace('/var/lib/clearlane', join(folder, 'data'))
      .replace('/opt/clearlane', ROOT)
      .replace('/var/lib/influxdb2', join(folder, 'influxdb2'))
      .replace(/(?<=^127\.0\.0\.1:)\d+$/, (port) => ports[port] ?? port)
  const toCommand = (words: readonly string[]): string[] =>
    words.map((word) => (word === 'node' ? process.execPath : (ports[word] ?? toHere(word))))
  const toEnvironment = (name: string) => ({
    PATH: process.env['PATH'],
    CLEARLANE_DOOR_HOST: DOOR_HOST,
    ...Object.fromEntries(
      Object.entries(services[name]?.environment ?? {}).map(([key, value]) => [
        key,
        ports[value] ?? toHere(value),
      ]),
    ),
  })
  const finish = (name: string): void => {
    const [file = '', ...args] = toCommand(services[name]?.command ?? [])
    execFileSync(file, args, { cwd: ROOT, env: toEnvironment(name), stdio: ['ignore', 'inherit', 'inherit'] })
  }
  const isHealthy = (name: string): boolean => {
    const [, ...test] = services[name]?.healthcheck?.test ?? []
    const [file = '', ...args] = toCommand(test)
    return spawnSync(file, args, { cwd: ROOT, env: toEnvironment(name) }).status === 0
  }
  /** Runs it until the end of the tests. */
  const run = (name: string, file: string, args: readonly string[]) => {
    const child = spawn(file, args, {
      cwd: ROOT,
      env: toEnvironment(name),
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let output = ''
    child.stderr.on('data', (bytes: Buffer) => (output += bytes.toString()))
    const ended = once(child, 'exit')
    onEnd.unshift(async () => {
      if (child.exitCode === null && child.kill()) await ended
    })
    return { hasEnded: () => child.exitCode !== null, output: () => output }
  }
  const start = async (name: string): Promise<void> => {
    expect(isHealthy(name)).toBe(false)
    const [file = '', ...args] = toCommand(services[name]?.command ?? [])
    const { hasEnded, output } = run(name, file, args)
    await expect
      .poll(() => (hasEnded() ? output() : isHealthy(name)), { timeout: HEALTHY_WITHIN_MS })
      .toBe(true)
  }

  beforeAll(async () => {
    const found = await findFreePorts(7)
    const inFile = ['1883', '8080', '4001', '9464', '9465', '8086', '3000']
    ports = Object.fromEntries(inFile.map((port, index) => [port, String(found[index])]))
    for (const { volumes } of Object.values(services))
      for (const volume of volumes) {
        const path = volume.split(':')[1] ?? ''
        if (path.includes('/clearlane')) mkdirSync(toHere(path), { recursive: true })
      }
  })
  afterAll(async () => {
    for (const end of onEnd) await end()
    rmSync(folder, { recursive: true })
  })

  const readSecrets = (): string[] =>
    [
      'broker/identities.json',
      'platform/mqtt.secret',
      'gateway/mqtt.secret',
      'grafana/admin-password',
      'influxdb/admin-token',
    ].map((file) => {
      const path = join(folder, 'run', file)
      expect(statSync(path).mode & 0o777).toBe(0o600)
      return readFileSync(path, 'utf8')
    })

  test('the first start makes secrets for their owner only, each another, and the second keeps them', () => {
    finish('first-start')
    const [, ...first] = readSecrets()
    expect(new Set(first).size).toBe(first.length)
    for (const secret of first) expect(secret).toMatch(/^[\w-]{32}$/)
    finish('first-start')
    expect(readSecrets().slice(1)).toEqual(first)
  })

  test.skipIf(influxd === undefined)(
    'InfluxDB gets its bucket and a token for each who needs it, once',
    async () => {
      const url = `http://127.0.0.1:${ports['8086']}`
      const { hasEnded } = run('influxdb', unpack(influxd ?? '', folder), [])
      const isReady = (): Promise<boolean> =>
        fetch(`${url}/health`).then(
          ({ ok }) => ok,
          () => false,
        )
      await expect.poll(() => hasEnded() || isReady()).toBe(true)
      const tokens = (): string[] =>
        ['platform/influx.token', 'grafana/history-token'].map((file) =>
          readFileSync(join(folder, 'run', file), 'utf8'),
        )
      const write = (token: string | undefined): Promise<Response> =>
        fetch(`${url}/api/v2/write?org=clearlane&bucket=clearlane`, {
          method: 'POST',
          body: 'reading,slot=a1 xNt=1i',
          headers: { authorization: `Token ${token}` },
        })
      finish('influxdb-start')
      const [platform, grafana] = tokens()
      expect((await write(platform)).status).toBe(204)
      expect((await write(grafana)).status).toBe(403)
      const read = await fetch(`${url}/query?db=clearlane&q=SELECT * FROM reading`, {
        headers: { authorization: `Token ${grafana}` },
      })
      expect(await read.text()).toContain('a1')
      finish('influxdb-start')
      expect(tokens()).toEqual([platform, grafana])
    },
  )

  test('every service of ours becomes healthy, and the platform sees readings', async () => {
    // Where InfluxDB did not run it is away, which must hold nobody up.
    if (influxd === undefined)
      writeFileSync(join(folder, 'run/platform/influx.token'), 'of a server that is away', { mode: 0o600 })
    for (const name of ['door', 'broker', 'platform', 'firmware-sim', 'gateway']) await start(name)
    const ask = async (path: string): Promise<string> =>
      (await fetch(`http://127.0.0.1:${ports['8080']}${path}`)).text()
    await expect.poll(() => ask('/api/v1/gateways')).toContain('"gateway":"gw-1"')
    await expect.poll(() => ask('/metrics')).toMatch(/platform_ingested_rows_total\{[^}]*"readings"\} [1-9]/)
  })

  test('the door leads to the platform, for whoever asks as a browser on the host does', async () => {
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const headers = { host: `127.0.0.1:${ports['8080']}` }
      get({ host: DOOR_HOST, port: ports['8080'], path: '/api/v1/status', headers }, resolve).once(
        'error',
        reject,
      )
    })
    answer.resume()
    expect(answer.statusCode).toBe(200)
  })
})
