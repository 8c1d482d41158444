import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createProvisioning } from '@clearlane/grafana/provisioning.ts'
import { stringify } from 'yaml'

/** `npm run grafana`: writes what a Grafana server is given at its start. With `--check`, says what is not as built. */
const FOLDER = join(dirname(dirname(fileURLToPath(import.meta.url))), 'grafana', 'provisioning')
const NOTICE = '# Made by `npm run grafana` from the TypeScript beside it.\n'

/** The text of every file, by its whole path. */
export const toGrafanaFiles = (): ReadonlyMap<string, string> =>
  new Map(
    [...createProvisioning()].map(([path, content]) => {
      // What the builder leaves undefined or keeps as a function is no part of the file.
      const json = `${JSON.stringify(content, undefined, 2)}\n`
      return [
        join(FOLDER, path),
        path.endsWith('.yml') ? NOTICE + stringify(JSON.parse(json), { lineWidth: 0 }) : json,
      ]
    }),
  )

const readIfThere = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined
    throw cause
  }
}

const main = (isCheck: boolean): void => {
  const stale = [...toGrafanaFiles()].filter(([path, text]) => readIfThere(path) !== text)
  for (const [path, text] of stale) {
    if (!isCheck) {
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, text)
    }
    process.stdout.write(`${isCheck ? 'not as built' : 'wrote'}: ${path}\n`)
  }
  process.exitCode = isCheck && stale.length > 0 ? 1 : 0
}

if (import.meta.main) main(process.argv.includes('--check'))
