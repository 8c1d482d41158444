import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { findViolations, IMPORT_TABLE, readSources } from '../tools/import-table.ts'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
const MIN_FILES = 60

test('every import between the rooms stands in the table', () => {
  const files = readSources(ROOT)
  expect(files.length).toBeGreaterThan(MIN_FILES)
  for (const room of ['protocol', 'rules', 'firmware-sim', 'gateway', 'broker', 'platform', 'tools'])
    expect(
      files.some(({ path }) => path.startsWith(`${room}/`)),
      room,
    ).toBe(true)
  expect(findViolations(files)).toEqual([])
})

describe('a planted violation is found', () => {
  test.each([
    { name: 'static', path: 'rules/a.ts', text: `import { connect } from 'mqtt'` },
    { name: 'for its effect', path: 'rules/a.ts', text: `import 'pino'` },
    { name: 'type-only', path: 'protocol/a.ts', text: `import type { Reading } from '@clearlane/rules'` },
    { name: 're-exported', path: 'broker/a.ts', text: `export { step } from '@clearlane/rules'` },
    { name: 're-exported whole', path: 'broker/a.ts', text: `export * from 'mqtt'` },
    { name: 'dynamic', path: 'platform/a.ts', text: `const aedes = await import('aedes')` },
    { name: 'inside a type', path: 'protocol/a.ts', text: `export type A = import('rxjs').Observable<1>` },
    { name: 'computed', path: 'gateway/a.ts', text: `const it = await import(name)` },
    { name: 'by require', path: 'gateway/a.cjs', text: `const it = require('aedes')` },
    { name: 'of Node where none may be', path: 'rules/a.ts', text: `import { join } from 'node:path'` },
    { name: 'of Node without its prefix', path: 'gateway/a.ts', text: `import { join } from 'path'` },
    { name: 'relative into another room', path: 'gateway/a/b.ts', text: `import '../../rules/index.ts'` },
    { name: 'deep into another room', path: 'platform/a.ts', text: `import '@clearlane/broker/broker.ts'` },
    { name: 'by an absolute path', path: 'gateway/a.ts', text: `import '/elsewhere.ts'` },
    { name: 'in JSX', path: 'console/a.tsx', text: `import 'pino'\nexport const A = () => <p />` },
    { name: 'in a file that cannot be parsed', path: 'rules/a.ts', text: `import {` },
    { name: 'in a folder that is no room', path: 'helpers/a.ts', text: `` },
  ])('$name', ({ path, text }) => {
    expect(findViolations([{ path, text }])).toMatchObject([{ path }])
  })
})

describe('what the table allows is let through', () => {
  test.each([
    { path: 'gateway/a.ts', text: `import '@clearlane/rules'\nimport './b.ts'\nimport 'node:fs'` },
    { path: 'gateway/a/b.ts', text: `export * from '../c.ts'` },
    { path: 'platform/a.ts', text: `import { stream } from 'hono/streaming'\nimport '@hono/node-server'` },
    { path: 'platform/a.test.ts', text: `import 'aedes'\nimport '../broker/broker.ts'` },
    { path: 'platform/log/log-contract.ts', text: `import 'vitest'` },
    { path: 'tools/a.ts', text: `import '@clearlane/broker/identities.ts'` },
    { path: 'rules/a.ts', text: `export const text = "import 'mqtt'" // import 'mqtt'` },
  ])('$path: $text', ({ path, text }) => {
    expect(findViolations([{ path, text }])).toEqual([])
  })
})

test('protocol, rules and console may not know Node', () => {
  for (const room of ['protocol', 'rules', 'console']) expect(IMPORT_TABLE[room]).not.toContain('node:*')
})
