import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openProjectionFile } from './projection-file.ts'

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'projection-file-'))
  file = join(folder, 'x.sqlite')
})
afterEach(() => rmSync(folder, { recursive: true }))

const schema = `
  CREATE TABLE thing (name TEXT);
  CREATE INDEX byName ON thing (name);
  CREATE TABLE IF NOT EXISTS said (name TEXT);
`
const open = (version: number) => openProjectionFile(file, { version, schema, kept: ['said'] })
const fill = (version: number): void => {
  const db = open(version)
  db.exec("INSERT INTO thing VALUES ('x'); INSERT INTO said VALUES ('y')")
  db.close()
}
const count = (db: DatabaseSync, table: string): unknown =>
  db.prepare(`SELECT count(*) AS count FROM ${table}`).get()?.['count']

test.each([
  { name: 'the same version', version: 2, things: 1 },
  { name: 'an older version', version: 3, things: 0 },
  { name: 'a newer version', version: 1, things: 0 },
])(
  'a file of $name has $things of what is made from the log, and all of what is not',
  ({ version, things }) => {
    fill(2)
    const db = open(version)
    expect([count(db, 'thing'), count(db, 'said')]).toEqual([things, 1])
    expect(db.prepare('PRAGMA user_version').get()).toEqual({ user_version: version })
    db.close()
  },
)

test('a file of another version that is locked stays as it is', () => {
  fill(1)
  const lock = new DatabaseSync(file)
  lock.exec('BEGIN EXCLUSIVE')
  expect(() => open(2)).toThrow('locked')
  lock.exec('ROLLBACK')
  expect(count(lock, 'thing')).toBe(1)
  lock.close()
})
