import type { EpisodeView, LiveEvent } from '@clearlane/protocol'
import { describe, expect, test } from 'vitest'
import type { AlarmInput } from './alarms.ts'
import { createAlarms, MAX_SOUND_MS, stepAlarms, toAlert, toTitle } from './alarms.ts'

const NOW_MS = 1_000_000_000
const WORDS = { title: 'Fire lanes', alarms: 'alarm' }

type Facts = Partial<EpisodeView['episode']> & { readonly late?: boolean; readonly seenBy?: string }
const view = (id: string, { late = false, seenBy, ...episode }: Facts = {}): EpisodeView => ({
  site: 's',
  gateway: 'g',
  epoch: 'e',
  firstReceivedMs: NOW_MS,
  receivedMs: NOW_MS,
  late,
  seen: seenBy === undefined ? [] : [{ by: seenBy, atMs: NOW_MS }],
  episode: {
    id,
    revision: 1,
    lane: 'l',
    sections: ['a'],
    suspect: 'vehicle',
    confirmed: true,
    confirmedMs: NOW_MS,
    unobserved: false,
    rulesVersion: 1,
    layoutVersion: 1,
    ...episode,
  },
})

const live = (event: LiveEvent, counterMs = 0): AlarmInput => ({ kind: 'live', event, counterMs })
const hello = (episodes: EpisodeView[] = [], nowMs = NOW_MS): AlarmInput =>
  live({ kind: 'hello', nowMs, speed: 1, sections: [], episodes, gateways: [] })
const said = (episode: EpisodeView, counterMs = 0): AlarmInput =>
  live({ kind: 'episode', nowMs: NOW_MS, episode }, counterMs)
const silenced: AlarmInput = { kind: 'silenced' }
const noted = (...episodes: string[]): AlarmInput => ({ kind: 'noted', episodes })

const after = (inputs: readonly AlarmInput[], counterMs = 1, notedBefore: string[] = []) => {
  const alert = toAlert(inputs.reduce(stepAlarms, createAlarms(notedBefore)), counterMs)
  return {
    sound: alert.isSounding,
    unseen: alert.unseen.map(({ episode }) => episode.id).join(' '),
    title: toTitle(alert.unseen.length, WORDS),
  }
}

const [ENDED, PRE_ALARM] = [{ end: 'cleared' }, { confirmed: false }] as const
const LONG_AGO = NOW_MS - 60_000

describe('an alarm sounds when it is new and blocks, until somebody takes note', () => {
  test.each([
    { name: 'nothing has happened', inputs: [hello()], sound: false, unseen: '' },
    { name: 'a pre-alarm', inputs: [hello(), said(view('1', PRE_ALARM))], sound: false, unseen: '' },
    { name: 'a new alarm', inputs: [hello(), said(view('1'))], sound: true, unseen: '1' },
    {
      name: 'a pre-alarm that becomes one',
      inputs: [hello([view('1', PRE_ALARM)]), said(view('1'))],
      sound: true,
      unseen: '1',
    },
    { name: 'two alarms', inputs: [hello(), said(view('1')), said(view('2'))], sound: true, unseen: '1 2' },
    {
      name: 'one of two has ended',
      inputs: [hello(), said(view('1')), said(view('2')), said(view('1', ENDED))],
      sound: true,
      unseen: '2',
    },
    {
      name: 'it ends unseen',
      inputs: [hello(), said(view('1')), said(view('1', ENDED))],
      sound: false,
      unseen: '',
    },
    {
      name: 'somebody silences it without a name',
      inputs: [hello(), said(view('1')), silenced],
      sound: false,
      unseen: '1',
    },
    {
      name: 'another one comes after the silence',
      inputs: [hello(), said(view('1')), silenced, said(view('2'))],
      sound: true,
      unseen: '1 2',
    },
    {
      name: 'a later revision of a silenced one',
      inputs: [hello(), said(view('1')), silenced, said(view('1', { escalatedMs: NOW_MS }))],
      sound: false,
      unseen: '1',
    },
    {
      name: 'somebody takes note here',
      inputs: [hello(), said(view('1')), noted('1')],
      sound: false,
      unseen: '',
    },
    {
      name: 'the feed does not know of the note yet',
      inputs: [hello(), said(view('1')), noted('1'), said(view('1')), hello([view('1')])],
      sound: false,
      unseen: '',
    },
    {
      name: 'somebody takes note elsewhere',
      inputs: [hello(), said(view('1')), said(view('1', { seenBy: 'Li' }))],
      sound: false,
      unseen: '',
    },
    {
      name: 'a two-wheeler: a task, not a page',
      inputs: [hello(), said(view('1', { suspect: 'two-wheeler' }))],
      sound: false,
      unseen: '1',
    },
  ])('$name', ({ inputs, sound, unseen }) => {
    expect(after(inputs)).toMatchObject({ sound, unseen })
  })
})

