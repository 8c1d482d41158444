import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { QueryPlatform } from './testing-query.ts'
import { startQueryPlatform } from './testing-query.ts'

let platform: QueryPlatform
let config: string
beforeAll(async () => {
  platform = await startQueryPlatform()
  const file = (name: string): string => join(platform.folder, name)
  config = file('platform.json')
  writeFileSync(
    config,
    JSON.stringify({
      dataDir: file('data'),
      site: 's',
      mqtt: { url: 'mqtt://127.0.0.1', username: 'platform', passwordFile: file('secret') },
      layoutFile: file('layout.json'),
      rulesFile: file('rules.json'),
    }),
  )
})
afterAll(() => platform.close())

const ENTRY = join(dirname(dirname(fileURLToPath(import.meta.url))), 'query-token.ts')
const run = (...args: readonly string[]) =>
  new Promise<{ code: unknown; stdout: string; stderr: string }>((resolve) =>
    execFile(process.execPath, [ENTRY, ...args], (failure, stdout, stderr) =>
      resolve({ code: failure === null ? 0 : failure.code, stdout, stderr }),
    ),
  )
const statusWith = async (token: string): Promise<number> => {
  const headers = { authorization: `Token ${token}` }
  return (await platform.ask({ q: 'SHOW MEASUREMENTS', db: 's' }, { headers })).status
}

test('a token is made and removed by a command, while the platform runs', async () => {
  const made = await run('--config', config, '--name', 'wall')
  expect(made).toMatchObject({ code: 0, stdout: expect.stringMatching(/^[\w-]{43}\n$/), stderr: '' })
  expect(await statusWith(made.stdout.trim())).toBe(200)
  const removed = ['--config', config, '--name', 'wall', '--remove']
  expect(await run(...removed)).toEqual({ code: 0, stdout: '', stderr: '' })
  expect(await statusWith(made.stdout.trim())).toBe(401)
  expect(await run(...removed)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('no token wall of s'),
  })
})

test('a token may be made for another site, and is then none for this one', async () => {
  const { stdout } = await run('--config', config, '--site', 'elsewhere')
  expect(await statusWith(stdout.trim())).toBe(403)
})

test.each([
  [[], 'no --config FILE given'],
  [['--config', 'nowhere.json'], 'nowhere.json is refused'],
  [['--config', 'x', '--name', 'two words'], 'two words: an id is'],
  [['--config', 'x', '--site', '/'], '/: an id is'],
  [['--all'], "Unknown option '--all'"],
])('%j is refused in a sentence', async (args, words) => {
  const { code, stdout, stderr } = await run(...args)
  expect([code, stdout, stderr]).toEqual([2, '', expect.stringContaining(words)])
  expect(stderr).not.toMatch(/\n +at /)
})
