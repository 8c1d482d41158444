import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { ActiveMessage, Episode, EpisodeEvent, GatewayEvent } from '@clearlane/protocol'
import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import type { StoredEntry } from '../log/log.ts'
import type { EpisodeChanges, Episodes, EpisodesFilter } from './episodes.ts'
import { openEpisodes } from './episodes.ts'
import { openSeenBook } from './seen.ts'

const cleanups: (() => void)[] = []
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup()
})
const createFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'episodes-'))
  cleanups.push(() => rmSync(folder, { recursive: true }))
  return folder
}
const openIn = (folder: string, onChange: (changes: EpisodeChanges) => void = () => undefined): Episodes => {
  const seenBook = openSeenBook(join(folder, 'seen.sqlite'))
  const episodes = openEpisodes(join(folder, 'episodes.sqlite'), seenBook, onChange)
  cleanups.unshift(() => {
    episodes.close()
    seenBook.close()
  })
  return episodes
}
const open = (): Episodes => openIn(createFolder())

const event = (id: string, revision: number, over: Partial<Episode> = {}): EpisodeEvent => ({
  kind: 'episode',
  transition: 'extended',
  decidedMs: 1_000 + revision,
  episode: {
    id,
    revision,
    lane: 'north',
    sections: ['a'],
    suspect: 'unknown',
    detectedMs: 1_000,
    confirmed: false,
    unobserved: false,
    rulesVersion: 1,
    layoutVersion: 1,
    ...over,
  },
  evidence: [],
})
const entry = (position: number, rows: readonly unknown[], over: Partial<StoredEntry> = {}): StoredEntry => ({
  position,
  site: 's',
  gateway: 'gw',
  epoch: 'e1',
  channel: 'events',
  first: position,
  last: position + rows.length - 1,
  receivedMs: 5_000 + position,
  text: JSON.stringify(rows),
  ...over,
})
const apply = (episodes: Episodes, ...entries: StoredEntry[]): void => {
  for (const one of entries) episodes.apply([one], one.position)
}
const active = (position: number, eventRow: number, ids: readonly Episode[], epoch = 'e1'): StoredEntry => {
  const message: ActiveMessage = {
    v: 1,
    gateway: 'gw',
    epoch,
    eventRow,
    takenMs: 1,
    episodes: [...ids],
    slots: [],
  }
  return entry(position, [message], { channel: 'active', epoch, first: eventRow, last: eventRow })
}

describe('revisions', () => {
  test('give the same in any order and any number of times', () => {
    const revisions = [
      event('x', 1),
      event('x', 2, { confirmed: true, confirmedMs: 2_000 }),
      event('x', 3, { confirmed: true, confirmedMs: 2_000, end: 'cleared', endedMs: 3_000 }),
      event('y', 1),
      event('y', 2, { end: 'passed', endedMs: 1_500 }),
    ]
    fc.assert(
      fc.property(
        fc.shuffledSubarray(revisions, { minLength: revisions.length }),
        fc.array(fc.nat({ max: revisions.length - 1 }), { maxLength: 5 }),
        (order, again) => {
          const episodes = open()
          const all: GatewayEvent[] = [...order, ...again.map((index) => revisions[index]!)]
          apply(episodes, ...all.map((one, index) => entry(index + 1, [one])))
          expect(episodes.find('x')?.episode).toEqual(revisions[2]!.episode)
          expect(episodes.find('y')?.episode).toEqual(revisions[4]!.episode)
          expect(episodes.open()).toEqual([])
        },
      ),
      { numRuns: 30 },
    )
  })

  test('that say at once that it is over page nobody, and the one still blocking does', () => {
    const episodes = open()
    apply(
      episodes,
      entry(1, [event('over', 1, { confirmed: true, end: 'cleared', endedMs: 3_000 })]),
      entry(2, [event('blocking', 1, { confirmed: true, confirmedMs: 2_000 })]),
    )
    expect(episodes.find('over')?.late).toBe(true)
    expect(episodes.find('blocking')).toMatchObject({ late: false, episode: { detectedMs: 1_000 } })
  })
})

