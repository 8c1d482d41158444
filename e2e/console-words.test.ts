import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseSync } from 'oxc-parser'
import { describe, expect, test } from 'vitest'

/**
 * The console speaks two languages. Everything that people read stands in a `translated` block, the same keys in
 * both; no key is left that nobody uses.
 */
type Source = { readonly path: string; readonly text: string }
type Node = ReadonlyMap<string, unknown>

const ROOT = join(import.meta.dirname, '..')
const sources = globSync('console/**/*.{ts,tsx}', {
  cwd: ROOT,
  exclude: (path) => /node_modules|dist/.test(path),
})
  .filter((path) => !/\.test\.tsx?$/.test(path))
  .sort()
  .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }))
/** Where the values are written by which words are looked up: states, transitions, reasons. */
const vocabulary = globSync(['protocol/*.ts', 'rules/*.ts', 'platform/episodes/*.ts'], { cwd: ROOT }).map(
  (path) => readFileSync(join(ROOT, path), 'utf8'),
)

const toNode = (value: unknown): Node | undefined => {
  if (value instanceof Map) return value
  return typeof value === 'object' && value !== null ? new Map(Object.entries(value)) : undefined
}
const toNodes = (value: unknown): Node[] =>
  Array.isArray(value) ? value.flatMap((one) => toNode(one) ?? []) : []
const textOf = (value: unknown, key: string): string => String(toNode(value)?.get(key) ?? '')
const startOf = (node: Node): number => Number(node.get('start'))
const endOf = (node: Node): number => Number(node.get('end'))

/** Every node of a tree; `isLeaf` says below which of them not to look. */
const walk = (value: unknown, isLeaf: (node: Node) => boolean = () => false): Node[] => {
  if (Array.isArray(value)) return value.flatMap((one) => walk(one, isLeaf))
  const node = toNode(value)
  if (node === undefined) return []
  return typeof node.get('type') === 'string' && isLeaf(node)
    ? [node]
    : [node, ...[...node.values()].flatMap((child) => walk(child, isLeaf))]
}

type Block = {
  readonly path: string
  readonly name: string
  readonly start: number
  readonly end: number
  readonly zh: ReadonlyMap<string, string>
  readonly en: ReadonlyMap<string, string>
}

const readBlocks = ({ path, text }: Source): Block[] =>
  walk(parseSync(path, text).program).flatMap((node) => {
    const call = toNode(node.get('init'))
    if (node.get('type') !== 'VariableDeclarator' || call?.get('type') !== 'CallExpression') return []
    if (textOf(call.get('callee'), 'name') !== 'translated') return []
    const [zh, en] = toNodes(call.get('arguments')).map(
      (words) =>
        new Map(
          toNodes(words.get('properties')).map((property) => [
            textOf(property.get('key'), 'name') || textOf(property.get('key'), 'value'),
            textOf(property.get('value'), 'value'),
          ]),
        ),
    )
    if (zh === undefined || en === undefined) throw new Error(`${path}: translated takes zh and en`)
    return [{ path, name: textOf(node.get('id'), 'name'), start: startOf(call), end: endOf(call), zh, en }]
  })

/** A file without its words. */
const withoutBlocks = (file: Source): Source => ({
  path: file.path,
  text: readBlocks(file).reduceRight(
    (text, { start, end }) => text.slice(0, start) + text.slice(end),
    file.text,
  ),
})

/**
 * Keys of a block that nobody uses: neither as `.key` where the block is known, nor, where words of the block are
 * looked up by a value, as such a value anywhere.
 */
const findUnused = (block: Block, texts: readonly Source[], vocabulary: readonly string[]): string[] => {
  const users = texts.filter(({ path, text }) => path === block.path || text.includes(block.name))
  const holder = new RegExp(`const (\\w+) = (?:useWords\\(${block.name}\\)|${block.name}\\[\\w+\\])`, 'g')
  const isLookedUp = users.some(
    ({ text }) =>
      [...text.matchAll(holder)].some((match) => text.includes(`${match[1]}[`)) ||
      new RegExp(`${block.name}\\[\\w+\\]\\[`).test(text),
  )
  const values = isLookedUp ? [...texts.map(({ text }) => text), ...vocabulary] : []
  return [...block.zh.keys()].filter((key) => {
    const isNamed = new RegExp(`\\.${key}\\b`)
    const isValue = new RegExp(`['"]${key}['"]`)
    return !users.some(({ text }) => isNamed.test(text)) && !values.some((text) => isValue.test(text))
  })
}

/** Units and axes are written the same everywhere. */
const UNITS = /µT|nT|dBm|mV|°C|\b(MB|kB|GB|ms|Hz|m|V|X|Y|Z)\b|°/g
const READ_ATTRIBUTES = new Set([
  'aria-label',
  'title',
  'placeholder',
  'alt',
  'label',
  'header',
  'description',
  'extra',
  'hint',
])
const NAMES_OF_LANGUAGES = ['中文', 'English']

