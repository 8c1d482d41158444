import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { DEFAULT_OUTAGE_SPEED, runOutage } from '../tools/outage-run.ts'
import { explain, ROOT } from './testing-estate.ts'

const HOUR_S = 3_600
const READINGS_PER_SECOND = 100

test("after an hour's outage at a hundred readings a second all arrives, what has ended pages nobody, and what still blocks does, ahead of the readings", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'clearlane-outage-'))
  const progress: string[] = []
  try {
    const run = await runOutage({
      root: ROOT,
      dataDir,
      hours: 1,
      speed: DEFAULT_OUTAGE_SPEED,
      seed: 1,
      say: (text) => progress.push(text),
    })
    const { verdict, problems, waitingReadings } = run
    expect(verdict.green, `${explain(verdict, dataDir)}\n${progress.join('\n')}`).toBe(true)
    expect(problems).toEqual([])
    expect(waitingReadings).toBeGreaterThanOrEqual(HOUR_S * READINGS_PER_SECOND)
  } finally {
    rmSync(dataDir, { recursive: true })
  }
})
