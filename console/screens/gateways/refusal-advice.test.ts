import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ADVICE } from './refusal-advice.ts'
import { expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '../../..')
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')
const readAll = (pattern: string): string[] =>
  globSync(pattern, { cwd: ROOT })
    .filter((path) => !/\.(test|slow)\.ts$|testing-|node_modules/.test(path))
    .map(read)
const find = (texts: readonly string[], pattern: RegExp): string[] =>
  texts.flatMap((text) => [...text.matchAll(pattern)].map((match) => match[1] ?? ''))

/** Every reason by which a running gateway counts something refused. */
const reasons = (): Set<string> => {
  const own = [...readAll('gateway/**/*.ts'), ...readAll('protocol/frames/*.ts')]
  const documents = [read('protocol/layout.ts'), read('protocol/rule-set.ts')]
  const constant = /(?:refuse|fault|toFault)\(\s*'([a-z-]+)'|reason: '([a-z-]+)'/g
  const named = [...own, ...documents].flatMap((text) =>
    [...text.matchAll(constant)].map((match) => match[1] ?? match[2] ?? ''),
  )
  const parsed = find(own, /parseJson\('([a-z-]+)'/g).flatMap((what) => [`${what}-json`, `${what}-shape`])
  return new Set([...named, ...parsed])
}

test('there is advice for every reason for which a gateway refuses something, and for no other', () => {
  const found = reasons()
  expect(found.size).toBeGreaterThan(20)
  expect(Object.keys(ADVICE.zh).sort()).toEqual([...found].sort())
})

test('the reasons that docs/WIRE.md lists have advice', () => {
  const listed = find([read('docs/WIRE.md')], /^\| `(frame-[a-z-]+)` \|/gm)
  expect(listed.length).toBeGreaterThan(5)
  expect(listed.filter((reason) => !(reason in ADVICE.zh))).toEqual([])
})
