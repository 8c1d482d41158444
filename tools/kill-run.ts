import { createRandom } from '@clearlane/firmware-sim/world/random.ts'
import { EpisodeViewSchema } from '@clearlane/protocol'
import { z } from 'zod'
import { collectVerdict, getJson } from './collect.ts'
import { drainEstate } from './drain.ts'
import type { Estate, Service } from './estate.ts'
import type { Verdict } from './verdict.ts'

/** Kills of processes of a running house, at seeded moments, and what the verdict says afterwards. */
export type KillTarget = Service | 'all'
export const KILL_TARGETS: readonly KillTarget[] = ['firmware-sim', 'gateway', 'broker', 'platform', 'all']

export type KillRun = {
  readonly verdict: Verdict
  readonly kills: readonly {
    /** The gateway's readings log was writing at that moment. */
    readonly insideCommit: boolean
    /** Some episode was detected and not yet confirmed. */
    readonly betweenDetectedAndConfirmed: boolean
  }[]
}

export type KillRunOptions = {
  readonly estate: Estate
  readonly dataDir: string
  readonly target: KillTarget
  readonly kills: number
  readonly seed: number
}

/** How the readings log spends its time in these runs: it gathers for a second, then a slow card syncs. */
export const SLOW_SYNC_MS = 500
const MIN_GAP_MS = 3_500
const MAX_GAP_MS = 6_500
const FIRST_MS = 8_000
const LAST_MS = 6_000

const OpenEpisodesSchema = z.object({ items: z.array(EpisodeViewSchema) })

export const runKills = async ({
  estate,
  dataDir,
  target,
  kills,
  seed,
}: KillRunOptions): Promise<KillRun> => {
  const random = createRandom(`${seed}/${target}/kills`)
  const done: KillRun['kills'][number][] = []
  await pause(FIRST_MS)
  for (let count = 0; count < kills; count++) {
    const open = OpenEpisodesSchema.safeParse(
      await getJson(`${estate.api}/api/v1/episodes?open=true&limit=100`).catch(() => undefined),
    )
    const insideCommit = await isGatewayWriting(dataDir)
    const pids = (target === 'all' ? (Object.keys(estate.child) as Service[]) : [target]).flatMap(
      (name) => estate.child[name].pid() ?? [],
    )
    for (const pid of pids) process.kill(pid, 'SIGKILL')
    done.push({
      insideCommit,
      betweenDetectedAndConfirmed: open.success && open.data.items.some(({ episode }) => !episode.confirmed),
    })
    await pause(MIN_GAP_MS + random() * (MAX_GAP_MS - MIN_GAP_MS))
  }
  await pause(LAST_MS)
  await drainEstate(estate)
  return { verdict: await collectVerdict(dataDir, estate.api), kills: done }
}

/** Whether a transaction of the readings log is open: then nobody else may begin one. */
const isGatewayWriting = async (dataDir: string): Promise<boolean> => {
  const { DatabaseSync } = await import('node:sqlite')
  const db = new DatabaseSync(`${dataDir}/gateway/readings.sqlite`)
  try {
    db.exec('PRAGMA busy_timeout = 0')
    db.exec('BEGIN IMMEDIATE')
    db.exec('ROLLBACK')
    return false
  } catch {
    return true
  } finally {
    db.close()
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
