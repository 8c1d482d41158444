import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findFreePorts } from '../tools/estate.ts'
import { unpack } from './testing-influxd.ts'

export const ORGANISATION = 'estate'
export const ROOT_TOKEN = 'root-token-of-this-test'
const READY_WITHIN_MS = 60_000

/** A real InfluxDB 2 with its data on disk: it can be killed and started again on the same port and folder. */
export const startStoredInfluxd = async (found: string) => {
  const folder = mkdtempSync(join(tmpdir(), 'influxd-'))
  const binary = unpack(found, folder)
  const [port] = (await findFreePorts(1)) as [number]
  const url = `http://127.0.0.1:${port}`
  let child: ChildProcess | undefined
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child === undefined) return
    const ended = new Promise((resolve) => child?.once('exit', resolve))
    if (child.exitCode === null && child.signalCode === null && child.kill(signal)) await ended
    child = undefined
  }
  const start = async (): Promise<void> => {
    const data = (name: string): string => join(folder, name)
    child = spawn(
      binary,
      [
        'run',
        `--bolt-path=${data('influxd.bolt')}`,
        `--sqlite-path=${data('influxd.sqlite')}`,
        `--engine-path=${data('engine')}`,
        `--http-bind-address=127.0.0.1:${port}`,
        '--reporting-disabled',
        '--no-tasks',
      ],
      { stdio: 'ignore' },
    )
    await untilAnswers(`${url}/ping`)
  }
  const ask = async (method: string, path: string, body?: object | string): Promise<unknown> => {
    const answer = await fetch(`${url}${path}`, {
      method,
      headers: { authorization: `Token ${ROOT_TOKEN}` },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
    return text === '' ? undefined : JSON.parse(text)
  }
  await start()
  const setup = {
    username: 'test',
    password: 'for-this-test-only',
    org: ORGANISATION,
    bucket: 'first',
    retentionPeriodSeconds: 0,
    token: ROOT_TOKEN,
  }
  const { org } = (await ask('POST', '/api/v2/setup', setup)) as { readonly org: { readonly id: string } }
  return {
    url,
    orgId: org.id,
    pid: () => child?.pid,
    start,
    /** As a power cut ends it. */
    kill: () => end('SIGKILL'),
    ask,
    /** The first series of an InfluxQL query, as a user of InfluxDB 1.x asks. */
    query: async (database: string, text: string) =>
      toRows(await ask('GET', `/query?${new URLSearchParams({ db: database, epoch: 'u', q: text })}`)),
    [Symbol.asyncDispose]: async () => {
      await end('SIGTERM')
      rmSync(folder, { recursive: true })
    },
  }
}
export type StoredInfluxd = Awaited<ReturnType<typeof startStoredInfluxd>>

export const toRows = (answer: unknown): readonly (readonly unknown[])[] => {
  const { results } = answer as {
    readonly results: readonly {
      readonly error?: string
      readonly series?: readonly { readonly values: readonly (readonly unknown[])[] }[]
    }[]
  }
  const [first] = results
  if (first?.error !== undefined) throw new Error(first.error)
  return first?.series?.[0]?.values ?? []
}

export const untilAnswers = async (url: string): Promise<void> => {
  const untilMs = performance.now() + READY_WITHIN_MS
  for (;;) {
    const answer = await fetch(url).catch(() => undefined)
    if (answer?.ok === true) return
    if (performance.now() > untilMs) throw new Error(`${url} does not answer`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
