import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { percentile } from './figure.ts'

/** How long this disk takes to sync a kilobyte, ms: p50 and p99 of 200. Durable figures mean nothing without it. */
export const measureSync = (): { readonly p50: number; readonly p99: number } => {
  const folder = mkdtempSync(join(tmpdir(), 'sync-'))
  const file = openSync(join(folder, 'file'), 'w')
  const block = Buffer.alloc(1_024, 1)
  const times = Array.from({ length: 200 }, () => {
    const startedMs = performance.now()
    writeSync(file, block)
    fdatasyncSync(file)
    return performance.now() - startedMs
  })
  closeSync(file)
  rmSync(folder, { recursive: true })
  return { p50: percentile(times, 0.5), p99: percentile(times, 0.99) }
}
