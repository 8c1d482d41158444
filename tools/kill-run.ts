import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
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
  readonly kills: readonly Moment[]
}
/** What was so when the signal went out. */
export type Moment = {
  /** A transaction of the target's log was open: the gateway's readings, or the platform's log. */
  readonly insideCommit: boolean
  /** Some episode was detected and not yet confirmed. */
  readonly betweenDetectedAndConfirmed: boolean
}

export type KillRunOptions = {
  readonly estate: Estate
  readonly dataDir: string
  readonly target: KillTarget
  readonly kills: number
  readonly seed: number
}

/** How long a sync takes in these runs, as on a slow card: long enough to be met inside one. */
export const SLOW_SYNC_MS = 500
const FIRST_MS = 8_000
const MIN_GAP_MS = 1_000
const MAX_GAP_MS = 5_000
/** A moment that is wanted is waited for this long; then the kill comes anyway, and says that it was another. */
const MOMENT_WITHIN_MS = 15_000
const POLL_MS = 5
const LAST_MS = 6_000
/** The run goes on after the last kill until so many stays have ended: enough of them can then be scored. */
const ENOUGH_STAYS = 40
const ENOUGH_WITHIN_MS = 60_000

const OpenEpisodesSchema = z.object({ items: z.array(EpisodeViewSchema) })

export const runKills = async ({
  estate,
  dataDir,
  target,
  kills,
  seed,
}: KillRunOptions): Promise<KillRun> => {
  const random = createRandom(`${seed}/${target}/kills`)
  const targets = target === 'all' ? (Object.keys(estate.child) as Service[]) : [target]
  const logFile = join(dataDir, target === 'platform' ? 'platform/log.sqlite' : 'gateway/readings.sqlite')
  const look = async (): Promise<Moment> => {
    const open = OpenEpisodesSchema.safeParse(
      await getJson(`${estate.api}/api/v1/episodes?open=true&limit=100`).catch(() => undefined),
    )
    return {
      betweenDetectedAndConfirmed: open.success && open.data.items.some(({ episode }) => !episode.confirmed),
      insideCommit: isWriting(logFile),
    }
  }

  const done: Moment[] = []
  await pause(FIRST_MS)
  for (let count = 0; count < kills; count++) {
    for (const name of targets) await estate.child[name].ready()
    await pause(MIN_GAP_MS + random() * (MAX_GAP_MS - MIN_GAP_MS))
    // Every other kill waits for the inside of a commit, every third for an episode on its way to confirmation.
    const isWanted = ({ insideCommit, betweenDetectedAndConfirmed }: Moment): boolean =>
      (count % 2 === 1 || insideCommit) && (count % 3 === 1 || betweenDetectedAndConfirmed)
    const limitMs = performance.now() + MOMENT_WITHIN_MS
    let moment = await look()
    while (!isWanted(moment) && performance.now() < limitMs) {
      await pause(POLL_MS)
      moment = await look()
    }
    const pids = targets.flatMap((name) => estate.child[name].pid() ?? [])
    if (pids.length < targets.length) throw new Error(`${target}: not running, so it cannot be killed`)
    for (const pid of pids) process.kill(pid, 'SIGKILL')
    done.push(moment)
    while (targets.some((name) => pids.includes(estate.child[name].pid() ?? 0))) await pause(POLL_MS)
  }
  const limitMs = performance.now() + ENOUGH_WITHIN_MS
  while (countStays(dataDir) < ENOUGH_STAYS && performance.now() < limitMs) await pause(POLL_MS * 100)
  for (const name of targets) await estate.child[name].ready()
  await pause(LAST_MS)
  await drainEstate(estate)
  return { verdict: await collectVerdict(dataDir, estate.api), kills: done }
}

/** First byte of the locks of a WAL index: whoever writes holds it. */
const WAL_WRITE_LOCK = 120

/** Whether a transaction writes to a database, by the kernel's list of locks: nothing is opened, nothing disturbed. */
const isWriting = (file: string): boolean => {
  const index = statSync(`${file}-shm`, { throwIfNoEntry: false })
  if (index === undefined) return false
  const held = new RegExp(`WRITE \\d+ \\S+:${index.ino} ${WAL_WRITE_LOCK} ${WAL_WRITE_LOCK}$`, 'm')
  return held.test(readFileSync('/proc/locks', 'utf8'))
}

const countStays = (dataDir: string): number =>
  readFileSync(join(dataDir, 'ledger.ndjson'), 'utf8').split('"kind":"stay"').length - 1

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
