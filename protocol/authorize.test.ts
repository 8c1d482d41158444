import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Identity } from './authorize.ts'
import { authorize } from './authorize.ts'

const level = fc.oneof(
  fc.constantFrom(
    'cl',
    'v1',
    's',
    'gw',
    'other',
    '+',
    '#',
    '',
    'ack',
    'telemetry',
    'config',
    'health',
    '$SYS',
  ),
  fc.string({ maxLength: 6 }),
)
const resource = fc.array(level, { maxLength: 7 }).map((levels) => levels.join('/'))
const action = fc.constantFrom('publish' as const, 'subscribe' as const)
const gateway: Identity = { kind: 'gateway', site: 's', gateway: 'gw' }

test('nobody may do anything', () => {
  fc.assert(fc.property(action, resource, (what, where) => !authorize({ kind: 'nobody' }, what, where)))
})

test('a gateway never touches anything outside its own prefix', () => {
  fc.assert(
    fc.property(action, resource, (what, where) => {
      if (authorize(gateway, what, where)) expect(where).toMatch(/^cl\/v1\/s\/gw\/[a-z]+$/)
    }),
    { numRuns: 2_000 },
  )
})

test('nobody publishes to a wildcard, and a viewer never publishes', () => {
  const anyone = fc.constantFrom<Identity>(gateway, { kind: 'platform' }, { kind: 'viewer', site: 's' })
  fc.assert(
    fc.property(anyone, resource, (identity, where) => {
      if (!authorize(identity, 'publish', where)) return
      expect(where).not.toMatch(/[+#]/)
      expect(identity.kind).not.toBe('viewer')
    }),
    { numRuns: 2_000 },
  )
})

test('a viewer hears its own site only, whatever the wildcards', () => {
  fc.assert(
    fc.property(resource, (where) => {
      if (authorize({ kind: 'viewer', site: 's' }, 'subscribe', where)) expect(where).toMatch(/^cl\/v1\/s\//)
    }),
    { numRuns: 2_000 },
  )
})
