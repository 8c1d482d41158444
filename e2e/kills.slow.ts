import { expect, test } from 'vitest'
import { KILL_TARGETS, runKills, SLOW_SYNC_MS } from '../tools/kill-run.ts'
import { explain, startTestEstate } from './testing-estate.ts'

/** Rotated with the day, so that in time every moment is met; a failure prints it. */
const SEED = Math.floor(Date.now() / 86_400_000)
const KILLS = 5

test.each(KILL_TARGETS.map((target) => ({ target })))(
  `five kills -9 of $target lose nothing and double nothing (seed ${SEED})`,
  async ({ target }) => {
    await using estate = await startTestEstate({
      speed: 10,
      forMs: 90_000,
      seed: SEED,
      heartbeatMs: 1_000,
      arrivalsPerHour: 900,
      readingsSyncDelayMs: SLOW_SYNC_MS,
      platformLogSyncDelayMs: target === 'platform' ? SLOW_SYNC_MS : 0,
    })
    const { dataDir } = estate
    const { verdict, kills } = await runKills({ estate, dataDir, target, kills: KILLS, seed: SEED })
    expect(verdict.green, explain(verdict, dataDir)).toBe(true)
    for (const moment of ['insideCommit', 'betweenDetectedAndConfirmed'] as const)
      expect(kills.filter((kill) => kill[moment]).length, moment).toBeGreaterThanOrEqual(KILLS / 4)
  },
)
