import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startInfluxServer } from '@clearlane/platform/influx/testing-influx-server.ts'
import { openSqliteLog } from '@clearlane/platform/log/sqlite-log.ts'
import { layout, reading } from '@clearlane/platform/testing-platform.ts'
import { expect, onTestFinished, test } from 'vitest'
import { ROOT } from './testing-estate.ts'

const TOKEN = 'token-that-nobody-sees'
const ENTRIES = 60
const ROWS = 500

/** A platform that stands still, with a past in its log, and a server to copy to. */
const start = async () => {
  const folder = mkdtempSync(join(tmpdir(), 'history-copy-'))
  const at = (name: string): string => join(folder, name)
  const server = await startInfluxServer(TOKEN)
  onTestFinished(async () => {
    await server.stop()
    rmSync(folder, { recursive: true })
  })
  mkdirSync(at('data'))
  const log = await openSqliteLog({ file: at('data/log.sqlite'), onFailure: () => undefined })
  for (let entry = 0; entry < ENTRIES; entry++) {
    const first = entry * ROWS + 1
    const rows = Array.from({ length: ROWS }, (_, index) => reading(first + index))
    await log.append({
      site: 's',
      gateway: 'gw',
      epoch: 'e1',
      channel: 'readings',
      after: first - 1,
      first,
      last: first + ROWS - 1,
      receivedMs: 1,
      text: JSON.stringify(rows),
    })
  }
  await log.close()
  writeFileSync(at('secret'), TOKEN)
  writeFileSync(at('layout.json'), JSON.stringify(layout))
  writeFileSync(at('rules.json'), JSON.stringify({ v: 1, site: 's', version: 1 }))
  const config = {
    dataDir: at('data'),
    site: 's',
    mqtt: { url: 'mqtt://127.0.0.1:1', username: 'platform', passwordFile: at('secret') },
    layoutFile: at('layout.json'),
    rulesFile: at('rules.json'),
  }
  const influx = { url: server.url, org: 'o', bucket: 'b', tokenFile: at('secret') }
  writeFileSync(at('platform.json'), JSON.stringify({ ...config, influx }))
  writeFileSync(at('without.json'), JSON.stringify(config))
  const copy = (...args: readonly string[]) => {
    const child = spawn(process.execPath, [join(ROOT, 'tools/history.ts'), ...args], {
      cwd: ROOT,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let said = ''
    child.stderr.on('data', (bytes: Buffer) => (said += bytes.toString()))
    const ended = new Promise<{ code: number | null; said: string }>((resolve) =>
      child.once('close', (code) => resolve({ code, said })),
    )
    return { child, ended }
  }
  const all = ['copy', '--from', 'embedded', '--to', 'influx', '--config', at('platform.json')]
  return { server, at, copy, all }
}

test('a past is copied once; what was broken off goes on where it was, and can be copied again', async () => {
  const { server, copy, all } = await start()
  // A slice is four of these batches. The sixth is never answered: the run is ended there.
  let writes = 0
  const { promise: sixth, resolve: onSixth } = Promise.withResolvers<void>()
  server.onWrite(() => {
    if (++writes < 6) return undefined
    onSixth()
    return () => undefined
  })
  const first = copy(...all)
  await sixth
  first.child.kill('SIGINT')
  const stopped = await first.ended
  expect(stopped.code).toBe(130)
  const [, reached] = /stopped at entry (\d+) of 60; run it again to go on/.exec(stopped.said) ?? []
  expect(Number(reached)).toBeGreaterThan(0)

  server.onWrite(undefined)
  const before = server.batches.reduce((sum, lines) => sum + lines, 0)
  const second = await copy(...all).ended
  expect(second).toMatchObject({ code: 0, said: expect.stringContaining('0 lines refused') })
  expect(server.points.size).toBe(ENTRIES * ROWS)
  const sent = server.batches.reduce((sum, lines) => sum + lines, 0) - before
  expect(sent).toBe((ENTRIES - Number(reached)) * ROWS)

  expect((await copy(...all).ended).said).toContain('everything was copied before')
  const again = await copy(...all, '--again').ended
  expect(again.said).toContain(`${ENTRIES * ROWS} points copied`)
  expect(again.said).not.toContain(TOKEN)
})

test('without a server in the configuration, or without a past, it says what is missing', async () => {
  const { at, copy, all } = await start()
  expect(await copy(...all.slice(0, -1), at('without.json')).ended).toEqual({
    code: 2,
    said: `history: ${at('without.json')} names no influx to copy to\n`,
  })
  rmSync(at('data/log.sqlite'))
  expect((await copy(...all).ended).said).toContain('this platform has no past yet')
  expect((await copy('copy').ended).said).toContain('usage')
})
