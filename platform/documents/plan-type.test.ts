import { expect, test } from 'vitest'
import { toPlanType } from './plan-type.ts'

test.each([
  { name: 'a PNG', bytes: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0], type: 'image/png' },
  { name: 'a JPEG', bytes: [0xff, 0xd8, 0xff, 0xe0], type: 'image/jpeg' },
  {
    name: 'a WebP',
    bytes: [...Buffer.from('RIFF'), 0xff, 0xff, 0, 0, ...Buffer.from('WEBPVP8 ')],
    type: 'image/webp',
  },
  {
    name: 'another RIFF file',
    bytes: [...Buffer.from('RIFF'), 0, 0, 0, 0, ...Buffer.from('WAVE')],
    type: undefined,
  },
  { name: 'a PNG broken off in its signature', bytes: [0x89, 0x50, 0x4e, 0x47], type: undefined },
  {
    name: 'a drawing that can run scripts',
    bytes: [...Buffer.from('<svg onload="alert(1)">')],
    type: undefined,
  },
  { name: 'a page', bytes: [...Buffer.from('<!doctype html>')], type: undefined },
  {
    name: 'a page that begins like a JPEG, which nobody renders as one',
    bytes: [0xff, 0xd8, 0xff, ...Buffer.from('<script>')],
    type: 'image/jpeg',
  },
  { name: 'nothing', bytes: [], type: undefined },
])('$name is $type', ({ bytes, type }) => {
  expect(toPlanType(Uint8Array.from(bytes))).toBe(type)
})
