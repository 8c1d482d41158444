import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readPort } from './testing-influxd.ts'

export type Influxd1 = AsyncDisposable & {
  readonly url: string
  readonly credentials: string
}

/** An influxd of version 1 that asks for credentials, with one database and one user. */
export const startInfluxd1 = async (
  binary: string,
  database: string,
  lines: readonly string[],
): Promise<Influxd1> => {
  const folder = mkdtempSync(join(tmpdir(), 'influxd-1-'))
  const config = join(folder, 'influxdb.conf')
  writeFileSync(
    config,
    `reporting-disabled = true
bind-address = "127.0.0.1:0"
[meta]
dir = "${join(folder, 'meta')}"
[data]
dir = "${join(folder, 'data')}"
wal-dir = "${join(folder, 'wal')}"
[http]
bind-address = "127.0.0.1:0"
auth-enabled = true
log-enabled = false
[monitor]
store-enabled = false
`,
  )
  const child = spawn(binary, ['-config', config], { stdio: ['ignore', 'ignore', 'pipe'] })
  const stop = async (): Promise<void> => {
    const ended = new Promise((resolve) => child.once('exit', resolve))
    if (child.exitCode === null && child.kill()) await ended
    rmSync(folder, { recursive: true })
  }
  const credentials = `Basic ${Buffer.from('reader:secret').toString('base64')}`
  try {
    const url = `http://127.0.0.1:${await readPort(child, child.stderr, /Listening on HTTP.* addr=\S+:(\d+)/)}`
    const post = async (path: string, body: string | URLSearchParams): Promise<void> => {
      const answer = await fetch(`${url}${path}`, {
        method: 'POST',
        body,
        headers: { authorization: credentials },
      })
      const text = await answer.text()
      if (!answer.ok || text.includes('error')) throw new Error(`${path}: ${answer.status} ${text}`)
    }
    for (const q of [
      `CREATE USER reader WITH PASSWORD 'secret' WITH ALL PRIVILEGES`,
      `CREATE DATABASE "${database}"`,
    ])
      await post('/query', new URLSearchParams({ q }))
    await post(`/write?db=${database}&precision=u`, lines.join('\n'))
    return { url, credentials, [Symbol.asyncDispose]: stop }
  } catch (cause) {
    await stop()
    throw cause
  }
}
