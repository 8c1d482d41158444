import { execFile } from 'node:child_process'
import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import * as fs from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import * as path from 'node:path'
import { BROKER_SERVICE } from '@clearlane/broker/config.ts'
import { hashSecret } from '@clearlane/broker/identities.ts'
import { SIMULATOR_SERVICE } from '@clearlane/firmware-sim/config.ts'
import { GATEWAY_SERVICE } from '@clearlane/gateway/config/config.ts'
import { PLATFORM_SERVICE } from '@clearlane/platform/config.ts'
import type { Service } from '@clearlane/protocol'
import { readServiceConfig } from '@clearlane/protocol'
import { afterAll, describe, expect, test } from 'vitest'
import type { z } from 'zod'
import { TEST_CERTIFICATE, TEST_KEY } from './testing-certificate.ts'
import { ROOT } from './testing-estate.ts'

const MACHINE = { fs, path, X509Certificate }
const SECRET = 'correct-horse-battery'
const folder = fs.mkdtempSync(path.join(tmpdir(), 'configurations-'))
const configs = fs.mkdtempSync(path.join(tmpdir(), 'configurations-'))
afterAll(() => {
  for (const one of [folder, configs]) fs.rmSync(one, { recursive: true })
})
const at = (name: string): string => path.join(folder, name)

const identity = { username: 'gw-1', secretHash: hashSecret(SECRET), identity: { kind: 'platform' } }
const layout = {
  v: 1,
  site: 's',
  name: '',
  version: 1,
  timeZone: 'Asia/Shanghai',
  lanes: [{ id: 'north', name: '', kind: 'fire-lane', lengthM: 8 }],
  sections: [{ id: 'a', name: '', lane: 'north', fromM: 0, toM: 8, gateway: 'gw' }],
  slots: [{ id: 'a1', section: 'a', offsetM: 2 }],
}
const outside = { ...layout, slots: [{ id: 'a1', section: 'a', offsetM: 9 }] }
const rules = { v: 1, site: 's', version: 1 }
const otherKey = generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey
for (const [name, text] of Object.entries({
  secret: `${SECRET}\n`,
  empty: '\n',
  'broker.crt': TEST_CERTIFICATE,
  'broker.key': TEST_KEY,
  'other.key': otherKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  'broken.crt': TEST_CERTIFICATE.replaceAll(/[A-Z]/g, 'A'),
  'identities.json': JSON.stringify([identity]),
  'twice.json': JSON.stringify([identity, identity]),
  'plain.json': JSON.stringify([{ ...identity, secretHash: SECRET }]),
  'layout.json': JSON.stringify(layout),
  'outside.json': JSON.stringify(outside),
  'elsewhere.json': JSON.stringify({ ...layout, site: 't' }),
  'rules.json': JSON.stringify(rules),
  'flapping.json': JSON.stringify({ ...rules, rules: { offNt: 900 } }),
  'lost.json': JSON.stringify({ ...rules, lanes: { south: {} } }),
  'site.json': JSON.stringify({ layout }),
  'outside-site.json': JSON.stringify({ layout: outside }),
  'other-part.json': JSON.stringify({ layout, part: 'abacus' }),
}))
  fs.writeFileSync(at(name), text)
fs.mkdirSync(at('folder'))
const filesAtStart = fs.readdirSync(folder)

const write = (text: string): string => {
  const file = path.join(fs.mkdtempSync(path.join(configs, 'config-')), 'config.json')
  fs.writeFileSync(file, text)
  return file
}

/** The problems of a configuration, one a line, with the test's folder left out. */
const problemsOf = <S extends z.ZodObject>(service: Service<S>, config: object): string[] => {
  const argv = ['--config', write(JSON.stringify(config)), '--check']
  const start = readServiceConfig(service, argv, MACHINE)
  if (start.kind !== 'refuse') return []
  return withoutFolder(start.text)
    .split('\n')
    .slice(1)
    .map((line) => line.trim())
}
const withoutFolder = (text: string): string => text.replaceAll(`${folder}/`, '')

