import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { calibrate } from '@clearlane/firmware-sim/estate.ts'
import { generateLayout } from '@clearlane/firmware-sim/sites/generated.ts'
import type { EpisodeView, Status } from '@clearlane/protocol'
import { GatewayEventSchema, parseRuleSet, StatusSchema, toDomainMs } from '@clearlane/protocol'
import { z } from 'zod'
import { collectVerdict, getJson, readEpisodes } from './collect.ts'
import { createCuttableLink } from './cuttable-link.ts'
import { drainEstate } from './drain.ts'
import type { Estate, Service } from './estate.ts'
import { findFreePorts, startEstate } from './estate.ts'
import { toRunTime } from './run-time.ts'
import type { Verdict } from './verdict.ts'

/**
 * A link between gateway and centre that is cut for hours at a hundred readings a second, and what the centre holds
 * after it has returned.
 *
 * ```
 *  domain time │                       ,──────────── 1×: it has come to now
 *              │              ,──'──'──
 *              │     ,──'──'
 *              │ ─'
 *              └──┬───────────────────────┬────┬──── wall
 *               link cut               link back  everything has arrived
 * ```
 *
 * Time runs fast until it has come to now, so that at the link's return a vehicle that stands stays for a while.
 */
export type OutageRun = {
  readonly verdict: Verdict
  /** What is wrong beside the verdict: who was paged, and in what order things came. */
  readonly problems: readonly string[]
  readonly outageMs: number
  /** Readings that waited when the link returned, and what the gateway's log took on disk for all that it held. */
  readonly waitingReadings: number
  readonly logBytes: number
  readonly bytesPerReading: number
  readonly endedMeanwhile: number
  readonly stillBlocking: number
  readonly catchUpSeconds: number
  readonly catchUpPerSecond: number
  readonly peakMb: Readonly<Record<Service, number>>
}

export type OutageOptions = {
  readonly root: string
  readonly dataDir: string
  readonly hours: number
  readonly speed: number
  readonly seed: number
  readonly say: (text: string) => void
}

/**
 * 6,000 readings a second: about half of one processor for the gateway and a quarter for the simulator. Where that is
 * too much the sensors keep an hour's worth, and time slows down to 1 before the link returns.
 */
export const DEFAULT_OUTAGE_SPEED = 60

const SLOTS = 100
const HEARTBEAT_MS = 1_000
const ARRIVALS_PER_HOUR = 1_000
const SITE = 'outage'
const GATEWAY = 'gw-1'
/** Fast time makes a moment's pause of a busy machine long: sensors are not silent for that. */
const SILENCE_AFTER_MS = 1_800_000
/** Wall time for the start, and for traffic before the link is cut. */
const LEAD_MS = 15_000
const POLL_MS = 500
const SAY_EVERY_MS = 30_000
/** Nothing moves for so long: it will not come. */
const GIVE_UP_AFTER_MS = 120_000
/** What the sensors may still hold when the gateway has heard everything: a few seconds' worth. */
const MAX_UNHEARD = 5 * SLOTS
const MIN_STANDING = 5
/** How far beside the link's return an end may lie to be certainly before or after it. */
const CLEAR_MS = 30_000

