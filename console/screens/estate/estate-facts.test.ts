import type { Layout, SectionView } from '@clearlane/protocol'
import { expect, test } from 'vitest'
import { EMPTY_STATE } from '../../live/state.ts'
import { toCoverage, toLanes, toStretch } from './estate-facts.ts'

const BENT = [
  [0, 0],
  [10, 0],
  [10, 10],
] as const

test.each([
  {
    name: 'its first leg',
    fromM: 0,
    toM: 10,
    points: [
      [0, 0],
      [10, 0],
    ],
  },
  {
    name: 'around the bend',
    fromM: 5,
    toM: 15,
    points: [
      [5, 0],
      [10, 0],
      [10, 5],
    ],
  },
  {
    name: 'its end',
    fromM: 16,
    toM: 20,
    points: [
      [10, 6],
      [10, 10],
    ],
  },
])('a stretch of a lane lies on its path: $name', ({ fromM, toM, points }) => {
  expect(toStretch(BENT, 20, fromM, toM)).toEqual(points)
})

test('a path that was drawn too short still holds the whole lane', () => {
  expect(
    toStretch(
      [
        [0, 0],
        [10, 0],
      ],
      40,
      20,
      40,
    ),
  ).toEqual([
    [5, 0],
    [10, 0],
  ])
})

const layout: Layout = {
  v: 1,
  site: 's',
  name: 'S',
  version: 1,
  timeZone: 'UTC',
  lanes: [{ id: 'l', name: 'L', kind: 'fire-lane', lengthM: 30 }],
  sections: ['c', 'b', 'a'].map((id, index) => ({
    id,
    name: id,
    lane: 'l',
    fromM: 20 - index * 10,
    toM: 30 - index * 10,
    gateway: id === 'c' ? 'away' : 'here',
  })),
  slots: [],
}
const view = (section: string, state: SectionView['state'], presence: 'vacant' | 'unknown'): SectionView => ({
  section,
  name: section,
  lane: 'l',
  laneName: 'L',
  state,
  slots: [{ slot: `${section}1`, presence }],
})
const gateway = (id: string, connected: boolean) =>
  [id, { site: 's', gateway: id, connected, skippedRows: { readings: 0, events: 0 } }] as const
const state = {
  ...EMPTY_STATE,
  sections: new Map([
    ['a', view('a', 'clear', 'vacant')],
    ['b', view('b', 'unobserved', 'unknown')],
    ['c', view('c', 'unobserved', 'vacant')],
    ['gone', view('gone', 'blocked', 'vacant')],
  ]),
  gateways: new Map([gateway('here', true), gateway('away', false)]),
}

test('sections stand along their lane, those of the layout only, and why nobody sees one is known', () => {
  const [lane] = toLanes(layout, state)
  expect(lane?.sections.map(({ view: { section }, unseenBecause }) => [section, unseenBecause])).toEqual([
    ['a', undefined],
    ['b', 'sensors'],
    ['c', 'gateway'],
  ])
})

test('a section of which nothing has been told is not clear', () => {
  const [lane] = toLanes(layout, { ...state, sections: new Map() })
  expect(lane?.sections.map(({ view: own }) => own.state)).toEqual(['unobserved', 'unobserved', 'unobserved'])
})

test('coverage counts what is observed, and slots of a gateway that is away are not heard', () => {
  expect(toCoverage(toLanes(layout, state))).toEqual({ sections: 3, observed: 1, slots: 3, heard: 1 })
})
