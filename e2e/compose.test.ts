import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DCLinter } from 'dclint'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { nodeFlagsOf } from '../tools/node-flags.mjs'
import { COMPOSE_FILE, readCompose, ROOT } from './testing-compose.ts'

const { services, volumes } = readCompose()
const names = Object.keys(services)
const all = Object.entries(services)
const dockerfile = readFileSync(join(ROOT, 'Dockerfile'), 'utf8')
const manifest = z
  .object({ workspaces: z.array(z.string()), optionalDependencies: z.record(z.string(), z.string()) })
  .parse(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')))

/** Services in the order in which they start, not of the alphabet; an image that is built here has a name. */
const TASTE = [
  'no-build-and-image',
  'service-dependencies-alphabetical-order',
  'service-keys-order',
  'service-ports-alphabetical-order',
  'services-alphabetical-order',
  'top-level-properties-order',
]
/** Its types cannot be resolved, so these stand for them. */
type Message = { readonly rule: string; readonly message: string; readonly line: number }
const lint = (path: string): string[] =>
  new DCLinter({
    rules: Object.fromEntries(TASTE.map((rule) => [rule, 0])),
    quiet: false,
    debug: false,
    exclude: [],
  })
    .lintFiles([path], false)
    .flatMap(({ messages }: { readonly messages: readonly Message[] }) =>
      messages.map(({ rule, message, line }) => `${line}: ${rule}: ${message}`),
    )

test('the file keeps to the schema of Compose, and its linter finds nothing', () => {
  expect(lint(COMPOSE_FILE)).toEqual([])
})

test('a file that does not keep to the schema is found', () => {
  const folder = mkdtempSync(join(tmpdir(), 'compose-'))
  const path = join(folder, 'docker-compose.yml')
  writeFileSync(path, readFileSync(COMPOSE_FILE, 'utf8').replace('read_only: true', 'read_only: [true]'))
  const found = lint(path).join('\n')
  rmSync(folder, { recursive: true })
  expect(found).toContain('invalid-schema')
})

test('the house is complete', () => {
  expect(names).toEqual(
    expect.arrayContaining(['broker', 'platform', 'influxdb', 'grafana', 'gateway', 'firmware-sim']),
  )
})

test.each(all)('%s is not root, cannot become it, and writes to volumes only', (_name, service) => {
  expect(service).toMatchObject({
    user: '1000:1000',
    read_only: true,
    cap_drop: ['ALL'],
    security_opt: ['no-new-privileges:true'],
  })
})

test.each(all)('%s is pinned to one version', (_name, { image }) => {
  expect(image).toMatch(/:\d+\.\d+\.\d+$/)
})

test.each(all)('%s has a health check, or ends when it is done', (_name, { healthcheck, restart }) => {
  expect(healthcheck === undefined ? restart : 'unless-stopped').toBe(
    healthcheck === undefined ? 'no' : restart,
  )
})

test.each(all)('%s waits for a service to be healthy that has a health check', (_name, { depends_on }) => {
  for (const [other, { condition }] of Object.entries(depends_on))
    expect([other, condition]).toEqual([
      other,
      services[other]?.healthcheck === undefined ? 'service_completed_successfully' : 'service_healthy',
    ])
})

test('only the door has a network, and it is published on the loopback of the host', () => {
  const inside = names.filter((name) => services[name]?.network_mode === 'service:door')
  expect(names.filter((name) => !inside.includes(name))).toEqual(['first-start', 'door'])
  expect(services['first-start']?.network_mode).toBe('none')
  expect(all.flatMap(([name, { ports }]) => ports.map((port) => `${name} ${port}`))).toEqual([
    'door 127.0.0.1:8080:8080',
    'door 127.0.0.1:3000:3000',
  ])
})

test('a secret is seen by the first start and by those it is for', () => {
  const users = Object.keys(volumes)
    .filter((volume) => volume.endsWith('-run'))
    .map((volume) => [
      volume,
      all
        .filter(([, service]) => service.volumes.some((one) => one.startsWith(`${volume}:`)))
        .map(([name]) => name),
    ])
  expect(Object.fromEntries(users)).toEqual({
    'broker-run': ['first-start', 'broker'],
    'platform-run': ['first-start', 'influxdb-start', 'platform'],
    'gateway-run': ['first-start', 'gateway'],
    'firmware-sim-run': ['first-start', 'firmware-sim'],
    'influxdb-run': ['first-start', 'influxdb-start'],
    'grafana-run': ['first-start', 'influxdb-start', 'grafana'],
  })
})

test('no password, token or secret stands in the file', () => {
  const values = all.flatMap(([, { environment }]) => Object.entries(environment))
  const secret = values.filter(([name]) => /PASSWORD|TOKEN|SECRET/.test(name) && !name.endsWith('__FILE'))
  expect(secret).toEqual([])
})

test('the gateway runs with the settings of Node that it runs with elsewhere', () => {
  const command = services['gateway']?.command ?? []
  expect(command.slice(1, command.indexOf('gateway/main.ts'))).toEqual(nodeFlagsOf('gateway/main.ts'))
})

test('images are built from stages that exist, and only what runs in browsers is bound to a processor', () => {
  const stages = [...dockerfile.matchAll(/^FROM (.*) AS (\S+)$/gm)].map(([, from = '', name = '']) => ({
    from,
    name,
  }))
  const targets = all.flatMap(([, { build }]) => (build === undefined ? [] : [build.target]))
  expect(targets.length).toBeGreaterThan(5)
  for (const target of targets) expect(stages.map(({ name }) => name)).toContain(target)
  expect(stages.filter(({ from }) => from.includes('--platform')).map(({ name }) => name)).toEqual([
    'console',
  ])
})

test('the Node of the images is the Node that npm installs', () => {
  const images = [...dockerfile.matchAll(/^FROM (?:--\S+ )?node:(\S+)-bookworm-slim /gm)].map(
    ([, version]) => version,
  )
  expect(new Set(images)).toEqual(new Set(Object.values(manifest.optionalDependencies)))
})

test('the Dockerfile knows every workspace, without which npm refuses the lock file', () => {
  for (const workspace of manifest.workspaces)
    expect(dockerfile).toContain(`COPY ${workspace}/package.json ${workspace}/\n`)
})