/** Runs a room's entry to its end. */
const run = (room: string, config: object, flags: readonly string[]) =>
  new Promise<{ readonly code: unknown; readonly said: string }>((resolve) => {
    const args = [path.join(ROOT, room, 'main.ts'), '--config', write(JSON.stringify(config)), ...flags]
    execFile(process.execPath, args, { cwd: ROOT }, (failure, stdout, stderr) =>
      resolve({ code: failure?.code ?? 0, said: withoutFolder(`${stdout}${stderr}`) }),
    )
  })

const MISSING = 'ENOENT: no such file or directory; name a file that this user can read'
const FOLDER = 'EISDIR: illegal operation on a directory; name a file that this user can read'
const NO_JSON = 'line 1, column 1: this is not JSON; mend it there or just before'
const NO_CERTIFICATE = 'it holds no certificate; name a file in PEM format'
const NO_KEY = 'it holds no private key; name a file in PEM format, without a passphrase'
const LOOPBACK_ONLY =
  'metrics have neither TLS nor sign-in: listen on 127.0.0.1, ::1 or localhost; --print-config shows what belongs there'
const OUTSIDE = 'slots[0].offsetM: 9 m lies outside its section, 0 m to 8 m'
const UNDER_FILE = 'secret/data cannot be made: secret is no folder; name another'

type Case = { readonly change: object; readonly problems: readonly string[] }

/** What every room owes, and its own table: a change of a good configuration, and everything that is then said. */
const describeRoom = <S extends z.ZodObject>(service: Service<S>, good: object, cases: readonly Case[]) =>
  describe(service.name, () => {
    const named = cases.map((one) => ({ ...one, first: one.problems[0] }))
    test.each(named)('says $first', ({ change, problems }) => {
      expect(problemsOf(service, { ...good, ...change })).toEqual(problems)
    })

    test('what it prints as its configuration has the right shape', () => {
      const printed = readServiceConfig(service, ['--print-config'], MACHINE)
      if (printed.kind !== 'print') throw new Error(printed.kind)
      const file = write(printed.text)
      const shapeOnly = { ...service, inspect: () => undefined }
      expect(readServiceConfig(shapeOnly, ['--config', file, '--check'], MACHINE).kind).toBe('print')
    })

    test('finds a good configuration in order, and ends with 0', async () => {
      const { code, said } = await run(service.name, good, ['--check'])
      expect(said).toContain('in order')
      expect(code).toBe(0)
    })

    test('does not start with a bad one: it says everything, no secret and no stack, and ends with 2', async () => {
      const { change, problems } = cases.at(-1)!
      const { code, said } = await run(service.name, { ...good, ...change }, [])
      for (const problem of problems) expect(said).toContain(problem)
      expect(said).not.toContain(SECRET)
      expect(said).not.toMatch(/^ +at /m)
      expect(code).toBe(2)
    })
  })

const mqtt = { url: 'mqtt://127.0.0.1:1883', username: 'u', passwordFile: at('secret') }
const withMqtt = (change: object): object => ({ mqtt: { ...mqtt, ...change } })
const link = (id: string, port: number): object => ({ id, kind: 'tcp', host: '127.0.0.1', port })

