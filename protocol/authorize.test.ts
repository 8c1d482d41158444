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

const lanLevel = fc.oneof(
  fc.constantFrom('lan', 'v1', 's', 'gw', 'other', '+', '#', '', 'section', 'episode', 'reading', 'health'),
  fc.constantFrom('note', 'a', 'cl', 'telemetry', 'ack'),
  fc.string({ maxLength: 6 }),
)
const lanResource = fc.oneof(
  fc.array(lanLevel, { maxLength: 7 }).map((levels) => levels.join('/')),
  fc.array(lanLevel, { maxLength: 3 }).map((levels) => ['lan/v1/s/gw', ...levels].join('/')),
)
const boxOf = (kind: 'box' | 'box-flows' | 'box-viewer'): Identity => ({ kind, site: 's', gateway: 'gw' })
const anyOfBox = fc.constantFrom(boxOf('box'), boxOf('box-flows'), boxOf('box-viewer'))

test('nobody of a box touches anything but its own box, and only by a topic of the table', () => {
  const own = /^lan\/v1\/s\/gw\/((section|episode)\/[^/]+|reading|health|note)$/
  fc.assert(
    fc.property(anyOfBox, action, fc.oneof(resource, lanResource), (who, what, where) => {
      if (authorize(who, what, where)) expect(where).toMatch(own)
    }),
    { numRuns: 5_000 },
  )
})

test('Node-RED publishes notes and nothing else, and hears everything but notes', () => {
  fc.assert(
    fc.property(lanResource, (where) => {
      if (authorize(boxOf('box-flows'), 'publish', where)) expect(where).toBe('lan/v1/s/gw/note')
      if (authorize(boxOf('box-flows'), 'subscribe', where)) expect(where).not.toMatch(/gw\/note$/)
      expect(authorize(boxOf('box-viewer'), 'publish', where)).toBe(false)
    }),
    { numRuns: 2_000 },
  )
  expect(authorize(boxOf('box-flows'), 'publish', 'lan/v1/s/gw/note')).toBe(true)
  for (const name of ['section/+', 'episode/+', 'reading', 'health'])
    expect(authorize(boxOf('box-flows'), 'subscribe', `lan/v1/s/gw/${name}`)).toBe(true)
})

test('what is known to a box is nobody at the centre, and the other way round', () => {
  const ofCentre = fc.constantFrom<Identity>(gateway, { kind: 'platform' }, { kind: 'viewer', site: 's' })
  fc.assert(
    fc.property(anyOfBox, ofCentre, action, fc.oneof(resource, lanResource), (box, centre, what, where) => {
      expect(authorize(box, what, where) && authorize(centre, what, where)).toBe(false)
    }),
    { numRuns: 2_000 },
  )
})

test('a gateway says everything of its box but notes, to no wildcard', () => {
  fc.assert(
    fc.property(lanResource, (where) => {
      if (authorize(boxOf('box'), 'publish', where)) expect(where).not.toMatch(/[+#]|gw\/note$/)
    }),
    { numRuns: 2_000 },
  )
  expect(authorize(boxOf('box'), 'publish', 'lan/v1/s/gw/section/a')).toBe(true)
  expect(authorize(boxOf('box'), 'subscribe', 'lan/v1/s/gw/note')).toBe(true)
})
