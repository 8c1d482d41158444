import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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
    reason: 'rules-invalid',
  },
])('a change $name is refused, and what was in force stays', ({ put, reason }) => {
  const { documents } = open()
  expect(put(documents)).toMatchObject({ ok: false, fault: { reason } })
  expect(documents.layout()).toEqual(layout)
  documents.close()
})
