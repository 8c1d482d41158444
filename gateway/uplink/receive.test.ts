import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ReplyMessage } from '@clearlane/protocol'
import { createRefusals, fault, ok, ReplyMessageSchema } from '@clearlane/protocol'
import { afterEach, describe, expect, test } from 'vitest'
import type { Documents } from '../config/documents.ts'
import { parseDocuments, readDocuments, writeDocuments } from '../config/documents.ts'
import { createReceive } from './receive.ts'

const layout = {
  v: 1,
  site: 's',
  name: 'Site',
  version: 5,
  timeZone: 'Asia/Shanghai',
  lanes: [{ id: 'north', name: 'North', kind: 'fire-lane', lengthM: 8 }],
  sections: [{ id: 'a', name: 'A', lane: 'north', fromM: 0, toM: 8, gateway: 'gw' }],
  slots: [{ id: 'a1', section: 'a', offsetM: 2 }],
}
const rules = { v: 1, site: 's', version: 3 }
const toText = (change: object): string => JSON.stringify({ v: 1, layout, rules, ...change })
const withLayout = (change: object): string => toText({ layout: { ...layout, version: 6, ...change } })

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

/** A gateway's ear for the centre, with its documents on a real disk. Layout 5 and rules 3 are in force. */
const start = () => {
  const folder = mkdtempSync(join(tmpdir(), 'receive-'))
  folders.push(folder)
  const first = parseDocuments({ layout, rules })
  if (!first.ok) throw new Error(first.fault.detail)
  let present: Documents = first.value
  writeDocuments(folder, present)
  const refusals = createRefusals({ nowMs: () => 0, monotonicMs: () => 0, log: () => undefined })
  const replies: ReplyMessage[] = []
  const resent: string[] = []
  const receive = createReceive({
    decide: {
      endByHand: (episode) => (episode === 'open' ? ok(undefined) : fault('no-open-episode', episode)),
    },
    refusals,
    present: () => present,
    configure: (next) => {
      const kept = writeDocuments(folder, next)
      if (kept.ok) present = next
      return kept
    },
    resend: (channel, fromRow) => resent.push(`${channel} ${fromRow}`),
    reply: (message) => replies.push(ReplyMessageSchema.parse(message)),
  })
  return {
    folder,
    replies,
    resent,
    send: (name: string, payload: string | Buffer) => receive(`cl/v1/s/gw/${name}`, Buffer.from(payload)),
    refused: () => refusals.list().map(({ reason, count }) => `${reason} ${count}`),
    versions: () => {
      const stored = readDocuments(folder)
      const onDisk = stored.ok ? stored.value : undefined
      return [present, onDisk].map((one) => `${one?.layout.version} ${one?.rules.version}`)
    },
  }
}

describe('a wrong configuration is counted by its reason and answered, and what is in force stays in force', () => {
  test.each([
    { name: 'no JSON', text: '{"v":1,', reason: 'config-json', says: 'not JSON' },
    { name: 'nothing at all', text: '', reason: 'config-json', says: 'not JSON' },
    { name: 'a list', text: '[]', reason: 'config-shape', says: 'expected object' },
    { name: 'another version of the message', text: toText({ v: 2 }), reason: 'config-shape', says: 'v:' },
    { name: 'no layout', text: '{"v":1,"rules":{}}', reason: 'config-shape', says: 'layout:' },
    {
      name: 'slots that are no list',
      text: withLayout({ slots: 7 }),
      reason: 'layout-shape',
      says: 'slots:',
    },
    {
      name: 'a layout with a duplicate id',
      text: withLayout({ slots: [...layout.slots, ...layout.slots] }),
      reason: 'layout-invalid',
      says: 'slots[1]: the id a1',
    },
    {
      name: 'a slot outside its section',
      text: withLayout({ slots: [{ id: 'a1', section: 'a', offsetM: 9 }] }),
      reason: 'layout-invalid',
      says: 'slots[0].offsetM: 9 m',
    },
    {
      name: 'a section of a lane that is missing',
      text: withLayout({ lanes: [] }),
      reason: 'layout-invalid',
      says: 'sections[0].lane: there is no lane north',
    },
    {
      name: 'rules of the wrong type',
      text: toText({ rules: { ...rules, rules: { onNt: 'much' } } }),
      reason: 'rules-shape',
      says: 'rules.onNt:',
    },
    {
      name: 'rules for a lane that is not there',
      text: toText({ rules: { ...rules, version: 4, lanes: { south: {} } } }),
      reason: 'rules-invalid',
      says: 'lanes.south: the layout has no such lane',
    },
    {
      name: 'an older layout',
      text: withLayout({ version: 4 }),
      reason: 'config-older',
      says: 'layout version 4: version 5 is in force',
    },
    {
      name: 'older rules, though the layout is newer',
      text: toText({ layout: { ...layout, version: 6 }, rules: { ...rules, version: 2 } }),
      reason: 'config-older',
      says: 'rules version 2: version 3 is in force',
    },
    {
      name: 'what is nested too deeply to be kept',
      text: withLayout({ extra: 'DEEP' }).replace('"DEEP"', '['.repeat(100_000) + ']'.repeat(100_000)),
      reason: 'config-not-kept',
      says: 'site.json',
    },
    {
      name: 'more than 32 MiB',
      text: ' '.repeat(32 * 1024 * 1024 + 1),
      reason: 'message-too-long',
      says: '33554433 bytes',
    },
  ])('$name', ({ text, reason, says }) => {
    const gateway = start()
    gateway.send('config', text)
    expect(gateway.refused()).toEqual([`${reason} 1`])
    expect(gateway.replies).toEqual([
      { v: 1, id: 'config', ok: false, detail: expect.stringContaining(says) },
    ])
    expect(gateway.versions()).toEqual(['5 3', '5 3'])
  })

  test('on a disk that takes nothing', () => {
    const gateway = start()
    rmSync(gateway.folder, { recursive: true })
    gateway.send('config', withLayout({}))
    expect(gateway.refused()).toEqual(['config-not-kept 1'])
    expect(gateway.replies).toMatchObject([{ id: 'config', ok: false }])
    expect(gateway.versions()[0]).toBe('5 3')
  })
})

