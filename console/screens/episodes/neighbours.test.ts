import { parseLayout } from '@clearlane/protocol'
import { expect, test } from 'vitest'
import { findNeighbours } from './neighbours.ts'

const LANES = [
  { id: 'n', name: 'North', kind: 'fire-lane', lengthM: 30 },
  { id: 'w', name: 'West', kind: 'gate', lengthM: 10 },
]
const SECTIONS = [
  { id: 'n-c', name: 'C', lane: 'n', fromM: 20, toM: 30, gateway: 'g' },
  { id: 'n-a', name: 'A', lane: 'n', fromM: 0, toM: 10, gateway: 'g' },
  { id: 'n-b', name: 'B', lane: 'n', fromM: 10, toM: 20, gateway: 'g' },
  { id: 'w-a', name: 'A', lane: 'w', fromM: 0, toM: 10, gateway: 'g' },
]
const SLOTS = [
  { id: 'b2', section: 'n-b', offsetM: 18 },
  { id: 'b1', section: 'n-b', offsetM: 12 },
  { id: 'a1', section: 'n-a', offsetM: 5 },
  { id: 'c1', section: 'n-c', offsetM: 25 },
  { id: 'w1', section: 'w-a', offsetM: 5 },
]
const parsed = parseLayout({
  v: 1,
  site: 's',
  name: 'S',
  version: 1,
  timeZone: 'Asia/Shanghai',
  lanes: LANES,
  sections: SECTIONS,
  slots: SLOTS,
})
if (!parsed.ok) throw new Error(parsed.fault.detail)
const layout = parsed.value

test.each([
  { slot: 'b1', want: ['b2', 'a1', 'c1'] },
  { slot: 'a1', want: ['b1', 'b2'] },
  { slot: 'c1', want: ['b1', 'b2'] },
  { slot: 'w1', want: [] },
  { slot: 'gone', want: [] },
])('beside $slot are $want', ({ slot, want }) => {
  expect(findNeighbours(layout, slot).map((one) => one.slot)).toEqual(want)
})
