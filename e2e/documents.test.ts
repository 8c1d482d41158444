import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ERROR_STATUS } from '@clearlane/platform/api/error-codes.ts'
import { LAN_NAMES, TOPIC_NAMES_FROM_GATEWAY, TOPIC_NAMES_TO_GATEWAY } from '@clearlane/protocol'
import { expect, test } from 'vitest'
import { toMetricsPage } from '../tools/metrics-page.ts'

const ROOT = join(import.meta.dirname, '..')
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')
const section = (text: string, title: string): string => text.slice(text.indexOf(title)).split(/\n#+ /)[0]!
const firstCells = (text: string): string[] =>
  [...text.matchAll(/^\| `([^`]+)` \|/gm)].map((match) => match[1]!)

test('docs/TOPICS.md lists every error code with its status', () => {
  const listed = [...section(read('docs/TOPICS.md'), 'HTTP errors').matchAll(/^\| `([a-z-]+)` \| (\d+) \|/gm)]
  expect(Object.fromEntries(listed.map((match) => [match[1], Number(match[2])]))).toEqual(ERROR_STATUS)
})

test('docs/TOPICS.md lists every topic', () => {
  const listed = firstCells(section(read('docs/TOPICS.md'), '## MQTT'))
  expect(listed.sort()).toEqual([...TOPIC_NAMES_FROM_GATEWAY, ...TOPIC_NAMES_TO_GATEWAY].sort())
})

test('docs/TOPICS.md lists every topic of a box', () => {
  const listed = firstCells(section(read('docs/TOPICS.md'), '## The broker of a box'))
  expect(listed.map((topic) => topic.split('/')[0])).toEqual(expect.arrayContaining([...LAN_NAMES]))
})

test('docs/METRICS.md is what the table of the metrics makes of it', () => {
  expect(read('docs/METRICS.md')).toBe(toMetricsPage())
})

test('docs/WIRE.md lists every reason for which a frame is refused', () => {
  const sources = ['protocol/frames/*.ts', 'gateway/codecs/own/*.ts'].flatMap((glob) =>
    globSync(glob, { cwd: ROOT }),
  )
  const used = sources
    .filter((path) => !path.endsWith('.test.ts'))
    .flatMap((path) => [...read(path).matchAll(/'(frame-[a-z-]+)'/g)].map((match) => match[1]!))
  const listed = firstCells(section(read('docs/WIRE.md'), 'What a reader refuses'))
  expect(listed.sort()).toEqual([...new Set(used)].sort())
})