test('an alarm that blocks again after it was told as over pages after all, and one that ended in time is not late', () => {
  const episodes = open()
  apply(
    episodes,
    entry(1, [event('again', 1, { confirmed: true, end: 'cleared' })]),
    entry(2, [event('again', 2, { confirmed: true })]),
    entry(3, [event('timely', 1)]),
    entry(4, [event('timely', 2, { end: 'passed' })]),
  )
  expect(episodes.find('again')?.late).toBe(false)
  expect(episodes.find('timely')?.late).toBe(false)
})

describe('a list', () => {
  const confirmed = { confirmed: true }
  const all = [
    event('pre', 1, { detectedMs: 1_000 }),
    event('blocked', 1, { detectedMs: 2_000, lane: 'south', sections: ['b'], ...confirmed }),
    event('lost', 1, { detectedMs: 3_000, sections: ['a', 'a2'], unobserved: true, ...confirmed }),
    event('passed', 1, { detectedMs: 4_000, end: 'passed' }),
    event('cleared', 1, { detectedMs: 5_000, lane: 'south', sections: ['b'], end: 'cleared', ...confirmed }),
  ]
  const filled = (): Episodes => {
    const episodes = open()
    apply(episodes, entry(1, all))
    return episodes
  }
  const idsOf = (episodes: Episodes, filter: EpisodesFilter, limit = 10): string[] =>
    episodes.list({ ...filter, limit }).items.map((view) => view.episode.id)
  const rows: { filter: EpisodesFilter; ids: string[] }[] = [
    { filter: {}, ids: ['cleared', 'passed', 'lost', 'blocked', 'pre'] },
    { filter: { state: 'open' }, ids: ['lost', 'blocked', 'pre'] },
    { filter: { state: 'pre-alarm' }, ids: ['pre'] },
    { filter: { state: 'blocked' }, ids: ['blocked'] },
    { filter: { state: 'unobserved' }, ids: ['lost'] },
    { filter: { state: 'ended' }, ids: ['cleared', 'passed'] },
    { filter: { state: 'alarmed' }, ids: ['cleared', 'lost', 'blocked'] },
    { filter: { lane: 'south' }, ids: ['cleared', 'blocked'] },
    { filter: { section: 'a2' }, ids: ['lost'] },
    { filter: { section: 'a', state: 'ended' }, ids: ['passed'] },
    { filter: { section: 'a', lane: 'south' }, ids: [] },
    { filter: { lane: 'south', state: 'open' }, ids: ['blocked'] },
    { filter: { fromMs: 2_000, toMs: 4_000 }, ids: ['lost', 'blocked'] },
    { filter: { lane: 'none' }, ids: [] },
  ]
  test.each(rows)('of $filter holds $ids, and counts as many', ({ filter, ids }) => {
    const episodes = filled()
    expect(idsOf(episodes, filter)).toEqual(ids)
    expect(episodes.count(filter)).toBe(ids.length)
  })

  test.each([1, 2, 5])('gives the same in pages of %i as at once, also within a span', (limit) => {
    const episodes = filled()
    const ids: string[] = []
    for (let cursor: string | undefined; ;) {
      const page = episodes.list({ limit, cursor, toMs: 5_000 })
      ids.push(...page.items.map((view) => view.episode.id))
      if (page.next === undefined) break
      cursor = page.next
    }
    expect(ids).toEqual(['passed', 'lost', 'blocked', 'pre'])
    expect(episodes.list({ limit: 10, cursor: '9000~x', toMs: 2_000 }).items).toHaveLength(1)
  })

  test('has an episode once also where its gateway names a section twice', () => {
    const episodes = open()
    apply(episodes, entry(1, [event('x', 1, { sections: ['a', 'a'] }), event('x', 2, { sections: ['a'] })]))
    expect([idsOf(episodes, { section: 'a' }), episodes.count({})]).toEqual([['x'], 1])
  })

  test('has an episode once, where and as its highest revision says', () => {
    const episodes = filled()
    apply(
      episodes,
      entry(6, [
        event('pre', 2, { detectedMs: 500, lane: 'south', sections: ['b'], end: 'voided' }),
        event('blocked', 2, { detectedMs: 2_000, sections: ['a'], ...confirmed }),
      ]),
    )
    expect(idsOf(episodes, {})).toEqual(['cleared', 'passed', 'lost', 'blocked', 'pre'])
    expect(idsOf(episodes, { section: 'b' })).toEqual(['cleared', 'pre'])
    expect(idsOf(episodes, { state: 'pre-alarm' })).toEqual([])
    expect(idsOf(episodes, { lane: 'north' })).toEqual(['passed', 'lost', 'blocked'])
  })
})

