import { expect, test } from 'vitest'
import type { SectionState } from './api.ts'
import type { Episode } from './episode.ts'
import type { Presence } from './reading.ts'
import { toSectionState } from './section-state.ts'

const open = (over: Partial<Episode>): Episode => ({
  id: 'x',
  revision: 1,
  lane: 'north',
  sections: ['a'],
  suspect: 'unknown',
  confirmed: false,
  unobserved: false,
  rulesVersion: 1,
  layoutVersion: 1,
  ...over,
})
type Row = { heard: boolean; presences: Presence[]; episode: Episode | undefined; state: SectionState }
const rows: Row[] = [
  { heard: true, presences: ['vacant', 'vacant'], episode: undefined, state: 'clear' },
  { heard: true, presences: ['vacant', 'unknown'], episode: undefined, state: 'unobserved' },
  { heard: true, presences: [], episode: undefined, state: 'unobserved' },
  { heard: false, presences: ['vacant', 'vacant'], episode: undefined, state: 'unobserved' },
  { heard: true, presences: ['occupied', 'vacant'], episode: undefined, state: 'pre-alarm' },
  { heard: true, presences: ['occupied', 'vacant'], episode: open({}), state: 'pre-alarm' },
  { heard: true, presences: ['occupied', 'unknown'], episode: open({ confirmed: true }), state: 'blocked' },
  {
    heard: true,
    presences: ['unknown', 'vacant'],
    episode: open({ confirmed: true, unobserved: true }),
    state: 'unobserved',
  },
  {
    heard: false,
    presences: ['occupied', 'vacant'],
    episode: open({ confirmed: true }),
    state: 'unobserved',
  },
]
test.each(rows)(
  'heard $heard, $presences, episode $episode.confirmed: $state',
  ({ heard, presences, episode, state }) => {
    expect(toSectionState({ isGatewayHeard: heard, presences, episode })).toBe(state)
  },
)