describeRoom(
  GATEWAY_SERVICE,
  {
    dataDir: at('data/gateway'),
    site: 's',
    gateway: 'gw',
    links: [link('one', 1), link('two', 2)],
    ...withMqtt({ caFile: at('broker.crt') }),
  },
  [
    {
      change: withMqtt({ passwordFile: at('none') }),
      problems: [`mqtt.passwordFile: none: ${MISSING}`],
    },
    {
      change: withMqtt({ passwordFile: at('folder') }),
      problems: [`mqtt.passwordFile: folder: ${FOLDER}`],
    },
    {
      change: withMqtt({ caFile: at('secret') }),
      problems: [`mqtt.caFile: secret: ${NO_CERTIFICATE}`],
    },
    {
      change: withMqtt({ caFile: at('broken.crt') }),
      problems: [`mqtt.caFile: broken.crt: ${NO_CERTIFICATE}`],
    },
    {
      change: { metrics: { host: '0.0.0.0', port: 9_464 } },
      problems: [`metrics.host: ${LOOPBACK_ONLY}`],
    },
    {
      change: { lan: { url: 'mqtts://127.0.0.1:8883', caFile: at('none'), secretsDir: at('secret/lan') } },
      problems: [
        `lan.caFile: none: ${MISSING}`,
        'lan.secretsDir: secret/lan cannot be made: secret is no folder; name another',
      ],
    },
    {
      change: { lan: { broker: { host: '0.0.0.0', port: 1_884 }, url: 'mqtt://127.0.0.1:1884' } },
      problems: [
        'lan.broker.host: 0.0.0.0 is beyond this machine and there is no tls; add it, or listen on 127.0.0.1',
      ],
    },
    {
      change: {
        lan: {
          broker: { port: 1_884, tls: { certFile: at('none'), keyFile: at('empty') } },
          url: 'mqtts://127.0.0.1:1884',
        },
      },
      problems: [
        `lan.broker.tls.certFile: none: ${MISSING}`,
        'lan.broker.tls.keyFile: empty: it is empty; put the secret in it',
      ],
    },
    {
      change: { dataDir: at('secret') },
      problems: ['dataDir: secret cannot be used: secret is no folder; name another'],
    },
    {
      change: {
        dataDir: at('secret/data'),
        links: [link('one', 1), link('one', 2), link('two', 3), { ...link('two', 4), port: 'four' }],
        ...withMqtt({ url: 'http://broker', passwordFile: at('empty'), caFile: at('none') }),
      },
      problems: [
        'links.3.port: Invalid input: expected number, received string; --print-config shows what belongs there',
        'mqtt.url: an address that begins with mqtt:// or mqtts://; --print-config shows what belongs there',
        `dataDir: ${UNDER_FILE}`,
        'links.1.id: one is the id of another link too; give each link its own',
        'links.3.id: two is the id of another link too; give each link its own',
        'mqtt.passwordFile: empty: it is empty; put the secret in it',
        `mqtt.caFile: none: ${MISSING}`,
      ],
    },
  ],
)

const provisioned = { username: 'gw-1', identity: { kind: 'platform' } }
const withTls = (certFile: string, keyFile: string): object => ({
  tls: { certFile: at(certFile), keyFile: at(keyFile) },
})

describeRoom(
  BROKER_SERVICE,
  { host: '0.0.0.0', identitiesFile: at('identities.json'), ...withTls('broker.crt', 'broker.key') },
  [
    { change: { identitiesFile: at('none') }, problems: [`identitiesFile: none: ${MISSING}`] },
    {
      change: { identitiesFile: undefined },
      problems: ['identitiesFile: nobody could connect; name a file, or list identities'],
    },
    {
      change: { identities: [{ ...provisioned, secretFile: at('secret/box') }] },
      problems: [
        'identities.0.username: gw-1 is listed twice; take one out',
        'identities.0.secretFile: secret cannot be used: secret is no folder; name another',
      ],
    },
    { change: { identitiesFile: at('secret') }, problems: [`identitiesFile: secret: ${NO_JSON}`] },
    {
      change: { identitiesFile: at('rules.json') },
      problems: ['identitiesFile: rules.json: document: Invalid input: expected array, received object'],
    },
    {
      change: { identitiesFile: at('plain.json') },
      problems: ['identitiesFile: plain.json: [0].secretHash: a hash made by hashSecret'],
    },
    {
      change: { identitiesFile: at('twice.json') },
      problems: ['identitiesFile: twice.json: gw-1 is listed twice; take one out'],
    },
    {
      change: { metrics: { host: 'broker.example.org', port: 9_465 } },
      problems: [`metrics.host: ${LOOPBACK_ONLY}`],
    },
    { change: withTls('none', 'broker.key'), problems: [`tls.certFile: none: ${MISSING}`] },
    {
      change: withTls('broker.key', 'broker.key'),
      problems: [`tls.certFile: broker.key: ${NO_CERTIFICATE}`],
    },
    { change: withTls('broker.crt', 'none'), problems: [`tls.keyFile: none: ${MISSING}`] },
    { change: withTls('broker.crt', 'broker.crt'), problems: [`tls.keyFile: broker.crt: ${NO_KEY}`] },
    {
      change: withTls('broker.crt', 'other.key'),
      problems: ['tls: the key is not that of the certificate; name the two that were made together'],
    },
    {
      change: { tls: undefined, identitiesFile: at('secret') },
      problems: [
        'host: 0.0.0.0 is beyond this machine and there is no tls; add it, or listen on 127.0.0.1',
        `identitiesFile: secret: ${NO_JSON}`,
      ],
    },
  ],
)

