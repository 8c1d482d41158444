import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { percentile } from './figure.ts'

/** A disk, its controller and the processor rest between two events; kept busy, they answer several times as fast. */
const PACE_MS = 20

/**
 * How long this disk takes to sync a kilobyte at the pace of events, ms: p50 and p99 of 200. Durable figures mean
 * nothing without it.
 */
export const measureSync = async (): Promise<{ readonly p50: number; readonly p99: number }> => {
  const folder = mkdtempSync(join(tmpdir(), 'sync-'))
  const file = openSync(join(folder, 'file'), 'w')
  const block = Buffer.alloc(1_024, 1)
  const times: number[] = []
  for (let count = 0; count < 200; count++) {
    await new Promise((resolve) => setTimeout(resolve, PACE_MS))
    const startedMs = performance.now()
    writeSync(file, block)
    fdatasyncSync(file)
    times.push(performance.now() - startedMs)
  }
  closeSync(file)
  rmSync(folder, { recursive: true })
  return { p50: percentile(times, 0.5), p99: percentile(times, 0.99) }
}
