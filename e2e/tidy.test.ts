import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { z } from 'zod'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
const MAX_LINES = 500
const LONGER: Readonly<Record<string, string>> = {
  'rules/estate.ts': 'settled and live folds share one state and are read together',
}
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], {
  cwd: ROOT,
  encoding: 'utf8',
})
  .split('\0')
  .filter((path) => /\.(ts|tsx|mjs|js|json|md|yml|css|html|py|sh)$|^\.ci\/|^\.npmrc$/.test(path))
  .flatMap((path) => {
    try {
      return [{ path, text: readFileSync(join(ROOT, path), 'utf8') }]
    } catch {
      // Deleted in the work tree, not yet in the index.
      return []
    }
  })
const sources = files.filter(({ path }) => /\.(ts|tsx|mjs)$/.test(path))
/** This file itself has to write down what it looks for. */
const isOther = ({ path }: { readonly path: string }): boolean => path !== 'e2e/tidy.test.ts'
const pathsWith = (pattern: RegExp, among = files): string[] =>
  among.filter(({ text }) => pattern.test(text)).map(({ path }) => path)

test('the files of the repository are found', () => {
  expect(sources.length).toBeGreaterThan(60)
})

test(`no source is longer than ${MAX_LINES} lines without a reason`, () => {
  const long = sources.filter(({ text }) => text.split('\n').length - 1 > MAX_LINES).map(({ path }) => path)
  expect(long.filter((path) => LONGER[path] === undefined)).toEqual([])
  expect(Object.keys(LONGER).filter((path) => !long.includes(path))).toEqual([])
})

test('nothing is exported as default but by configurations', () => {
  const others = sources.filter(({ path }) => !path.endsWith('.config.ts'))
  expect(pathsWith(/^export default /m, others)).toEqual([])
})

test('nothing is left to do in a comment', () => {
  expect(pathsWith(/\b(TODO|FIXME)\b/, sources.filter(isOther))).toEqual([])
})

test('no file names a place on one machine, or a registry', () => {
  const places = [
    '/work/',
    '/home/[a-z]',
    '/root/',
    '/Users/',
    'registry\\.npmjs',
    'registry\\.yarnpkg',
    'npmmirror',
  ]
  expect(pathsWith(new RegExp(places.join('|')), files.filter(isOther))).toEqual([])
})

const ManifestSchema = z.object({
  dependencies: z.record(z.string(), z.string()).default({}),
  devDependencies: z.record(z.string(), z.string()).default({}),
  optionalDependencies: z.record(z.string(), z.string()).default({}),
})

test('every dependency is pinned to one exact version', () => {
  const manifests = files.filter(({ path }) => /(^|\/)package\.json$/.test(path))
  expect(manifests.length).toBeGreaterThan(6)
  const loose = manifests.flatMap(({ path, text }) => {
    const { dependencies, devDependencies, optionalDependencies } = ManifestSchema.parse(JSON.parse(text))
    return Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies })
      .filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))
      .map(([name, version]) => `${path}: ${name} ${version}`)
  })
  expect(loose).toEqual([])
})

test('the lock file says what is installed, not from which host', () => {
  const lock = readFileSync(join(ROOT, 'package-lock.json'), 'utf8')
  expect(lock).toContain('"integrity"')
  expect(/"resolved": "https?:/.test(lock)).toBe(false)
})
