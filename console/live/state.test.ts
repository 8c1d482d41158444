import type { LiveEvent, SectionView } from '@clearlane/protocol'
import { expect, test } from 'vitest'
import type { ConsoleState } from './state.ts'
import { EMPTY_STATE, reduce } from './state.ts'

const section = (id: string): SectionView => ({
  section: id,
  name: id,
  lane: 'l',
  laneName: 'L',
  state: 'clear',
  slots: [`${id}1`, `${id}2`].map((slot) => ({ slot, presence: 'vacant', lastHeardMs: 1_000 })),
})
const gateway = { site: 's', gateway: 'gw', connected: true, skippedRows: { readings: 0, events: 0 } }
const after = (...events: LiveEvent[]): ConsoleState =>
  events.reduce((state, event) => reduce(state, { kind: 'live', event, counterMs: 0 }), EMPTY_STATE)
const hello = {
  kind: 'hello',
  nowMs: 2_000,
  speed: 1,
  sections: [section('a'), section('b')],
  episodes: [],
  gateways: [{ ...gateway, lastHeardMs: 1_000 }],
} satisfies LiveEvent

test('a slot and a gateway that go on speaking do not grow old, and whoever is not told of does', () => {
  const heard = after(hello, { kind: 'heard', nowMs: 9_000, slots: { a2: 8_000 }, gateways: { gw: 8_500 } })
  expect(heard.sections.get('a')?.slots.map(({ lastHeardMs }) => lastHeardMs)).toEqual([1_000, 8_000])
  expect(heard.sections.get('b')).toBe(hello.sections[1])
  expect(heard.gateways.get('gw')?.lastHeardMs).toBe(8_500)
})

test('slots and gateways that the layout no longer has stay away when they are heard', () => {
  const heard = after(hello, { kind: 'heard', nowMs: 9_000, slots: { z9: 8_000 }, gateways: { old: 8_500 } })
  expect(heard.sections).toEqual(after(hello).sections)
  expect([...heard.gateways.keys()]).toEqual(['gw'])
})
