import type { ChildProcess } from 'node:child_process'
import { execFileSync, spawn } from 'node:child_process'
import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
const TOKEN = 'for-this-test-only'
const ORGANISATION = 'test'
const READY_WITHIN_MS = 60_000

/**
 * A real influxd: named by INFLUXD, else packed in the folder that SERVERS names or in `shared/servers` of a folder
 * around this repository, else on the PATH.
 */
export const findInfluxd = (): string | undefined => {
  const named = process.env['INFLUXD']
  if (named !== undefined && named !== '') return named
  return findPacked() ?? findOnPath()
}

const findPacked = (): string | undefined => {
  const folders: string[] = []
  const named = process.env['SERVERS']
  if (named !== undefined && named !== '') folders.push(named)
  for (let folder = ROOT; folder !== dirname(folder); folder = dirname(folder))
    folders.push(join(dirname(folder), 'shared', 'servers'))
  const suffix = `-${process.platform}-${process.arch === 'x64' ? 'amd64' : process.arch}.xz`
  for (const folder of folders.filter((one) => existsSync(one))) {
    const name = readdirSync(folder).find((file) => file.startsWith('influxd-') && file.endsWith(suffix))
    if (name !== undefined) return join(folder, name)
  }
  return undefined
}

const findOnPath = (): string | undefined =>
  (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'influxd'))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK)
        return true
      } catch {
        return false
      }
    })

export type Influxd = AsyncDisposable & {
  write(bucket: string, lines: readonly string[]): Promise<void>
  /** What `/query` answers, its times in milliseconds. */
  query(database: string, text: string): Promise<unknown>
}

/** Starts it empty, on a port that it finds itself, with one bucket. */
export const startInfluxd = async (found: string, bucket: string): Promise<Influxd> => {
  const folder = mkdtempSync(join(tmpdir(), 'influxd-'))
  const binary = unpack(found, folder)
  const child = spawn(
    binary,
    [
      'run',
      '--store=memory',
      '--sqlite-path=:memory:',
      `--bolt-path=${join(folder, 'influxd.bolt')}`,
      `--engine-path=${join(folder, 'engine')}`,
      '--http-bind-address=127.0.0.1:0',
      '--reporting-disabled',
      '--no-tasks',
    ],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  )
  const stop = async (): Promise<void> => {
    const ended = new Promise((resolve) => child.once('exit', resolve))
    if (child.exitCode === null && child.kill()) await ended
    rmSync(folder, { recursive: true })
  }
  try {
    const base = `http://127.0.0.1:${await readPort(child)}`
    const post = async (path: string, body: string): Promise<void> => {
      const answer = await fetch(`${base}${path}`, {
        method: 'POST',
        body,
        headers: { authorization: `Token ${TOKEN}` },
      })
      if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
    }
    const setup = {
      username: 'test',
      password: 'for-this-test-only',
      org: ORGANISATION,
      bucket,
      retentionPeriodSeconds: 0,
      token: TOKEN,
    }
    await post('/api/v2/setup', JSON.stringify(setup))
    return {
      write: (name, lines) =>
        post(`/api/v2/write?org=${ORGANISATION}&bucket=${name}&precision=us`, lines.join('\n')),
      query: async (database, text) => {
        const parameters = new URLSearchParams({ db: database, epoch: 'ms', q: text })
        const answer = await fetch(`${base}/query?${parameters}`, {
          headers: { authorization: `Token ${TOKEN}` },
        })
        return answer.json()
      },
      [Symbol.asyncDispose]: stop,
    }
  } catch (cause) {
    await stop()
    throw cause
  }
}

/** The program itself, unpacked into a folder where it is packed. */
export const unpack = (packed: string, folder: string): string => {
  if (!packed.endsWith('.xz')) return packed
  const binary = join(folder, 'program')
  const file = openSync(binary, 'w')
  execFileSync('xz', ['-dc', packed], { stdio: ['ignore', file, 'inherit'] })
  closeSync(file)
  chmodSync(binary, 0o755)
  return binary
}

/** Its log names the port that the system gave. */
const readPort = (child: ChildProcess): Promise<string> =>
  new Promise((resolve, reject) => {
    let output = ''
    const timer = setTimeout(() => reject(new Error(`influxd is not ready: ${output}`)), READY_WITHIN_MS)
    child.stdout?.on('data', (bytes: Buffer) => {
      output += bytes.toString()
      const port = /"?port"?[:=]\s*(\d+)/.exec(output)?.[1]
      if (port === undefined) return
      clearTimeout(timer)
      resolve(port)
    })
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`influxd ended with ${code}: ${output}`)))
  })
