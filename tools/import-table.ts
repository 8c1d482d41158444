import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, sep } from 'node:path'
import { parseSync } from 'oxc-parser'

/** Who may know whom. A room imports what its row names and itself; `*` is everything. */
export const IMPORT_TABLE: Readonly<Record<string, readonly string[]>> = {
  protocol: ['zod'],
  rules: ['protocol', 'rxjs'],
  'firmware-sim': ['protocol', 'rxjs', 'zod', 'serialport', 'pino', 'node:*'],
  gateway: [
    'protocol',
    'rules',
    'rxjs',
    'mqtt',
    'serialport',
    'node-red',
    'bcryptjs',
    'pino',
    'zod',
    'hono',
    '@prometheus-io/client',
    'node:*',
  ],
  broker: ['protocol', 'aedes', 'pino', 'zod', '@prometheus-io/client', 'node:*'],
  platform: [
    'protocol',
    'rules',
    'mqtt',
    'pino',
    'zod',
    'node:*',
    'hono',
    '@hono/node-server',
    '@hono/zod-openapi',
    '@influxdata/influxdb-client',
    '@influxdata/influxdb-client-apis',
    '@prometheus-io/client',
    're2js',
  ],
  console: [
    'protocol',
    'react',
    'react-dom',
    'antd-mobile',
    'wouter',
    'uplot',
    '@tanstack/react-virtual',
    'vite',
    '@vitejs/plugin-react',
    'zod',
  ],
  grafana: ['protocol', '@grafana/grafana-foundation-sdk'],
  bench: ['*'],
  e2e: ['*'],
  tools: ['*'],
}

export type SourceFile = { readonly path: string; readonly text: string }
export type Violation = { readonly path: string; readonly imported: string; readonly why: string }

/** Every source of every room, by a path relative to the root with forward slashes. */
export const readSources = (root: string): SourceFile[] =>
  globSync(
    Object.keys(IMPORT_TABLE).map((room) => `${room}/**/*.{ts,tsx,mts,cts,js,jsx,mjs,cjs}`),
    { cwd: root, exclude: (path) => /(^|[\\/])(node_modules|dist)([\\/]|$)/.test(path) },
  )
    .sort()
    .map((path) => ({
      path: path.split(sep).join('/'),
      text: readFileSync(join(root, path), 'utf8'),
    }))

/** Each import that the table does not allow, and each one that cannot be judged because it is computed. */
export const findViolations = (files: readonly SourceFile[]): Violation[] =>
  files.flatMap(({ path, text }) => {
    const room = path.split('/')[0] ?? ''
    const allowed = IMPORT_TABLE[room]
    if (allowed === undefined) return [{ path, imported: '', why: `${room} is no room of the table` }]
    if (allowed.includes('*') || isTest(path)) return []
    const parsed = parseSync(path, text)
    const broken = parsed.errors[0]
    if (broken !== undefined) return [{ path, imported: '', why: `it cannot be parsed: ${broken.message}` }]
    return findImports(parsed.program).flatMap((imported) => {
      const why = whyRefused(path, room, allowed, imported)
      return why === undefined ? [] : [{ path, imported: imported ?? 'a computed import', why }]
    })
  })

const isTest = (path: string): boolean =>
  /(\.test|\.slow|-contract)\.tsx?$|(^|\/)testing-[^/]+\.ts$/.test(path)

const whyRefused = (
  path: string,
  room: string,
  allowed: readonly string[],
  imported: string | undefined,
): string | undefined => {
  if (imported === undefined) return 'what it imports is computed, so nobody can tell what it is'
  if (imported.startsWith('.')) {
    const target = normalize(join(dirname(path), imported)).split(sep)
    return target[0] === room ? undefined : `a relative import may not leave ${room}/`
  }
  if (/^(\/|#|[a-z]+:)/.test(imported) && !imported.startsWith('node:'))
    return 'only packages, node: modules and relative paths are imported'
  if (imported.startsWith('node:'))
    return allowed.includes('node:*') ? undefined : `${room} may not know Node`
  const own = /^@clearlane\/([^/]+)/.exec(imported)?.[1]
  const name = own ?? toPackage(imported)
  return name === room || allowed.includes(name) ? undefined : `${room} may not import ${name}`
}

const toPackage = (imported: string): string =>
  imported
    .split('/')
    .slice(0, imported.startsWith('@') ? 2 : 1)
    .join('/')

/** What the nodes of a syntax tree import: static, re-exported, dynamic, in types, and by require. */
const findImports = (node: unknown): (string | undefined)[] => {
  if (Array.isArray(node)) return node.flatMap(findImports)
  if (typeof node !== 'object' || node === null) return []
  const entries = new Map<string, unknown>(Object.entries(node))
  const below = [...entries.values()].flatMap(findImports)
  switch (entries.get('type')) {
    case 'ImportDeclaration':
    case 'ExportAllDeclaration':
    case 'ImportExpression':
    case 'TSImportType':
      return [toLiteral(entries.get('source') ?? entries.get('argument')), ...below]
    case 'ExportNamedDeclaration':
      return entries.get('source') ? [toLiteral(entries.get('source')), ...below] : below
    case 'TSExternalModuleReference':
      return [toLiteral(entries.get('expression')), ...below]
    case 'CallExpression':
      return isRequire(entries.get('callee'))
        ? [toLiteral(firstOf(entries.get('arguments'))), ...below]
        : below
    default:
      return below
  }
}

const firstOf = (list: unknown): unknown => (Array.isArray(list) ? list[0] : undefined)

const toLiteral = (node: unknown): string | undefined => {
  if (typeof node !== 'object' || node === null) return undefined
  if ('value' in node && typeof node.value === 'string') return node.value
  return 'literal' in node ? toLiteral(node.literal) : undefined
}

const isRequire = (node: unknown): boolean =>
  typeof node === 'object' && node !== null && 'name' in node && node.name === 'require'