const withInflux = (change: object): object => ({
  influx: {
    url: 'https://influxdb.example.org:8086',
    org: 'o',
    bucket: 'b',
    tokenFile: at('secret'),
    ...change,
  },
})

describeRoom(
  PLATFORM_SERVICE,
  {
    dataDir: at('data/platform'),
    site: 's',
    ...withMqtt({ caFile: at('broker.crt') }),
    layoutFile: at('layout.json'),
    rulesFile: at('rules.json'),
  },
  [
    {
      change: { http: { host: '0.0.0.0' } },
      problems: [
        'http.host: there is no sign-in yet: listen on 127.0.0.1, ::1 or localhost; --print-config shows what belongs there',
      ],
    },
    { change: { layoutFile: at('none') }, problems: [`layoutFile: none: ${MISSING}`] },
    { change: { layoutFile: at('secret') }, problems: [`layoutFile: secret: ${NO_JSON}`] },
    {
      change: { layoutFile: at('elsewhere.json') },
      problems: ['layoutFile: it is of the site t, not of s; name that of s'],
    },
    { change: { rulesFile: at('none') }, problems: [`rulesFile: none: ${MISSING}`] },
    {
      change: { rulesFile: at('layout.json'), layoutFile: at('rules.json') },
      problems: [
        'layoutFile: rules.json: name: Invalid input: expected string, received undefined; timeZone: Invalid input: expected string, received undefined; lanes: Invalid input: expected array, received undefined; sections: Invalid input: expected array, received undefined; slots: Invalid input: expected array, received undefined',
        'rulesFile: layout.json: lanes: Invalid input: expected record, received array',
      ],
    },
    {
      change: { rulesFile: at('lost.json') },
      problems: ['rulesFile: lanes.south: the layout has no such lane: add it, or take its rules out'],
    },
    {
      change: {
        webhooks: [
          { id: 'duty', kind: 'wecom', urlFile: at('secret') },
          { id: 'desk', kind: 'feishu', urlFile: at('none'), secretFile: at('empty') },
        ],
      },
      problems: [
        'webhooks.0.urlFile: secret: it holds no address that begins with https://; put the address in it',
        `webhooks.1.urlFile: none: ${MISSING}`,
        'webhooks.1.secretFile: empty: it is empty; put the secret in it',
      ],
    },
    {
      change: withInflux({ url: 'http://influxdb.example.org:8086' }),
      problems: [
        'influx.url: an address that begins with https://, or http:// on this machine, without a password; --print-config shows what belongs there',
      ],
    },
    {
      change: withInflux({ org: undefined, tokenFile: undefined }),
      problems: [
        'influx.org: influxdb2 has organisations; name yours; --print-config shows what belongs there',
        'influx.tokenFile: influxdb2 takes nothing without a token; name the file that holds it; --print-config shows what belongs there',
      ],
    },
    {
      change: withInflux({ tokenFile: at('empty'), caFile: at('secret') }),
      problems: [
        `influx.caFile: secret: ${NO_CERTIFICATE}`,
        'influx.tokenFile: empty: it is empty; put the secret in it',
      ],
    },
    {
      change: withInflux({ kind: 'influxdb1', org: undefined }),
      problems: ['influx.tokenFile: secret: it holds no user:password; put both in it, with a colon between'],
    },
    {
      change: withInflux({ token: SECRET }),
      problems: ['influx.token: there is no such setting; take it out, or spell it as --print-config does'],
    },
    {
      change: {
        dataDir: at('secret/data'),
        layoutFile: at('outside.json'),
        rulesFile: at('flapping.json'),
        ...withMqtt({ passwordFile: at('none'), caFile: at('secret') }),
      },
      problems: [
        `dataDir: ${UNDER_FILE}`,
        `mqtt.passwordFile: none: ${MISSING}`,
        `mqtt.caFile: secret: ${NO_CERTIFICATE}`,
        `layoutFile: outside.json: ${OUTSIDE}`,
        'rulesFile: flapping.json: rules: offNt (900) must be less than onNt (900)',
      ],
    },
  ],
)

