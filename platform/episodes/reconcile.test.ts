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
  { centre: undefined, inSet: episode(), isSameEpoch: true, outcome: 'take' },
  { centre: undefined, inSet: episode(), isSameEpoch: false, outcome: 'take' },
  { centre: undefined, inSet: undefined, isSameEpoch: true, outcome: 'leave' },
  { centre: undefined, inSet: undefined, isSameEpoch: false, outcome: 'leave' },
  { centre: episode(), inSet: episode(), isSameEpoch: true, outcome: 'leave' },
  { centre: episode(), inSet: episode({ revision: 4 }), isSameEpoch: true, outcome: 'take' },
  { centre: episode(), inSet: episode({ revision: 2 }), isSameEpoch: true, outcome: 'leave' },
  { centre: episode(), inSet: undefined, isSameEpoch: true, outcome: 'close' },
  { centre: episode(), inSet: undefined, isSameEpoch: false, outcome: 'unobserve' },
  { centre: episode({ unobserved: true }), inSet: undefined, isSameEpoch: false, outcome: 'leave' },
  { centre: ended, inSet: undefined, isSameEpoch: true, outcome: 'leave' },
  { centre: ended, inSet: undefined, isSameEpoch: false, outcome: 'leave' },
  { centre: ended, inSet: episode({ revision: 4 }), isSameEpoch: true, outcome: 'take' },
  { centre: ended, inSet: episode({ revision: 3 }), isSameEpoch: true, outcome: 'leave' },
])(
  'centre $centre.end/$centre.revision, set $inSet.revision, same epoch $isSameEpoch: $outcome',
  ({ centre, inSet, isSameEpoch, outcome }) => {
    expect(reconcile(centre, inSet, isSameEpoch)).toBe(outcome)
  },
)
