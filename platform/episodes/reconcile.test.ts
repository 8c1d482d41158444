import type { Episode } from '@clearlane/protocol'
import { expect, test } from 'vitest'
import { reconcile } from './reconcile.ts'

const episode = (over: Partial<Episode> = {}): Episode => ({
  id: 'x',
  revision: 3,
  lane: 'north',
  sections: ['a'],
  suspect: 'unknown',
  confirmed: true,
  unobserved: false,
  rulesVersion: 1,
  layoutVersion: 1,
  ...over,
})
const ended = episode({ end: 'cleared' })

test.each([
  { centre: undefined, inSet: episode(), isSameEpoch: true, then: 'take' },
  { centre: undefined, inSet: episode(), isSameEpoch: false, then: 'take' },
  { centre: undefined, inSet: undefined, isSameEpoch: true, then: 'leave' },
  { centre: undefined, inSet: undefined, isSameEpoch: false, then: 'leave' },
  { centre: episode(), inSet: episode(), isSameEpoch: true, then: 'leave' },
  { centre: episode(), inSet: episode({ revision: 4 }), isSameEpoch: true, then: 'take' },
  { centre: episode(), inSet: episode({ revision: 2 }), isSameEpoch: true, then: 'leave' },
  { centre: episode(), inSet: undefined, isSameEpoch: true, then: 'close' },
  { centre: episode(), inSet: undefined, isSameEpoch: false, then: 'unobserve' },
  { centre: episode({ unobserved: true }), inSet: undefined, isSameEpoch: false, then: 'leave' },
  { centre: ended, inSet: undefined, isSameEpoch: true, then: 'leave' },
  { centre: ended, inSet: undefined, isSameEpoch: false, then: 'leave' },
  { centre: ended, inSet: episode({ revision: 4 }), isSameEpoch: true, then: 'take' },
  { centre: ended, inSet: episode({ revision: 3 }), isSameEpoch: true, then: 'leave' },
])(
  'centre $centre.end/$centre.revision, set $inSet.revision, same epoch $isSameEpoch: $then',
  ({ centre, inSet, isSameEpoch, then }) => {
    expect(reconcile(centre, inSet, isSameEpoch)).toBe(then)
  },
)