describeRoom(
  SIMULATOR_SERVICE,
  {
    dataDir: at('data/simulator'),
    ledgerFile: at('data/ledger.ndjson'),
    siteFile: at('site.json'),
    link: { kind: 'tcp', port: 0 },
  },
  [
    { change: { siteFile: at('none') }, problems: [`siteFile: none: ${MISSING}`] },
    { change: { siteFile: at('secret') }, problems: [`siteFile: secret: ${NO_JSON}`] },
    {
      change: { siteFile: at('other-part.json') },
      problems: ['siteFile: other-part.json: part: Invalid option: expected one of "rm3100"|"mmc5983"'],
    },
    {
      change: {
        dataDir: at('secret/data'),
        ledgerFile: at('secret/data/ledger.ndjson'),
        siteFile: at('outside-site.json'),
      },
      problems: [
        `dataDir: ${UNDER_FILE}`,
        `ledgerFile: ${UNDER_FILE}`,
        `siteFile: outside-site.json: ${OUTSIDE}`,
      ],
    },
  ],
)

test.each([
  {
    room: 'broker',
    place: 'port',
    config: (port: number) => ({ port, identitiesFile: at('identities.json') }),
  },
  {
    room: 'broker',
    place: 'metrics.port',
    config: (port: number) => ({ port: 0, metrics: { port }, identitiesFile: at('identities.json') }),
  },
  {
    room: 'gateway',
    place: 'metrics.port',
    config: (port: number) => ({
      dataDir: path.join(configs, 'taken-gateway'),
      site: 's',
      gateway: 'gw',
      links: [link('one', 1)],
      metrics: { port },
      ...withMqtt({}),
    }),
  },
  {
    room: 'platform',
    place: 'http.port',
    config: (port: number) => ({
      dataDir: path.join(configs, 'taken'),
      site: 's',
      http: { port },
      ...withMqtt({}),
      layoutFile: at('layout.json'),
      rulesFile: at('rules.json'),
    }),
  },
])('$room ends with a sentence where its $place is taken', async ({ room, place, config }) => {
  const other = createServer()
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  const address = other.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const { code, said } = await run(room, config(port), [])
  other.close()
  expect(said).toContain(
    `${room}: ${place}: listen EADDRINUSE: address already in use 127.0.0.1:${port}: another program has this port; ` +
      'stop that one, or choose another port',
  )
  expect(said).not.toMatch(/^ +at /m)
  expect(code).toBe(2)
})

test('Node-RED without a broker of the box, or beyond this machine, is refused', () => {
  const config = {
    dataDir: at('data/gateway'),
    site: 's',
    gateway: 'gw',
    links: [link('one', 1)],
    ...withMqtt({}),
    nodeRed: { host: '0.0.0.0', port: 1_880 },
  }
  expect(problemsOf(GATEWAY_SERVICE, config)).toEqual(
    expect.arrayContaining([
      'nodeRed.host: it has no TLS: listen on 127.0.0.1, ::1 or localhost; --print-config shows what belongs there',
      'nodeRed: it hears the estate over the broker of the box; configure lan as well',
    ]),
  )
})

test('a check leaves nothing behind', () => {
  expect(fs.readdirSync(folder)).toEqual(filesAtStart)
})
