import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))

const run = async (...extra: readonly string[]) => {
  const folder = mkdtempSync(join(tmpdir(), 'clearlane-sabotage-'))
  const report = join(folder, 'report.json')
  const args = ['--data', join(folder, 'data'), '--port', '0', '--report', report]
  const child = spawn(
    process.execPath,
    [join(ROOT, 'tools/start.ts'), ...args, '--for', '40s', '--speed', '60', ...extra],
    { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'] },
  )
  const code = await new Promise<number | null>((resolve) => child.once('exit', resolve))
  const verdict: unknown = JSON.parse(readFileSync(report, 'utf8'))
  rmSync(folder, { recursive: true })
  return { code, verdict }
}
const UNHARMED = {
  readingsMissing: 0,
  readingsDuplicated: 0,
  episodesMissed: 0,
  episodesFalse: 0,
  episodesDuplicated: 0,
}

test('a run that nobody harms ends green', async () => {
  expect(await run('--seed', '11')).toMatchObject({ code: 0, verdict: { green: true, ...UNHARMED } })
})

describe.concurrent('the verdict is red for exactly what was done', () => {
  test.each([
    { kind: 'drop-reading', harm: { readingsMissing: 1 } },
    { kind: 'double-reading', harm: { readingsDuplicated: 1 } },
    { kind: 'drop-episode', harm: { episodesMissed: 1 } },
    { kind: 'false-episode', harm: { episodesFalse: 1 } },
  ])('$kind', async ({ kind, harm }) => {
    const { code, verdict } = await run('--seed', '12', '--sabotage', kind)
    expect(code).toBe(1)
    expect(verdict).toMatchObject({ green: false, ...UNHARMED, ...harm })
  })
})