test('the marks of a section are the transitions of its episodes, each as its highest revision says', () => {
  const episodes = open()
  const told = (
    transition: EpisodeEvent['transition'],
    revision: number,
    atMs: number | undefined,
    sections = ['a'],
  ) => ({
    ...event('x', revision, { sections }),
    transition,
    ...(atMs !== undefined && { atMs }),
  })
  apply(
    episodes,
    entry(1, [told('detected', 1, 1_000), told('confirmed', 3, 1_900), told('confirmed', 2, 2_000)]),
    entry(4, [told('cleared', 4, undefined)]),
    entry(5, [{ ...event('y', 1, { sections: ['b'] }), atMs: 1_500 }]),
  )
  expect(episodes.marks('a', 1_000, 9_000)).toEqual([
    { atMs: 1_000, transition: 'detected', episode: 'x' },
    { atMs: 1_900, transition: 'confirmed', episode: 'x' },
    // Without a known clock it stands where the centre received it.
    { atMs: 5_004, transition: 'cleared', episode: 'x' },
  ])
  expect(episodes.marks('a', 1_001, 5_004)).toHaveLength(1)
  expect(episodes.marks('b', 0, 9_000)).toEqual([{ atMs: 1_500, transition: 'extended', episode: 'y' }])
})

describe('who has seen an episode', () => {
  const wang = { by: 'Wang', atMs: 7_000 }
  test('is told once, and stands wherever the episode does', () => {
    const told: EpisodeChanges[] = []
    const episodes = openIn(createFolder(), (changes) => told.push(changes))
    apply(episodes, entry(1, [event('x', 1, { confirmed: true }), event('over', 1, { end: 'passed' })]))
    told.length = 0
    expect(episodes.see('x', wang)).toMatchObject({ ok: true, value: { seen: [wang] } })
    expect(episodes.see('x', { ...wang, atMs: 8_000 })).toMatchObject({ ok: true, value: { seen: [wang] } })
    expect(episodes.see('over', wang)).toMatchObject({ ok: true, value: { seen: [wang] } })
    expect(told.map(({ episodes: [view] }) => [view?.episode.id, view?.seen])).toEqual([
      ['x', [wang]],
      ['over', [wang]],
    ])
    expect(episodes.open()[0]?.seen).toEqual([wang])
    expect(episodes.find('x')?.seen).toEqual([wang])
    expect(episodes.list({ limit: 9 }).items.map(({ seen }) => seen)).toEqual([[wang], [wang]])
    expect(episodes.see('none', wang)).toMatchObject({ ok: false, fault: { reason: 'not-found' } })
  })

  test('stays when a later revision comes, and when everything is made again from the log', () => {
    const folder = createFolder()
    const first = openIn(folder)
    apply(first, entry(1, [event('x', 1, { confirmed: true })]))
    first.see('x', wang)
    apply(first, entry(2, [event('x', 2, { confirmed: true, end: 'cleared' })]))
    expect(first.find('x')?.seen).toEqual([wang])
    const older = new DatabaseSync(join(folder, 'episodes.sqlite'))
    older.exec('PRAGMA user_version = 1')
    older.close()
    const again = openIn(folder)
    expect([again.cursor(), again.find('x')]).toEqual([0, undefined])
    apply(again, entry(1, [event('x', 1, { confirmed: true })]))
    expect(again.find('x')?.seen).toEqual([wang])
    expect(again.cursor()).toBe(1)
  })
})

