import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Figure } from './figure.ts'
import { toFigure } from './figure.ts'

/** From `npm start` to the line that says where to point the browser, on a data folder that has been used before. */
export const measureStart = async (): Promise<Figure[]> => {
  const data = mkdtempSync(join(tmpdir(), 'start-'))
  await startOnce(data)
  const seconds = await startOnce(data)
  rmSync(data, { recursive: true })
  return [toFigure('start: second start to ready', seconds, 's', { atMost: 5 })]
}

const startOnce = async (data: string): Promise<number> => {
  const startedMs = performance.now()
  const child = spawn('npm', ['start', '--silent', '--', '--data', data, '--port', '0'], {
    cwd: join(import.meta.dirname, '..'),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const seconds = await new Promise<number>((resolve) => {
    child.stdout.on('data', (bytes: Buffer) => {
      if (bytes.toString().includes('Clearlane is running')) resolve((performance.now() - startedMs) / 1_000)
    })
  })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  await ended
  return seconds
}
