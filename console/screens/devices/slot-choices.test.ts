import type { Layout } from '@clearlane/protocol'
import { expect, test } from 'vitest'
import { findSlotChoices } from './slot-choices.ts'

const slot = (id: string, device?: string): Layout['slots'][number] => ({
  id,
  section: 'n-a',
  offsetM: 1,
  ...(device !== undefined && { device }),
})
const layout = (slots: Layout['slots']): Layout => ({
  v: 1,
  site: 's',
  name: 'S',
  version: 1,
  timeZone: 'Asia/Shanghai',
  lanes: [{ id: 'n', name: '3号楼北消防车通道', kind: 'fire-lane', lengthM: 10 }],
  sections: [{ id: 'n-a', name: '3号楼北 · A段', lane: 'n', fromM: 0, toM: 10, gateway: 'g' }],
  slots,
})
const DEVICE = '0000000000000001'
const OTHER = '0000000000000002'

test.each([
  { name: 'empty ones first', text: '', want: ['c', 'a'] },
  { name: 'narrowed by the name of a section', text: ' a段 ', want: ['c', 'a'] },
  { name: 'narrowed by the name of a slot', text: 'C', want: ['c'] },
  { name: 'none that has such a name', text: 'west', want: [] },
])('a device is offered $name, and never its own slot', ({ text, want }) => {
  const { choices, hasMore } = findSlotChoices(
    layout([slot('a', OTHER), slot('b', DEVICE), slot('c')]),
    DEVICE,
    text,
  )
  expect(choices.map((one) => one.slot)).toEqual(want)
  expect(hasMore).toBe(false)
})

test('of 10,000 slots a screenful is offered, and it says that there are more', () => {
  const many = Array.from({ length: 10_000 }, (_, index) => slot(`s${index}`))
  const { choices, hasMore } = findSlotChoices(layout(many), DEVICE, '')
  expect(choices.length).toBeLessThan(100)
  expect(hasMore).toBe(true)
})