test('a newer configuration comes into force and is kept, and one that is in force already is confirmed', () => {
  const gateway = start()
  gateway.send('config', withLayout({ extra: { kept: true } }))
  gateway.send('config', withLayout({}))
  expect(gateway.replies).toEqual(
    Array(2).fill({ v: 1, id: 'config', ok: true, detail: 'layout 6 and rules 3 are in force' }),
  )
  expect(gateway.versions()).toEqual(['6 3', '6 3'])
  expect(readDocuments(gateway.folder)).toMatchObject({ value: { layout: { extra: { kept: true } } } })
  expect(gateway.refused()).toEqual([])
})

describe('a wrong command is counted by its reason, and answered if it says whom to answer', () => {
  const end = (change: object): string =>
    JSON.stringify({ v: 1, id: 'c1', kind: 'end-episode', episode: 'open', by: 'b', reason: 'r', ...change })
  test.each([
    { name: 'no JSON', text: 'end it', reason: 'command-json', replyTo: undefined },
    { name: 'no object', text: 'null', reason: 'command-shape', replyTo: undefined },
    { name: 'no id', text: '{"v":1,"kind":"resend"}', reason: 'command-shape', replyTo: undefined },
    { name: 'an id that is none', text: end({ id: 'a b' }), reason: 'command-shape', replyTo: undefined },
    { name: 'an unknown kind', text: end({ kind: 'dance' }), reason: 'command-shape', replyTo: 'c1' },
    { name: 'another version', text: end({ v: 7 }), reason: 'command-shape', replyTo: 'c1' },
    { name: 'no reason', text: end({ reason: '' }), reason: 'command-shape', replyTo: 'c1' },
    { name: 'an unknown episode', text: end({ episode: 'e9' }), reason: 'no-open-episode', replyTo: 'c1' },
    {
      name: 'rows of a channel that is not there',
      text: '{"v":1,"id":"c1","kind":"resend","channel":"gossip","fromRow":1}',
      reason: 'command-shape',
      replyTo: 'c1',
    },
    {
      name: 'a row before the first',
      text: '{"v":1,"id":"c1","kind":"resend","channel":"events","fromRow":-1}',
      reason: 'command-shape',
      replyTo: 'c1',
    },
  ])('$name', ({ text, reason, replyTo }) => {
    const gateway = start()
    gateway.send('command', text)
    expect(gateway.refused()).toEqual([`${reason} 1`])
    expect(gateway.replies.map(({ id, ok: isOk }) => ({ id, isOk }))).toEqual(
      replyTo === undefined ? [] : [{ id: replyTo, isOk: false }],
    )
    expect(gateway.resent).toEqual([])
  })

  test('a right one is done and answered', () => {
    const gateway = start()
    gateway.send('command', end({}))
    gateway.send('command', '{"v":1,"id":"c2","kind":"resend","channel":"events","fromRow":7}')
    expect(gateway.replies.map(({ id, ok: isOk }) => `${id} ${isOk}`)).toEqual(['c1 true', 'c2 true'])
    expect(gateway.resent).toEqual(['events 7'])
    expect(gateway.refused()).toEqual([])
  })
})

describe('what nobody waits for is counted only', () => {
  test.each([
    { topic: 'ack', text: '', reason: 'ack-json' },
    {
      topic: 'ack',
      text: '{"v":1,"gateway":"gw","epoch":"e","readings":-1,"events":0}',
      reason: 'ack-shape',
    },
    { topic: 'health', text: '{}', reason: 'topic-unexpected' },
    { topic: 'nonsense', text: '{}', reason: 'topic-unexpected' },
    { topic: 'config/more', text: '{}', reason: 'topic-unexpected' },
  ])('$reason on $topic', ({ topic, text, reason }) => {
    const gateway = start()
    expect(gateway.send(topic, text)).toBeUndefined()
    expect(gateway.refused()).toEqual([`${reason} 1`])
    expect(gateway.replies).toEqual([])
  })
})

test('an acknowledgement is handed on', () => {
  const ack = { v: 1, gateway: 'gw', epoch: 'e', readings: 4, events: 2 }
  expect(start().send('ack', JSON.stringify(ack))).toEqual(ack)
})
