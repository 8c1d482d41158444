import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

test('the committed vectors are what the script makes', () => {
  const folder = join(import.meta.dirname, 'vectors')
  const made = execFileSync('python3', [join(folder, 'make_vectors.py')], { encoding: 'utf8' })
  expect(made).toBe(readFileSync(join(folder, 'frames.json'), 'utf8'))
})