/** What an expression puts on the screen as it is written, whatever it calculates. */
const shownBy = (value: unknown): string[] => {
  const node = toNode(value)
  switch (node?.get('type')) {
    case 'Literal':
      return [textOf(node, 'value')]
    case 'TemplateLiteral':
      return toNodes(node.get('quasis')).map((quasi) => textOf(quasi.get('value'), 'cooked'))
    case 'ConditionalExpression':
      return [...shownBy(node.get('consequent')), ...shownBy(node.get('alternate'))]
    case 'LogicalExpression':
      return [...shownBy(node.get('left')), ...shownBy(node.get('right'))]
    case 'JSXExpressionContainer':
      return shownBy(node.get('expression'))
    default:
      return []
  }
}
const isText = (text: string): boolean => /\p{L}/u.test(text.replaceAll(UNITS, ''))

/** Text that people would read in one language only. */
const findBareText = ({ path, text }: Source): string[] =>
  walk(parseSync(path, text).program).flatMap((node) => {
    switch (node.get('type')) {
      case 'JSXText':
        return isText(textOf(node, 'value')) ? [`${path}: ${textOf(node, 'value').trim()}`] : []
      case 'JSXElement':
      case 'JSXFragment':
        return toNodes(node.get('children'))
          .filter((child) => child.get('type') === 'JSXExpressionContainer')
          .flatMap(shownBy)
          .flatMap((shown) => (isText(shown) ? [`${path}: ${shown}`] : []))
      case 'JSXAttribute':
        return READ_ATTRIBUTES.has(textOf(node.get('name'), 'name'))
          ? shownBy(node.get('value')).flatMap((shown) => (isText(shown) ? [`${path}: ${shown}`] : []))
          : []
      default:
        return []
    }
  })

/** Chinese that stands anywhere but in the Chinese half of a block. */
const findStrayChinese = (file: Source): string[] => {
  const blocks = readBlocks(file)
  return walk(parseSync(file.path, file.text).program).flatMap((node) => {
    const isString =
      node.get('type') === 'Literal' ||
      node.get('type') === 'TemplateElement' ||
      node.get('type') === 'JSXText'
    const shown =
      textOf(node, 'value') === '[object Object]'
        ? textOf(node.get('value'), 'cooked')
        : textOf(node, 'value')
    if (!isString || !/\p{Script=Han}/u.test(shown) || NAMES_OF_LANGUAGES.includes(shown)) return []
    const isInZh = blocks.some(
      ({ start, end, zh }) => startOf(node) > start && endOf(node) < end && [...zh.values()].includes(shown),
    )
    return isInZh ? [] : [`${file.path}: ${shown}`]
  })
}

test('the sources and their words are found', () => {
  expect(sources.length).toBeGreaterThan(15)
  expect(sources.flatMap(readBlocks).length).toBeGreaterThan(5)
})

test('every key of every block has its words in both languages', () => {
  const lacking = sources
    .flatMap(readBlocks)
    .flatMap(({ path, name, zh, en }) =>
      [...new Set([...zh.keys(), ...en.keys()])]
        .filter((key) => !zh.get(key) || !en.get(key))
        .map((key) => `${path}: ${name}.${key}`),
    )
  expect(lacking).toEqual([])
})

test('no key is left that nobody uses', () => {
  const texts = sources.map(withoutBlocks)
  const unused = sources
    .flatMap(readBlocks)
    .flatMap((block) =>
      findUnused(block, texts, vocabulary).map((key) => `${block.path}: ${block.name}.${key}`),
    )
  // What a gateway refuses is looked up by the reasons that the gateway has; another test holds the two together.
  expect(unused.filter((one) => !/refusal-advice\.ts|words\/refusals\.ts/.test(one))).toEqual([])
})

test('nothing that people read stands outside of a block', () => {
  expect(sources.flatMap(findBareText)).toEqual([])
})

test('no Chinese stands outside of the Chinese words', () => {
  expect(sources.flatMap(findStrayChinese)).toEqual([])
})

describe('what is planted is found', () => {
  const file = (text: string): Source => ({ path: 'console/a.tsx', text })
  const words = `const WORDS = translated({ a: '甲', b: '乙' }, { a: 'A', b: 'B' })\n`

  test('a key without use', () => {
    const source = file(`${words}export const f = () => WORDS.zh.a`)
    expect(findUnused(readBlocks(source)[0]!, [withoutBlocks(source)], [])).toEqual(['b'])
  })

  test.each([
    { name: 'text', jsx: '<p>Hello</p>' },
    { name: 'Chinese text', jsx: '<p>你好</p>' },
    { name: 'a string', jsx: "<p>{'Hello'}</p>" },
    { name: 'one branch', jsx: "<p>{x ? words.a : 'none'}</p>" },
    { name: 'a template', jsx: '<p>{`${x} items`}</p>' },
    { name: 'a name for the screen reader', jsx: '<p aria-label="Close" />' },
  ])('bare in JSX: $name', ({ jsx }) => {
    expect(findBareText(file(`export const A = () => ${jsx}`))).toHaveLength(1)
  })

  test('units, numbers, shapes and class names are no text', () => {
    const jsx = '<p className="big" data-x="y">● {`${x} µT`} 12 dBm {call("word")}</p>'
    expect(findBareText(file(`export const A = () => ${jsx}`))).toEqual([])
  })

  test('Chinese in the English words, and beside the blocks', () => {
    const stray = `const W = translated({ a: '甲' }, { a: '丙' })\nconst t = '丁'`
    expect(findStrayChinese(file(stray))).toEqual(['console/a.tsx: 丙', 'console/a.tsx: 丁'])
  })
})