test('a slot is known by all that was told of it, from one time to another', () => {
  const episodes = open()
  const told = (revision: number, presence: string, sinceMs?: number) => ({
    kind: 'presence',
    slot: 'a1',
    section: 'a',
    presence,
    revision,
    decidedMs: 1,
    ...(sinceMs !== undefined && { sinceMs }),
    evidence: { slot: 'a1', reason: `${revision}` },
  })
  apply(
    episodes,
    entry(1, [told(1, 'vacant', 1_000), told(2, 'occupied', 2_000)]),
    // Heard while no clock was known, then dated.
    entry(3, [told(3, 'vacant')]),
  )
  const of = () => episodes.presences('a1', 1_500, 9_000).map(({ presence, sinceMs }) => [presence, sinceMs])
  expect(of()).toEqual([
    ['vacant', 1_000],
    ['occupied', 2_000],
    ['vacant', 5_003],
  ])
  apply(episodes, entry(4, [told(4, 'vacant', 3_000)]), active(5, 0, [], 'e2'))
  expect(of()).toEqual([
    ['vacant', 1_000],
    ['occupied', 2_000],
    ['vacant', 3_000],
    ['unknown', 5_005],
  ])
})

test('a new epoch forgets what the old card knew of the slots', () => {
  const episodes = open()
  const presence = {
    kind: 'presence',
    slot: 'a1',
    section: 'a',
    presence: 'vacant',
    revision: 4,
    decidedMs: 1,
    evidence: { slot: 'a1', reason: 'x' },
  }
  apply(episodes, entry(1, [presence]))
  expect(episodes.presence('a1')?.presence).toBe('vacant')
  apply(episodes, active(2, 0, [], 'e2'))
  expect(episodes.presence('a1')?.presence).toBe('unknown')
  apply(episodes, entry(3, [{ ...presence, revision: 1 }], { epoch: 'e2' }))
  expect(episodes.presence('a1')?.presence).toBe('vacant')
})

describe('the set of open episodes', () => {
  test('closes what the same epoch no longer holds, once its events are here', () => {
    const episodes = open()
    const kept = event('kept', 1)
    apply(episodes, entry(1, [kept, event('gone', 1)]), active(3, 3, [kept.episode]))
    expect(episodes.open()).toHaveLength(2)
    apply(episodes, entry(3, [event('other', 1)], { position: 4 }))
    expect(episodes.find('gone')?.episode.end).toBe('cleared')
    expect(episodes.find('kept')?.episode.end).toBeUndefined()
  })

  test('says nothing about an episode that began after it was taken', () => {
    const episodes = open()
    apply(
      episodes,
      entry(1, [event('first', 1)]),
      entry(2, [event('later', 1)]),
      active(3, 1, [event('first', 1).episode]),
    )
    expect(episodes.find('later')?.episode.end).toBeUndefined()
  })

  test('of a new epoch makes the old ones unobserved, never cleared', () => {
    const episodes = open()
    apply(episodes, entry(1, [event('old', 1, { confirmed: true })]), active(2, 0, [], 'e2'))
    expect(episodes.find('old')?.episode).toMatchObject({ unobserved: true })
    expect(episodes.find('old')?.episode.end).toBeUndefined()
  })
})

test('is made again from the log to the same result', () => {
  const entries = [
    entry(1, [event('x', 1), event('y', 1)]),
    entry(3, [event('x', 2, { confirmed: true })]),
    active(4, 3, [event('x', 2, { confirmed: true }).episode]),
    entry(5, [
      {
        kind: 'presence',
        slot: 'a1',
        section: 'a',
        presence: 'occupied',
        revision: 1,
        sinceMs: 900,
        decidedMs: 1,
        evidence: { slot: 'a1', reason: 'x' },
      },
    ]),
  ]
  const [once, again] = [open(), open()]
  apply(once, ...entries)
  again.apply(entries, 5)
  expect(again.list({ limit: 10 })).toEqual(once.list({ limit: 10 }))
  expect(again.marks('a', 0, 9_000)).toEqual(once.marks('a', 0, 9_000))
  expect(again.presences('a1', 0, 9_000)).toEqual(once.presences('a1', 0, 9_000))
})
