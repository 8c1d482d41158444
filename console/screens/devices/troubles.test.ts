import type { DeviceView } from '@clearlane/protocol'
import { expect, test } from 'vitest'
import { findTroubles, sortWorstFirst } from './troubles.ts'

const NOW_MS = 1_000_000
const device = (slot: string, over: Partial<DeviceView> = {}): DeviceView => ({
  device: '0000000000000001',
  slot,
  section: 'a',
  sectionName: 'A',
  laneName: 'North',
  gateway: 'g',
  isGatewayConnected: true,
  lastHeardMs: NOW_MS - 1_000,
  lowBattery: false,
  rssiDbm: -80,
  missing: 0,
  ...over,
})
const never = (slot: string): DeviceView => {
  const { lastHeardMs: _never, ...rest } = device(slot)
  return rest
}

test.each([
  { name: 'nothing is wrong', one: device('s'), want: [] },
  { name: 'it was never heard', one: never('s'), want: ['never-heard'] },
  { name: 'it is just not silent yet', one: device('s', { lastHeardMs: NOW_MS - 60_000 }), want: [] },
  { name: 'it is silent', one: device('s', { lastHeardMs: NOW_MS - 60_001 }), want: ['silent'] },
  { name: 'its gateway is gone', one: device('s', { isGatewayConnected: false }), want: ['gateway-gone'] },
  { name: 'its battery is low', one: device('s', { lowBattery: true }), want: ['low-battery'] },
  { name: 'its signal is weak', one: device('s', { rssiDbm: -116 }), want: ['weak'] },
  { name: 'it lost readings', one: device('s', { missing: 1 }), want: ['losses'] },
  {
    name: 'much is wrong at once, the worst first',
    one: device('s', { missing: 1, lowBattery: true, lastHeardMs: 0 }),
    want: ['silent', 'low-battery', 'losses'],
  },
])('$name', ({ one, want }) => {
  expect(findTroubles(one, NOW_MS, 60_000)).toEqual(want)
})

test('the worst stands first, the longest unheard before others, the good ones by place', () => {
  const all = [
    device('good-2'),
    device('good-1', { lastHeardMs: NOW_MS - 5_000 }),
    device('battery', { lowBattery: true }),
    device('silent-short', { lastHeardMs: NOW_MS - 70_000 }),
    device('silent-long', { lastHeardMs: NOW_MS - 90_000, lowBattery: true }),
    never('never'),
  ].map((one) => ({ device: one, troubles: findTroubles(one, NOW_MS, 60_000) }))
  expect(sortWorstFirst(all).map((one) => one.device.slot)).toEqual([
    'never',
    'silent-long',
    'silent-short',
    'battery',
    'good-1',
    'good-2',
  ])
})
