import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ActiveMessage, Episode, EpisodeEvent, GatewayEvent } from '@clearlane/protocol'
import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import type { StoredEntry } from '../log/log.ts'
import type { Episodes } from './episodes.ts'
import { openEpisodes } from './episodes.ts'
import { openSeenBook } from './seen.ts'

const cleanups: (() => void)[] = []
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup()
})
const open = (): Episodes => {
  const folder = mkdtempSync(join(tmpdir(), 'episodes-'))
  const seenBook = openSeenBook(join(folder, 'seen.sqlite'))
  const episodes = openEpisodes(join(folder, 'episodes.sqlite'), seenBook, () => undefined)
  cleanups.push(() => {
    episodes.close()
    seenBook.close()
    rmSync(folder, { recursive: true })
  })
  return episodes
}

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
  ]
  const [once, again] = [open(), open()]
  apply(once, ...entries)
  again.apply(entries, 4)
  expect(again.list({ limit: 10 })).toEqual(once.list({ limit: 10 }))
})
