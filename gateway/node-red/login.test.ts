import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { createBasicLogin, readLogin } from './login.ts'

/** Stands for bcrypt at its port: that Node-RED takes the real one's hashes is shown by the slow test. */
const bcrypt = {
  hash: async (text: string, rounds: number) => `hash${rounds}:${text}`,
  compare: async (text: string, hash: string) => hash === `hash10:${text}`,
}
let folder = ''
const at = (name: string): string => join(folder, name)
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'login-'))
})

test('the first start makes a password of its own, for this user only', async () => {
  const first = await readLogin(folder, bcrypt)
  const password = readFileSync(at('admin.password'), 'utf8').trim()
  expect(password).toMatch(/^[\w-]{24}$/)
  expect(first).toEqual({ username: 'admin', passwordHash: `hash10:${password}` })
  for (const name of ['admin.password', 'admin.hash']) expect(statSync(at(name)).mode & 0o777).toBe(0o600)
  expect(await readLogin(folder, bcrypt)).toEqual(first)
})

test('another password in the file is the one from the next start on', async () => {
  await readLogin(folder, bcrypt)
  writeFileSync(at('admin.password'), 'correct horse\n')
  expect((await readLogin(folder, bcrypt)).passwordHash).toBe('hash10:correct horse')
  expect(readFileSync(at('admin.hash'), 'utf8')).toBe('hash10:correct horse\n')
})

test('the password may be taken away, and no new one is made', async () => {
  const first = await readLogin(folder, bcrypt)
  rmSync(at('admin.password'))
  expect(await readLogin(folder, bcrypt)).toEqual(first)
})

test('an empty password is refused', async () => {
  writeFileSync(at('admin.password'), '\n')
  await expect(readLogin(folder, bcrypt)).rejects.toThrow(/empty/)
})

const toHeader = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`
test.each([
  { header: undefined, isRight: false },
  { header: 'Basic', isRight: false },
  { header: 'Bearer abc', isRight: false },
  { header: toHeader('admin'), isRight: false },
  { header: toHeader('admin:'), isRight: false },
  { header: toHeader('root:secret'), isRight: false },
  { header: toHeader('admin:secreT'), isRight: false },
  { header: toHeader('admin:secret'), isRight: true },
])('the header $header is right: $isRight', async ({ header, isRight }) => {
  const isAllowed = createBasicLogin({ username: 'admin', passwordHash: 'hash10:secret' }, bcrypt)
  expect(await isAllowed(header)).toBe(isRight)
  expect(await isAllowed(header)).toBe(isRight)
})
