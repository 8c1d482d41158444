import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Layout } from '@clearlane/protocol'
import { RuleSetSchema } from '@clearlane/protocol'
import { afterEach, expect, test } from 'vitest'
import { openDocuments } from './documents.ts'

const layout: Layout = {
  v: 1,
  site: 's',
  name: 'Test',
  version: 1,
  timeZone: 'Asia/Shanghai',
  lanes: [
    { id: 'north', name: 'North', kind: 'fire-lane', lengthM: 8 },
    { id: 'south', name: 'South', kind: 'fire-lane', lengthM: 8 },
  ],
  sections: [],
  slots: [],
}
const rules = RuleSetSchema.parse({ v: 1, site: 's', version: 1 })

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})
const open = (file = join(createFolder(), 'documents.sqlite')) => {
  const documents = openDocuments(file, { layout, rules }, 1_000)
  return { documents, again: () => open(file).documents }
}
const createFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'documents-'))
  folders.push(folder)
  return folder
}

test('a change becomes the next version, is told, and is there after a restart', () => {
  const { documents, again } = open()
  const told: number[] = []
  documents.onChange(() => told.push(documents.layout().version))
  expect(documents.putLayout({ ...layout, name: 'New' }, 1, 2_000, 'Wang')).toMatchObject({
    ok: true,
    value: { version: 2 },
  })
  documents.close()
  const reopened = again()
  expect(reopened.layout()).toMatchObject({ name: 'New', version: 2 })
  expect(told).toEqual([2])
  reopened.close()
})

test('versions are listed newest first, with who made them and since when each gateway has them', () => {
  const { documents, again } = open()
  documents.putLayout({ ...layout, name: 'New' }, 1, 2_000, 'Wang')
  expect(documents.noteInForce('gw-1', 1, 1_500)).toBe(true)
  expect(documents.noteInForce('gw-1', 2, 2_100)).toBe(true)
  expect(documents.noteInForce('gw-2', 2, 2_200)).toBe(true)
  expect(documents.noteInForce('gw-1', 2, 2_300)).toBe(false)
  expect(documents.noteInForce('gw-1', 3, 2_400)).toBe(false)
  documents.close()
  const reopened = again()
  expect(reopened.layoutVersions()).toEqual([
    {
      version: 2,
      atMs: 2_000,
      by: 'Wang',
      inForce: [
        { gateway: 'gw-1', sinceMs: 2_100 },
        { gateway: 'gw-2', sinceMs: 2_200 },
      ],
    },
    { version: 1, atMs: 1_000, by: 'platform', inForce: [{ gateway: 'gw-1', sinceMs: 1_500 }] },
  ])
  expect([reopened.layoutOf(1), reopened.layoutOf(3)]).toEqual([layout, undefined])
  reopened.close()
})

test("the previous version's file is brought on with all that is in it", () => {
  const file = join(createFolder(), 'documents.sqlite')
  const older = new DatabaseSync(file)
  older.exec(`
    CREATE TABLE document (
      kind TEXT, version INTEGER, atMs INTEGER NOT NULL, text TEXT NOT NULL, PRIMARY KEY (kind, version)
    ) WITHOUT ROWID;
    PRAGMA user_version = 1;
  `)
  const insert = older.prepare('INSERT INTO document VALUES (?, ?, ?, ?)')
  insert.run('layout', 1, 10, JSON.stringify(layout))
  insert.run('layout', 2, 20, JSON.stringify({ ...layout, version: 2, name: 'Kept' }))
  insert.run('rules', 4, 30, JSON.stringify({ ...rules, version: 4 }))
  older.close()
  const { documents, again } = open(file)
  expect([documents.layout().name, documents.rules().version]).toEqual(['Kept', 4])
  expect(documents.layoutVersions().map(({ version, atMs, by }) => [version, atMs, by])).toEqual([
    [2, 20, 'platform'],
    [1, 10, 'platform'],
  ])
  documents.close()
  const reopened = again()
  expect(reopened.layout().name).toBe('Kept')
  reopened.close()
})

test('a file of a newer version is not touched', () => {
  const file = join(createFolder(), 'documents.sqlite')
  const newer = new DatabaseSync(file)
  newer.exec('PRAGMA user_version = 99')
  newer.close()
  expect(() => open(file)).toThrow('newer')
})

test('the image of the plan is kept over a restart, and known by its tag', () => {
  const { documents, again } = open()
  expect(documents.plan()).toBeUndefined()
  documents.putPlan('image/png', Uint8Array.from([1, 2, 3]))
  const first = documents.plan()?.tag
  documents.putPlan('image/jpeg', Uint8Array.from([4]))
  documents.close()
  const reopened = again()
  const plan = reopened.plan()
  expect([plan?.type, [...(plan?.read() ?? [])]]).toEqual(['image/jpeg', [4]])
  expect(plan?.tag).not.toBe(first)
  expect([reopened.dropPlan(), reopened.plan(), reopened.dropPlan()]).toEqual([true, undefined, false])
  reopened.close()
})

test.each([
  {
    name: 'made from an older version',
    put: (documents: ReturnType<typeof openDocuments>) => documents.putLayout(layout, 0, 2_000, 'Wang'),
    reason: 'version-conflict',
  },
  {
    name: 'of another site',
    put: (documents: ReturnType<typeof openDocuments>) =>
      documents.putLayout({ ...layout, site: 't' }, 1, 2_000, 'Wang'),
    reason: 'other-site',
  },
  {
    name: 'that has rules for a lane which is not there',
    put: (documents: ReturnType<typeof openDocuments>) =>
      documents.putRules({ ...rules, lanes: { west: { onNt: 1_000 } } }, 1, 2_000),
    reason: 'rules-invalid',
  },
  {
    name: 'that takes away a lane which has rules of its own',
    put: (documents: ReturnType<typeof openDocuments>) => {
      documents.putRules({ ...rules, lanes: { south: { onNt: 1_000 } } }, 1, 2_000)
      return documents.putLayout({ ...layout, lanes: layout.lanes.slice(0, 1) }, 1, 2_000, 'Wang')
    },
    reason: 'lane-has-rules',
  },
])('a change $name is refused, and what was in force stays', ({ put, reason }) => {
  const { documents } = open()
  expect(put(documents)).toMatchObject({ ok: false, fault: { reason } })
  expect(documents.layout()).toEqual(layout)
  documents.close()
})