export const runOutage = async (options: OutageOptions): Promise<OutageRun> => {
  const { root, dataDir, hours, speed, seed, say } = options
  const hoursMs = hours * 3_600_000
  const documents = writeDocuments(root, dataDir)
  const [linkPort] = await findFreePorts(1)
  const link = createCuttableLink(linkPort!)
  const time = toRunTime({
    wallMs: Date.now(),
    speed,
    forMs: LEAD_MS + hoursMs / speed,
    reachedMs: undefined,
  })
  const nowMs = (): number => toDomainMs(time, Date.now())
  const estate = await startEstate({
    root,
    dataDir,
    time,
    httpPort: 0,
    seed,
    ...documents,
    consoleDir: join(root, 'console/dist'),
    heartbeatMs: HEARTBEAT_MS,
    arrivalsPerHour: ARRIVALS_PER_HOUR,
    ports: { gatewayBroker: linkPort! },
    onRestart: (name, why) => say(`${name} ended unexpectedly (${why})`),
  })
  try {
    await link.open(estate.brokerPort)
    const toStatus = async (): Promise<Status> =>
      StatusSchema.parse(await getJson(`${estate.api}/api/v1/status`))
    const watch = createWatch(say)
    await watch('traffic', async () => {
      const { readings } = (await toStatus()).log
      return { text: `${readings} readings`, progress: readings, isDone: readings >= SLOTS }
    })

    const cutMs = nowMs()
    link.cut()
    say('the link is cut')
    using world = openWorld(dataDir)
    using log = openGatewayLog(dataDir)
    await watch('outage', async () => {
      const { unheard, standing } = world.look()
      const dwelt = standing.filter((sinceMs) => nowMs() - sinceMs > documents.dwellMs + CLEAR_MS / 3).length
      const isNow = nowMs() >= Date.now() - POLL_MS
      const isLongEnough = nowMs() - cutMs >= hoursMs
      return {
        text: `${toHours(nowMs() - cutMs)}, ${log.rows()} readings in the log, ${unheard} with the sensors, ${dwelt} vehicles stand`,
        progress: log.rows(),
        isDone: isLongEnough && isNow && unheard <= MAX_UNHEARD && dwelt >= MIN_STANDING,
      }
    })

    const before = await toStatus()
    const held = log.rows()
    const logBytes = log.bytes()
    await link.open(estate.brokerPort)
    const returnedMs = nowMs()
    const startedMs = performance.now()
    const waitingReadings = held - before.log.readings
    say(`the link is back; ${waitingReadings} readings wait, the log has ${logBytes} bytes`)
    let catchUpSeconds: number | undefined
    await watch('catching up', async () => {
      const { log: arrived, projections } = await toStatus()
      const lag = Math.max(...projections.map((one) => one.lag))
      if (arrived.readings >= held) catchUpSeconds ??= (performance.now() - startedMs) / 1_000
      return {
        text: `${Math.max(0, held - arrived.readings)} readings to come, projections ${lag} entries behind`,
        progress: arrived.readings + arrived.position - lag,
        isDone: catchUpSeconds !== undefined && lag <= SLOTS,
      }
    })
    await drainEstate(estate)
    const peakMb = toPeaks(estate)
    say('everything has arrived; comparing')
    const verdict = await collectVerdict(dataDir, estate.api)
    const episodes = sortEpisodes(await readEpisodes(estate.api), cutMs, returnedMs)
    const ahead = await readAheadOfReadings(estate.api, before.log.position)
    return {
      verdict,
      problems: toProblems(episodes, ahead),
      outageMs: returnedMs - cutMs,
      waitingReadings,
      logBytes,
      bytesPerReading: logBytes / held,
      endedMeanwhile: episodes.endedMeanwhile.length,
      stillBlocking: episodes.stillBlocking.length,
      catchUpSeconds: catchUpSeconds ?? Number.NaN,
      catchUpPerSecond: waitingReadings / (catchUpSeconds ?? Number.NaN),
      peakMb,
    }
  } finally {
    link.cut()
    await estate.stop()
  }
}

/** The estate's documents as files. */
const writeDocuments = (root: string, dataDir: string) => {
  const siteFile = join(dataDir, 'site.json')
  const rulesFile = join(dataDir, 'rules.json')
  const demo = parseRuleSet(
    JSON.parse(readFileSync(join(root, 'firmware-sim/sites/demo-rules.json'), 'utf8')),
  )
  if (!demo.ok) throw new Error(demo.fault.detail)
  const rules = { ...demo.value.rules, silenceAfterMs: SILENCE_AFTER_MS }
  writeFileSync(siteFile, JSON.stringify({ layout: calibrate(generateLayout(SITE, GATEWAY, SLOTS), 0, 1) }))
  writeFileSync(rulesFile, JSON.stringify({ ...demo.value, site: SITE, rules }))
  return { siteFile, rulesFile, dwellMs: rules.dwellDayMs }
}

