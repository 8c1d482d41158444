import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { toRefusal } from './refusals.ts'

const MESSAGE = 'as the platform says it'
const source = readFileSync(join(import.meta.dirname, '../../platform/api/error-codes.ts'), 'utf8')
const codes = [...source.matchAll(/^ {2}'?([a-z-]+)'?: \d{3},$/gm)].map(([, code]) => code ?? '')

test('each code of the platform has a sentence in both languages, and a code of tomorrow keeps its own', () => {
  expect(codes.length).toBeGreaterThan(10)
  for (const language of ['zh', 'en'] as const) {
    const sentences = codes.map((code) => toRefusal({ code, message: MESSAGE }, language))
    expect(sentences).not.toContain(MESSAGE)
    expect(new Set(sentences).size).toBe(sentences.length)
    expect(toRefusal({ code: 'of-tomorrow', message: MESSAGE }, language)).toBe(MESSAGE)
  }
})
