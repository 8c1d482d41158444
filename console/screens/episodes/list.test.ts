import type { EpisodeView } from '@clearlane/protocol'
import { describe, expect, test } from 'vitest'
import type { Loaded } from './list.ts'
import { absorb, addPage, catchUp, findChanged, NOTHING_LOADED, toRows, toRowShift } from './list.ts'

/** `a7` is an episode `a` that began at 7; with a trailing `…` it is open. */
const view = (text: string): EpisodeView => {
  const [, id = '', at = '', open] = /^([a-z]+)(\d+)(…?)$/.exec(text) ?? []
  return {
    site: 's',
    gateway: 'g',
    epoch: 'e',
    firstReceivedMs: 0,
    receivedMs: 0,
    late: false,
    seen: [],
    episode: {
      id,
      revision: 1,
      lane: 'n',
      sections: ['n-a'],
      suspect: 'unknown',
      detectedMs: Number(at),
      confirmed: false,
      unobserved: false,
      rulesVersion: 1,
      layoutVersion: 1,
      ...(open === '' && { end: 'cleared' as const }),
    },
  }
}
const views = (text: string): EpisodeView[] => text.split(' ').filter(Boolean).map(view)
const text = (all: readonly EpisodeView[]): string =>
  all
    .map(({ episode: { id, detectedMs, end } }) => `${id}${detectedMs}${end === undefined ? '…' : ''}`)
    .join(' ')
const loaded = (ended: string, isComplete = false): Loaded => ({
  ended: views(ended),
  next: isComplete ? undefined : 'more',
  isComplete,
})
const all = (): boolean => true

describe('a page', () => {
  test.each([
    { name: 'comes below what is loaded', before: 'a9 b8', page: 'c7 d6', want: 'a9 b8 c7 d6' },
    { name: 'brings nothing twice', before: 'a9 b8', page: 'b8 c7', want: 'a9 b8 c7' },
    { name: 'leaves out what is open', before: 'a9', page: 'b8… c7', want: 'a9 c7' },
    { name: 'may be empty', before: 'a9', page: '', want: 'a9' },
  ])('$name', ({ before, page, want }) => {
    expect(text(addPage(loaded(before), { items: views(page), next: 'x' }).ended)).toBe(want)
  })

  test('without a next one completes the list', () => {
    expect(addPage(NOTHING_LOADED, { items: views('a1') })).toMatchObject({ isComplete: true })
  })
})

describe('a live change', () => {
  test.each([
    { name: 'that ended comes on top', before: 'b8 c7', changed: 'a9', want: 'a9 b8 c7' },
    { name: 'takes its place between others', before: 'a9 c7', changed: 'b8', want: 'a9 b8 c7' },
    { name: 'replaces what was known', before: 'a9 b8', changed: 'b8', want: 'a9 b8' },
    { name: 'that moved in time moves in the list', before: 'a9 b8 c7', changed: 'c10', want: 'c10 a9 b8' },
    { name: 'that is open again leaves it', before: 'a9 b8', changed: 'b8…', want: 'a9' },
    { name: 'older than the edge waits for its page', before: 'a9 b8', changed: 'c7', want: 'a9 b8' },
    { name: 'before the first page waits for it', before: '', changed: 'c7', want: '' },
    { name: 'several at once', before: 'b8 d6', changed: 'c7 a9', want: 'a9 b8 c7 d6' },
    { name: 'at the same moment is put in order of ids', before: 'b8 c7', changed: 'd8', want: 'd8 b8 c7' },
  ])('$name', ({ before, changed, want }) => {
    expect(text(absorb(loaded(before), views(changed), all).ended)).toBe(want)
  })

  test('of any age enters a list that is complete', () => {
    expect(text(absorb(loaded('a9', true), views('c1'), all).ended)).toBe('a9 c1')
  })

  test('that the filter does not want leaves the list', () => {
    expect(text(absorb(loaded('a9 b8'), views('b8'), () => false).ended)).toBe('a9')
  })

  test('that changes nothing leaves the very same list', () => {
    const before = loaded('a9')
    expect(absorb(before, views('b1 c12…'), all)).toBe(before)
    expect(absorb(before, [], all)).toBe(before)
  })
})

describe('after the feed was away', () => {
  test.each([
    { name: 'what ended meanwhile is filled in', page: 'a9 b8 c7', next: 'x', want: 'a9 b8 c7 d6' },
    { name: 'a hole starts the list anew', page: 'a9 b8', next: 'x', want: 'a9 b8' },
    { name: 'a page that is all there is fills it in', page: 'a9 b8', next: undefined, want: 'a9 b8 c7 d6' },
  ])('$name', ({ page, next, want }) => {
    expect(text(catchUp(loaded('c7 d6'), { items: views(page), next }, all).ended)).toBe(want)
  })
})

test('open ones stand first, the longest on top, then what has ended', () => {
  expect(text(toRows(views('a9… e5 b3…'), loaded('c7 d6'), all))).toBe('b3… a9… c7 d6')
})

test.each([
  { name: 'rows come above', before: 'b8 c7 d6', after: 'a9 b8 c7 d6', first: 1, want: 1 },
  { name: 'a row above goes away', before: 'a9 b8 c7', after: 'b8 c7', first: 1, want: -1 },
  { name: 'rows come below', before: 'a9 b8', after: 'a9 b8 c7', first: 0, want: 0 },
  { name: 'one in sight ends and moves', before: 'a1… b2… c9 d8', after: 'b2… c9 d8 a1', first: 0, want: -1 },
  { name: 'one in sight goes away', before: 'a9 b8 c7', after: 'a9 c7', first: 0, want: 0 },
  { name: 'one comes between', before: 'a9 c7 d6 e5', after: 'a9 b8 c7 d6 e5', first: 0, want: 1 },
  { name: 'none of them is left', before: 'a9 b8', after: 'c7', first: 0, want: 0 },
  { name: 'there was none', before: '', after: 'a9', first: 0, want: 0 },
])('what is read keeps its place when $name', ({ before, after, first, want }) => {
  expect(toRowShift(views(before), views(after), first, first + 3)).toBe(want)
})

test('only views that are other objects have changed', () => {
  const [a, b] = views('a9 b8') as [EpisodeView, EpisodeView]
  const newer = { ...b }
  expect(
    findChanged(
      new Map([
        ['a', a],
        ['b', b],
      ]),
      new Map([
        ['a', a],
        ['b', newer],
      ]),
    ),
  ).toEqual([newer])
})
