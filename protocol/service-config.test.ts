import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { Machine } from './inspection.ts'
import { fault, ok } from './result.ts'
import type { Service } from './service-config.ts'
import { readServiceConfig } from './service-config.ts'

const schema = z.object({
  dataDir: z.string().describe('a folder'),
  port: z.int().min(0).max(65_535).default(1_883).describe('where it listens'),
  mqtt: z.object({ url: z.string(), passwordFile: z.string(), caFile: z.string().optional() }),
  trial: z
    .object({ speed: z.int() })
    .optional()
    .meta({ examples: [{ speed: 9 }] })
    .describe('off when left out'),
  links: z.array(z.object({ id: z.string(), path: z.string() })).min(1),
})
const service: Service<typeof schema> = {
  name: 'gateway',
  schema,
  example: {
    dataDir: '/example/data',
    mqtt: { url: 'mqtt://example', passwordFile: '/example/secret' },
    links: [{ id: 'one', path: '/dev/one' }],
  },
  inspect: ({ dataDir, mqtt, links }, inspection) => {
    inspection.folder('dataDir', dataDir)
    inspection.secret('mqtt.passwordFile', mqtt.passwordFile)
    if (mqtt.caFile !== undefined) inspection.certificate('mqtt.caFile', mqtt.caFile)
    for (const [index, { path }] of links.entries())
      inspection.file(`links.${index}.path`, path, (text) =>
        text === 'odd' ? fault('odd', 'it is odd') : ok(text),
      )
  },
}
const sound = {
  dataDir: '/data',
  mqtt: { url: 'mqtt://here', passwordFile: '/secret' },
  links: [{ id: 'one', path: '/dev/one' }],
}

const failed = (code: string, call: string, path: string): Error => new Error(`${code}, ${call} '${path}'`)
/** A disk of the test's own: folders, files, and what this user may not touch. */
const createMachine = (
  files: Readonly<Record<string, string>>,
  { folders = ['/', '/data'], refused = [] as readonly string[] } = {},
): Machine => ({
  fs: {
    readFileSync: (path) => {
      if (refused.includes(path)) throw failed('EACCES: permission denied', 'open', path)
      const text = files[path]
      if (text === undefined) throw failed('ENOENT: no such file or directory', 'open', path)
      return text
    },
    existsSync: (path) => folders.includes(path) || path in files,
    statSync: (path) => ({ isDirectory: () => folders.includes(path) }),
    accessSync: (path) => {
      if (refused.includes(path)) throw failed('EACCES: permission denied', 'access', path)
    },
    constants: { W_OK: 2, X_OK: 1 },
  },
  path: { dirname: (path) => path.slice(0, Math.max(1, path.lastIndexOf('/'))) },
  X509Certificate: class {
    constructor(pem: string) {
      if (!pem.startsWith('-----BEGIN CERTIFICATE-----')) throw new Error('not PEM')
    }
  },
})
const FILES = { '/secret': 'hunter2\n', '/dev/one': 'even', '/ca': '-----BEGIN CERTIFICATE-----' }
const check = (
  config: unknown,
  over: { files?: Readonly<Record<string, string>>; folders?: string[]; refused?: string[] } = {},
) => {
  const text = typeof config === 'string' ? config : JSON.stringify(config)
  const machine = createMachine({ ...FILES, '/c.json': text, ...over.files }, over)
  return readServiceConfig(service, ['--config', '/c.json', '--check'], machine)
}
/** The problems that a check finds, one a line. */
const problemsOf = (...[config, over]: Parameters<typeof check>): string[] => {
  const start = check(config, over)
  return start.kind === 'refuse'
    ? start.text
        .split('\n')
        .slice(1)
        .map((line) => line.trim())
    : []
}

describe('the command line', () => {
  const machine = createMachine({ ...FILES, '/c.json': JSON.stringify(sound) })
  test.each([
    { name: 'a configuration is run', argv: ['--config', '/c.json'], kind: 'run', says: undefined },
    { name: 'or only checked', argv: ['--config', '/c.json', '--check'], kind: 'print', says: 'in order' },
    { name: 'in any order', argv: ['--check', '--config', '/c.json'], kind: 'print', says: 'in order' },
    { name: 'no file is refused', argv: [], kind: 'refuse', says: 'no --config FILE given\nusage: ' },
    {
      name: 'a name without a file is refused',
      argv: ['--config'],
      kind: 'refuse',
      says: 'no --config FILE',
    },
    { name: 'a file that is not there', argv: ['--config', '/d.json'], kind: 'refuse', says: 'ENOENT' },
    {
      name: 'a misspelt option is refused, not taken for a start',
      argv: ['--config', '/c.json', '--chek'],
      kind: 'refuse',
      says: '--chek is no option\nusage: ',
    },
  ])('$name', ({ argv, kind, says }) => {
    const start = readServiceConfig(service, argv, machine)
    expect(start).toMatchObject({ kind, ...(says !== undefined && { text: expect.stringContaining(says) }) })
  })
})

