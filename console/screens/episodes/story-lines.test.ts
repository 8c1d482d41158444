import type { EpisodeDetail, Transition } from '@clearlane/protocol'
import { expect, test } from 'vitest'
import { toStory } from './story-lines.ts'

const event = (transition: Transition, revision: number, atMs?: number): EpisodeDetail['events'][number] => ({
  receivedMs: 100 + revision,
  event: {
    kind: 'episode',
    transition,
    ...(atMs !== undefined && { atMs }),
    decidedMs: 0,
    evidence: [],
    episode: {
      id: 'x',
      revision,
      lane: 'n',
      sections: ['n-a'],
      suspect: 'unknown',
      confirmed: false,
      unobserved: false,
      rulesVersion: 1,
      layoutVersion: 1,
    },
  },
})

test.each([
  {
    name: 'in order of time, whatever order they came in',
    events: [event('cleared', 3, 30), event('detected', 1, 10), event('confirmed', 2, 20)],
    seen: [],
    want: ['detected', 'confirmed', 'cleared'],
  },
  {
    name: 'with who has seen it in between',
    events: [event('detected', 1, 10), event('cleared', 2, 30)],
    seen: [{ by: 'li', atMs: 20 }],
    want: ['detected', 'li', 'cleared'],
  },
  {
    name: 'of one moment by revision',
    events: [event('escalated', 3, 10), event('detected', 1, 10), event('confirmed', 2, 10)],
    seen: [],
    want: ['detected', 'confirmed', 'escalated'],
  },
  {
    name: 'an undated one when it came',
    events: [event('confirmed', 2), event('detected', 1, 10)],
    seen: [{ by: 'li', atMs: 101 }],
    want: ['detected', 'li', 'confirmed'],
  },
])('a story is told $name', ({ events, seen, want }) => {
  const told = toStory({ events, seen }).map((line) =>
    line.kind === 'seen' ? line.seen.by : line.event.transition,
  )
  expect(told).toEqual(want)
})
