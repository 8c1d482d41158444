import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Episode, Reading } from '@clearlane/protocol'
import { afterEach, expect, test } from 'vitest'

const EMPTY = { xNt: 33_000, yNt: -3_800, zNt: 36_200 }
const DEVICE = '70b3d57ed001a001'
const START_MS = Date.UTC(2026, 5, 1, 4)
const site = {
  v: 1,
  site: 's',
  name: 'Test',
  version: 1,
  timeZone: 'Asia/Shanghai',
  lanes: [{ id: 'north', name: 'North', kind: 'fire-lane', lengthM: 8 }],
  sections: [{ id: 'a', name: 'A', lane: 'north', fromM: 0, toM: 8, gateway: 'gw' }],
  slots: [
    {
      id: 'a1',
      section: 'a',
      offsetM: 2,
      device: DEVICE,
      calibration: { ...EMPTY, temperatureC: 20, atMs: 1 },
    },
  ],
}
/** A vehicle stands from the second to the tenth minute. */
const readings = Array.from({ length: 15 }, (_, minute): Reading => {
  const eventMs = START_MS + minute * 60_000
  return {
    device: DEVICE,
    session: 1,
    counter: minute,
    trigger: 'period',
    eventMs,
    receivedMs: eventMs + 40,
    boot: 'b',
    monotonicMs: minute * 60_000,
    clock: 'device',
    backfill: false,
    link: 'tcp',
    slot: 'a1',
    section: 'a',
    ...EMPTY,
    zNt: EMPTY.zNt + (minute >= 2 && minute < 10 ? 8_000 : 0),
  }
})

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})
const replay = (lines: readonly string[], rules?: object) => {
  const folder = mkdtempSync(join(tmpdir(), 'replay-'))
  folders.push(folder)
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }
  const out = join(folder, 'episodes.ndjson')
  const args = [
    '--site',
    file('site.json', JSON.stringify(site)),
    '--readings',
    file('readings.ndjson', lines.join('\n')),
  ]
  if (rules !== undefined) args.push('--rules', file('rules.json', JSON.stringify(rules)))
  const { status, stderr } = spawnSync(
    process.execPath,
    [join(import.meta.dirname, 'replay.ts'), ...args, '--out', out],
    { encoding: 'utf8' },
  )
  const episodes = readFileSync(out, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Episode)
  return { status, stderr, episodes }
}

test('a file of readings gives the episodes that the live rules would have told', () => {
  const { status, episodes } = replay(readings.map((reading) => JSON.stringify(reading)))
  expect(status).toBe(0)
  expect(episodes).toMatchObject([
    {
      sections: ['a'],
      confirmed: true,
      detectedMs: START_MS + 120_000,
      confirmedMs: START_MS + 300_000,
      end: 'cleared',
      endedMs: START_MS + 600_000,
    },
  ])
})

test('other rules give other episodes: what would this rule have done?', () => {
  const rules = { v: 1, site: 's', version: 2, rules: { dwellDayMs: 600_000 } }
  expect(
    replay(
      readings.map((reading) => JSON.stringify(reading)),
      rules,
    ).episodes,
  ).toMatchObject([{ confirmed: false, end: 'passed', rulesVersion: 2 }])
})

test('a line that is no reading is named with its number, and the others still count', () => {
  const lines = readings.map((reading) => JSON.stringify(reading))
  const { status, stderr, episodes } = replay([...lines.slice(0, 3), '{"device":', ...lines.slice(3)])
  expect(status).toBe(1)
  expect(stderr).toContain('readings.ndjson:4: reading: not JSON')
  expect(episodes).toHaveLength(1)
})
