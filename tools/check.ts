import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findViolations, readSources } from './import-table.ts'

/** `npm run check`: types, lint, format, unused code and the import table; a line each, and all of them every time. */
const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
const MIN_FILES = 60

type Outcome = { readonly name: string; readonly fault: string | undefined; readonly note: string }

/** Runs a checker of node_modules; one that says how many files it saw must have seen enough of them. */
const run = (name: string, script: string, args: readonly string[], countFiles?: RegExp): Promise<Outcome> =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, [join(ROOT, 'node_modules', script), ...args], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NO_COLOR: '1' },
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (bytes: Buffer) => (output += bytes.toString()))
    child.once('error', (cause) => resolve({ name, fault: `cannot be started: ${cause.message}`, note: '' }))
    child.once('close', (code) => {
      const files =
        countFiles === undefined
          ? undefined
          : [...output.matchAll(countFiles)].reduce((sum, match) => sum + Number(match[1] ?? 1), 0)
      const note = files === undefined ? '' : `${files} files`
      if (code !== 0) return resolve({ name, fault: output.trim() || `ended with ${code}`, note })
      if (files !== undefined && files < MIN_FILES)
        return resolve({
          name,
          fault: `looked at ${files} files only: it cannot have found the sources`,
          note,
        })
      resolve({ name, fault: undefined, note })
    })
  })

const checkImports = (): Outcome => {
  const files = readSources(ROOT)
  const violations = findViolations(files)
  const lines = violations.map(({ path, imported, why }) => `${path}: ${imported}: ${why}`)
  if (files.length < MIN_FILES) lines.push(`only ${files.length} files found`)
  return {
    name: 'import table',
    fault: lines.length === 0 ? undefined : lines.join('\n'),
    note: `${files.length} files`,
  }
}

const say = ({ name, fault, note }: Outcome): void => {
  process.stdout.write(`${fault === undefined ? 'ok  ' : 'FAIL'} ${name}${note === '' ? '' : ` (${note})`}\n`)
  if (fault !== undefined) process.stdout.write(`${fault.replace(/^/gm, '     ')}\n`)
}

const SOURCE_LINE =
  /^\S.*[\\/](?:broker|bench|console|e2e|firmware-sim|gateway|grafana|platform|protocol|rules|tools)[\\/](?!.*node_modules).*\.tsx?$/gm
const checks: readonly (() => Promise<Outcome>)[] = [
  () =>
    run('types', 'typescript/bin/tsc', ['-p', '.', '--listFilesOnly'], SOURCE_LINE).then((listed) =>
      listed.fault === undefined
        ? run('types', 'typescript/bin/tsc', ['-p', '.']).then((outcome) => ({
            ...outcome,
            note: listed.note,
          }))
        : listed,
    ),
  async () =>
    existsSync(join(ROOT, 'console', 'tsconfig.json'))
      ? run('types of the console', 'typescript/bin/tsc', ['-p', 'console', '--noEmit'])
      : { name: 'types of the console', fault: 'console/tsconfig.json is missing', note: '' },
  () => run('types of the service worker', 'typescript/bin/tsc', ['-p', 'console/worker', '--noEmit']),
  () => run('lint', 'oxlint/bin/oxlint', ['--deny-warnings'], /on (\d+) files/g),
  () => run('format', 'prettier/bin/prettier.cjs', ['--check', '.']),
  () => run('unused code', 'knip/bin/knip.js', ['--no-progress']),
  async () => checkImports(),
]
/** The machine has two cores, and the type checker takes both for a while. */
const AT_ONCE = 2

const outcomes: Outcome[] = []
const waiting = [...checks]
await Promise.all(
  Array.from({ length: AT_ONCE }, async () => {
    for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) {
      const outcome = await check()
      say(outcome)
      outcomes.push(outcome)
    }
  }),
)
const failed = outcomes.filter(({ fault }) => fault !== undefined).length
process.stdout.write(`${outcomes.length - failed} checks passed, ${failed} failed\n`)
process.exit(failed === 0 ? 0 : 1)