describe('nothing sounds for what is over, or was known', () => {
  test.each([
    {
      name: 'it had ended before its alarm came',
      inputs: [hello(), said(view('1', { ...ENDED, late: true }))],
    },
    { name: 'ended ones of the first look', inputs: [hello([view('1', ENDED), view('2', ENDED)])] },
    {
      name: 'an ended one told again',
      inputs: [hello(), said(view('1')), ...[1, 2].map(() => said(view('1', ENDED)))],
    },
    { name: 'seen before the first look', inputs: [hello([view('1', { seenBy: 'Li' })])] },
    {
      name: 'ended while the link was down',
      inputs: [hello(), said(view('1')), hello([view('1', ENDED)])],
    },
    { name: 'no longer told of after the link was down', inputs: [hello(), said(view('1')), hello([])] },
    { name: 'confirmed, but nobody can see it', inputs: [hello(), said(view('1', { unobserved: true }))] },
  ])('$name', ({ inputs }) => {
    expect(after(inputs)).toEqual({ sound: false, unseen: '', title: 'Fire lanes' })
  })
})

describe('the first look shows what nobody has seen, and sounds for what is younger than a minute', () => {
  test.each([
    { name: 'a minute old', inputs: [hello([view('1', { confirmedMs: LONG_AGO })])], sound: false },
    { name: 'just younger', inputs: [hello([view('1', { confirmedMs: LONG_AGO + 1 })])], sound: true },
    { name: 'of unknown age', inputs: [hello([view('1', { confirmedMs: undefined })])], sound: false },
    {
      name: 'old, and known to the link before',
      inputs: [hello([view('1', { confirmedMs: LONG_AGO })]), hello([view('1', { confirmedMs: LONG_AGO })])],
      sound: false,
    },
    {
      name: 'old, and told again',
      inputs: [hello([view('1', { confirmedMs: LONG_AGO })]), said(view('1'))],
      sound: false,
    },
    {
      name: 'old, confirmed while the link was down',
      inputs: [hello(), hello([view('1', { confirmedMs: LONG_AGO })])],
      sound: true,
    },
    {
      name: 'unobserved at the first look, and seen again',
      inputs: [hello([view('1', { unobserved: true })]), said(view('1'))],
      sound: false,
    },
    {
      name: 'unobserved when it came, and seen again',
      inputs: [hello(), said(view('1', { unobserved: true })), said(view('1'))],
      sound: true,
    },
  ])('$name', ({ inputs, sound }) => {
    expect(after(inputs)).toEqual({ sound, unseen: '1', title: '(1) alarm · Fire lanes' })
  })
})

test('a note that is not at the server yet holds over a reload', () => {
  expect(after([hello([view('1')])], 1, ['1'])).toMatchObject({ sound: false, unseen: '' })
})

test('the sound has an end, and what is unseen stays', () => {
  const inputs = [hello(), said(view('1'), 100)]
  expect(after(inputs, 100 + MAX_SOUND_MS - 1)).toMatchObject({ sound: true, unseen: '1' })
  expect(after(inputs, 100 + MAX_SOUND_MS)).toMatchObject({ sound: false, unseen: '1' })
})