/** Looks again and again, and says now and then how far it is, until it is done or nothing moves any more. */
const createWatch =
  (say: (text: string) => void) =>
  async (
    what: string,
    look: () => Promise<{ readonly text: string; readonly progress: number; readonly isDone: boolean }>,
  ): Promise<void> => {
    let [saidMs, movedMs, before] = [performance.now(), performance.now(), Number.NaN]
    for (;;) {
      const { text, progress, isDone } = await look()
      if (isDone) return
      const atMs = performance.now()
      if (progress !== before) [movedMs, before] = [atMs, progress]
      if (atMs - movedMs > GIVE_UP_AFTER_MS) throw new Error(`${what}: nothing moves any more, ${text}`)
      if (atMs - saidMs > SAY_EVERY_MS) {
        saidMs = atMs
        say(`${what}: ${text}`)
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    }
  }

/** What the simulator's world knows: frames that no gateway has acknowledged, and since when each vehicle stands. */
const openWorld = (dataDir: string) => {
  const db = new DatabaseSync(join(dataDir, 'firmware-sim/simulator.sqlite'), { readOnly: true })
  const frames = db.prepare('SELECT count(*) AS count FROM frame')
  const world = db.prepare('SELECT standing FROM world')
  const StandingSchema = z.array(z.tuple([z.string(), z.number()]))
  return {
    look: () => ({
      unheard: Number(frames.get()?.['count']),
      standing: StandingSchema.parse(JSON.parse(String(world.get()?.['standing']))).map(
        ([, sinceMs]) => sinceMs,
      ),
    }),
    [Symbol.dispose]: () => db.close(),
  }
}

const openGatewayLog = (dataDir: string) => {
  const file = join(dataDir, 'gateway/readings.sqlite')
  const db = new DatabaseSync(file, { readOnly: true })
  const last = db.prepare('SELECT first + count - 1 AS row FROM batch ORDER BY first DESC LIMIT 1')
  return {
    rows: (): number => Number(last.get()?.['row'] ?? 0),
    bytes: (): number => statSync(file).size + statSync(`${file}-wal`).size,
    [Symbol.dispose]: () => db.close(),
  }
}

/** Whose alarm no centre heard: over well before the link returned, or still blocking for a while after. */
const sortEpisodes = (episodes: readonly EpisodeView[], cutMs: number, returnedMs: number) => {
  const unheard = episodes.filter(({ episode: { detectedMs = 0, confirmedMs = detectedMs, end } }) => {
    return end !== 'voided' && confirmedMs > cutMs && confirmedMs < returnedMs
  })
  const endedMs = ({ episode }: EpisodeView): number => episode.endedMs ?? Number.POSITIVE_INFINITY
  return {
    endedMeanwhile: unheard.filter((one) => endedMs(one) < returnedMs - CLEAR_MS),
    stillBlocking: unheard.filter((one) => one.episode.confirmed && endedMs(one) > returnedMs + CLEAR_MS),
  }
}

const toProblems = (
  { endedMeanwhile, stillBlocking }: ReturnType<typeof sortEpisodes>,
  ahead: ReadonlySet<string>,
): string[] =>
  [
    endedMeanwhile.length === 0 && 'no episode ended during the outage',
    stillBlocking.length === 0 && 'no episode was still blocking when the link returned',
    ...endedMeanwhile.map(({ late, episode }) => !late && `${episode.id} had ended and is not late`),
    ...stillBlocking.flatMap(({ late, episode }) => [
      late && `${episode.id} still blocked and is late`,
      !ahead.has(episode.id) && `${episode.id} still blocked and came behind readings`,
    ]),
  ].filter((problem) => problem !== false)

const LogPageSchema = z.object({
  items: z.array(z.object({ position: z.number(), rows: z.array(z.unknown()) })),
})

/** Confirmed episodes that stand in the centre's log behind a position and before the next reading. */
const readAheadOfReadings = async (api: string, after: number): Promise<Set<string>> => {
  const page = async (channel: string, from: number, limit: number) =>
    LogPageSchema.parse(await getJson(`${api}/api/v1/log?channel=${channel}&limit=${limit}&after=${from}`))
      .items
  const reading = (await page('readings', after, 1))[0]?.position ?? Number.POSITIVE_INFINITY
  const confirmed = new Set<string>()
  for (let from = after; ;) {
    const entries = await page('events', from, 50)
    for (const { position, rows } of entries) {
      if (position > reading) return confirmed
      for (const row of z.array(GatewayEventSchema).parse(rows)) {
        if (row.kind === 'episode' && row.episode.confirmed) confirmed.add(row.episode.id)
      }
    }
    const last = entries.at(-1)
    if (last === undefined) return confirmed
    from = last.position
  }
}

/** The most memory that each process has had. */
const toPeaks = ({ child }: Estate): OutageRun['peakMb'] => {
  const peak = (name: Service): number => {
    const status = readFileSync(`/proc/${child[name].pid()}/status`, 'utf8')
    return Math.round(Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) / 1_024)
  }
  return {
    gateway: peak('gateway'),
    broker: peak('broker'),
    platform: peak('platform'),
    'firmware-sim': peak('firmware-sim'),
  }
}

const toHours = (ms: number): string => `${(ms / 3_600_000).toFixed(2)} h`
