import type { EpisodeView } from '@clearlane/protocol'
import { expect, test } from 'vitest'
import { toAnnouncements } from './announcements.ts'

const view = (episode: Partial<EpisodeView['episode']>): EpisodeView => ({
  site: 's',
  gateway: 'g',
  epoch: 'e',
  firstReceivedMs: 1,
  receivedMs: 1,
  late: false,
  seen: [],
  episode: {
    id: '1',
    revision: 1,
    lane: 'l',
    sections: ['a'],
    suspect: 'vehicle',
    confirmed: false,
    unobserved: false,
    rulesVersion: 1,
    layoutVersion: 1,
    ...episode,
  },
})
const PRE_ALARM = view({})
const BLOCKED = view({ confirmed: true })

test.each([
  { name: 'a new one', before: undefined, now: PRE_ALARM, told: ['pre-alarm'] },
  { name: 'its alarm', before: PRE_ALARM, now: BLOCKED, told: ['blocked'] },
  { name: 'its end', before: BLOCKED, now: view({ confirmed: true, end: 'cleared' }), told: ['cleared'] },
  { name: 'nothing of the same', before: BLOCKED, now: BLOCKED, told: [] },
  {
    name: 'nothing of a revision in the same state',
    before: BLOCKED,
    now: view({ confirmed: true, revision: 2 }),
    told: [],
  },
  { name: 'nothing of what was over before', before: undefined, now: view({ end: 'passed' }), told: [] },
])('a screen reader is told of $name', ({ before, now, told }) => {
  const known = new Map(before === undefined ? [] : [['1', before]])
  expect(toAnnouncements(known, new Map([['1', now]])).map(({ status }) => status)).toEqual(told)
})
