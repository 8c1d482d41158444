import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Builds the console when its sources changed since the last build. Answers what went wrong, if anything did. */
export const buildConsole = async (
  root: string,
  say: (text: string) => void,
): Promise<string | undefined> => {
  const stampFile = join(root, 'console', 'dist', '.sources')
  const stamp = toStamp(root)
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return undefined
  say('Building the console …')
  const vite = spawn(
    process.execPath,
    [join(root, 'node_modules', 'vite', 'bin', 'vite.js'), 'build', 'console', '--logLevel', 'warn'],
    {
      cwd: root,
      // A test runner says otherwise, and would get a build for developers: slower, larger and without its service worker.
      env: { ...process.env, NODE_ENV: 'production' },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  let output = ''
  for (const stream of [vite.stdout, vite.stderr])
    stream.on('data', (bytes: Buffer) => (output += bytes.toString()))
  const code = await new Promise<number | null>((resolve) => {
    vite.once('error', () => resolve(-1))
    vite.once('exit', resolve)
  })
  if (code !== 0) return output.trim() || `vite ended with ${code}`
  writeFileSync(stampFile, stamp)
  return undefined
}

const toStamp = (root: string): string => {
  const hash = createHash('sha256')
  const files = globSync(
    ['console/**/*.{ts,tsx,css,html,json,svg,png,webmanifest}', 'protocol/**/*.ts', 'package-lock.json'],
    {
      cwd: root,
      exclude: (path) => /node_modules|dist/.test(path),
    },
  )
  for (const file of files.sort()) hash.update(file).update(readFileSync(join(root, file)))
  return hash.digest('hex')
}
