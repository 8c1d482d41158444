import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '..')

const read = (pattern: string): string[] =>
  globSync(pattern, { cwd: ROOT, exclude: (path) => /node_modules|dist/.test(path) }).map((file) =>
    readFileSync(join(ROOT, file), 'utf8'),
  )
const screens = read('console/**/*.tsx').join('\n')
const selectors = read('console/**/*.css')
  .join('\n')
  .replaceAll(/\/\*.*?\*\//gs, '')
  .matchAll(/[^{};]+(?=\{)/g)
/** Those of the component library are its own; a state's edge has the state's name behind it. */
const classes = [
  ...new Set([...selectors].flatMap(([one]) => one.match(/(?<=\.)[a-z][\w-]*/g) ?? [])),
].filter((name) => !name.startsWith('adm-'))

test('every class of a style sheet is one that a screen draws', () => {
  expect(classes.length).toBeGreaterThan(100)
  const isDrawn = (name: string): boolean =>
    new RegExp(`["'\`\\s]${name}["'\`\\s]`).test(screens) || screens.includes(`${name.split('-')[0]}-$\{`)
  expect(classes.filter((name) => !isDrawn(name))).toEqual([])
})