test('what --print-config prints is commented and in order', () => {
  const printed = readServiceConfig(service, ['--print-config'], createMachine({}))
  if (printed.kind !== 'print') throw new Error(printed.kind)
  expect(printed.text).toContain('// where it listens')
  expect(printed.text).toContain('\n  // off when left out\n  // "trial": {"speed":9},\n  "links"')
  const switchedOn = printed.text.replace('// "trial"', '"trial"')
  const there = { folders: ['/', '/example'], files: { '/example/secret': 'hunter2' } }
  for (const text of [printed.text, switchedOn]) expect(problemsOf(text, there)).toEqual([])
})

describe('each problem is said with its place and what to do', () => {
  const AS_PRINTED = '--print-config shows what belongs there'
  const NAME_ANOTHER = 'name a file that this user can read'
  test.each<{
    name: string
    config: unknown
    over?: Parameters<typeof check>[1]
    problems: string[]
  }>([
    {
      name: 'text that is not JSON',
      config: '// a comment\n\n{\n  "dataDir": "hunter2",\n  "port": }',
      problems: ['--config: /c.json: line 5, column 11: this is not JSON; mend it there or just before'],
    },
    {
      name: 'no object',
      config: [],
      problems: [`configuration: Invalid input: expected object, received array; ${AS_PRINTED}`],
    },
    {
      name: 'a setting of the wrong type',
      config: { ...sound, port: 'hunter2' },
      problems: [`port: Invalid input: expected number, received string; ${AS_PRINTED}`],
    },
    {
      name: 'a setting that is missing',
      config: { ...sound, mqtt: { passwordFile: '/secret' } },
      problems: [`mqtt.url: Invalid input: expected string, received undefined; ${AS_PRINTED}`],
    },
    {
      name: 'a setting that there is not',
      config: { ...sound, mqtt: { ...sound.mqtt, caFiel: '/ca' } },
      problems: ['mqtt.caFiel: there is no such setting; take it out, or spell it as --print-config does'],
    },
    {
      name: 'a secret that is missing',
      config: { ...sound, mqtt: { ...sound.mqtt, passwordFile: '/none' } },
      problems: [`mqtt.passwordFile: /none: ENOENT: no such file or directory; ${NAME_ANOTHER}`],
    },
    {
      name: 'a secret that this user may not read',
      config: sound,
      over: { refused: ['/secret'] },
      problems: [`mqtt.passwordFile: /secret: EACCES: permission denied; ${NAME_ANOTHER}`],
    },
    {
      name: 'a secret that is empty',
      config: sound,
      over: { files: { '/secret': ' \n' } },
      problems: ['mqtt.passwordFile: /secret: it is empty; put the secret in it'],
    },
    {
      name: 'a certificate that is none',
      config: { ...sound, mqtt: { ...sound.mqtt, caFile: '/secret' } },
      problems: ['mqtt.caFile: /secret: it holds no certificate; name a file in PEM format'],
    },
    {
      name: 'a file that its reader refuses',
      config: sound,
      over: { files: { '/dev/one': 'odd' } },
      problems: ['links.0.path: /dev/one: it is odd'],
    },
    {
      name: 'a data folder below a file',
      config: { ...sound, dataDir: '/secret/data/deep' },
      problems: ['dataDir: /secret/data/deep cannot be made: /secret is no folder; name another'],
    },
    {
      name: 'a data folder that cannot be made',
      config: { ...sound, dataDir: '/var/lib/data' },
      over: { folders: ['/', '/var'], refused: ['/var'] },
      problems: [
        'dataDir: /var/lib/data cannot be made: /var: EACCES: permission denied; let this user write there, or name another',
      ],
    },
    {
      name: 'a data folder that cannot be written',
      config: sound,
      over: { refused: ['/data'] },
      problems: [
        'dataDir: /data cannot be used: /data: EACCES: permission denied; let this user write there, or name another',
      ],
    },
    {
      name: 'everything at once, also beside settings of the wrong type, of which nothing else is said',
      config: {
        dataDir: '/secret/data',
        port: -1,
        mqtt: { url: 7, passwordFile: '/none', caFile: 8 },
        links: [{ path: '/dev/one' }, { id: 'two', path: '/dev/two', speed: 9 }],
      },
      problems: [
        `port: Too small: expected number to be >=0; ${AS_PRINTED}`,
        `mqtt.url: Invalid input: expected string, received number; ${AS_PRINTED}`,
        `mqtt.caFile: Invalid input: expected string, received number; ${AS_PRINTED}`,
        `links.0.id: Invalid input: expected string, received undefined; ${AS_PRINTED}`,
        'links.1.speed: there is no such setting; take it out, or spell it as --print-config does',
        'dataDir: /secret/data cannot be made: /secret is no folder; name another',
        `mqtt.passwordFile: /none: ENOENT: no such file or directory; ${NAME_ANOTHER}`,
        `links.1.path: /dev/two: ENOENT: no such file or directory; ${NAME_ANOTHER}`,
      ],
    },
  ])('$name', ({ config, over, problems }) => {
    expect(problemsOf(config, over)).toEqual(problems)
  })

  test('of a file that is given for another, nothing is quoted', () => {
    for (const text of ['hunter2', '"hunter2"', '{"password": hunter2}', '{"password": "hunter2" x}']) {
      const start = check(text)
      expect(start.kind).toBe('refuse')
      expect(JSON.stringify(start)).not.toContain('hunter')
    }
  })
})
