import type {
  CorrectionEvent,
  GatewayEvent,
  Layout,
  PresenceEvent,
  Reading,
  RuleSet,
} from '@clearlane/protocol'
import { fault, ok } from '@clearlane/protocol'
import type { EstateSnapshot, Told } from '@clearlane/rules'
import { createEstate, createTeller, ESTATE_STATE_VERSION, toSample } from '@clearlane/rules'
import { deserialize, serialize } from 'node:v8'
import type { Clock } from './clock/clock.ts'
import type { Decide } from './decide-port.ts'
import type { EventsLog, LoggedReading } from './log/events.ts'

export type DecideOptions = {
  readonly gateway: string
  readonly events: EventsLog
  readonly readings: DecideReadings
  readonly clock: Clock
  /** Event time of a device's last reading before a hole that the device can still fill; undefined without one. */
  readonly holeSinceMs: (device: string) => number | undefined
  readonly layout?: Layout | undefined
  readonly rules?: RuleSet | undefined
  readonly onFailure: (failure: Error) => void
}

/** What the decider needs of the readings log. */
export type DecideReadings = {
  committedRow(): number
  append(reading: Reading): number
  /** The JSON text of a reading that only memory holds. */
  pendingText(row: number): string | undefined
  scan(fromRow: number): AsyncIterable<{ readonly first: number; readonly rows: readonly Reading[] }>
}

/** The settled state as it stands in the events log, and the first row of the readings log that it lacks. */
type SavedState = { readonly estate: EstateSnapshot; readonly replayFromRow: number }

/** A snapshot costs about 300 bytes a slot; a start replays at most what came since. */
const SNAPSHOT_EVERY_MS = 600_000
/** After a costly fold out of order, so many times its cost passes before the next. */
const FOLD_REST_FACTOR = 4
const CHEAP_FOLD_MS = 2

/**
 * Judges readings by the rules, settled and live, and tells the difference through the events log. Recovery is the
 * same difference: the settled snapshot, the log's readings since, and what was told.
 */
export const createDecide = async (options: DecideOptions): Promise<Decide> => {
  const { gateway, events, readings, clock, holeSinceMs, onFailure } = options
  const recovered = events.recovered()
  const saved = toSavedState(recovered.snapshot)
  const estate = createEstate({ gateway, holeSinceMs, snapshot: saved?.estate })
  const provisionalFromMs = clock.nowMs() - clock.monotonicMs()
  const teller = createTeller({
    epoch: events.epoch,
    told: recovered.told,
    presences: recovered.presences,
    isDated: (atMs) => clock.isKnown() || atMs < provisionalFromMs,
  })

  /** Sections of the rows that only memory holds, from the first row behind `committedReadingsRow` on. */
  let uncommitted: (string | undefined)[] = []
  const counters = { merged: 0, late: 0, duplicate: 0, undecided: 0 }
  let appendedRow = events.committedRow()
  let committedReadingsRow = readings.committedRow()
  let corrections: CorrectionEvent[] = []
  let forgotten: string[] = []
  let versions = newestVersions(saved?.estate)
  let isScheduled = false
  let restUntilMs = 0
  let isClosed = false

  const accept = (reading: Reading, row: number): void => {
    const isProvisional = !clock.isKnown() && reading.boot === clock.boot
    const atMs = isProvisional ? reading.receivedMs : (reading.eventMs ?? reading.receivedMs)
    const accepted = estate.accept(toSample(reading, row, atMs, isProvisional), clock.nowMs())
    if (accepted === 'merged') counters.merged++
    else if (accepted === 'duplicate') counters.duplicate++
    else if (accepted === 'no-slot') counters.undecided++
    else {
      counters.late++
      corrections.push(toCorrection(reading, atMs, atMs + accepted.lateBehindMs, clock.nowMs()))
    }
  }

  /** The events of a section carry the readings they rest on to disk, each once, where only memory holds them. */
  const takeUncommitted = (sections: ReadonlySet<string>): LoggedReading[] => {
    const taken: LoggedReading[] = []
    for (let index = 0; index < uncommitted.length; index++) {
      const section = uncommitted[index]
      if (section === undefined || !sections.has(section)) continue
      uncommitted[index] = undefined
      const row = committedReadingsRow + 1 + index
      const json = readings.pendingText(row)
      if (json !== undefined) taken.push({ row, json })
    }
    return taken
  }

  const tell = (nowMs: number): void => {
    const entryEvents: GatewayEvent[] = corrections
    corrections = []
    const told = new Map<string, Told>()
    const presences: PresenceEvent[] = []
    for (const view of estate.takeChangedSlots()) {
      const event = teller.tellSlot(view, nowMs)
      if (event !== undefined) presences.push(event)
    }
    const episodeEvents = estate.takeChanged().flatMap((view) => teller.tellLane(view, nowMs))
    for (const { episode } of episodeEvents) {
      const one = teller.find(episode.id, episode.lane)
      if (one !== undefined) told.set(episode.id, one)
    }
    for (const settled of estate.takeSettled()) forgotten.push(...teller.forget(settled))
    entryEvents.push(...presences, ...episodeEvents)
    if (entryEvents.length === 0) return
    const sections = new Set([
      ...presences.map((event) => event.section),
      ...episodeEvents.flatMap((event) => event.episode.sections),
    ])
    appendedRow += entryEvents.length
    events
      .append({
        events: entryEvents,
        told: [...told.values()],
        presences,
        readings: takeUncommitted(sections),
        readingsCommittedRow: committedReadingsRow,
      })
      .catch(onFailure)
  }

  const run = (): void => {
    isScheduled = false
    if (isClosed) return
    const waitMs = estate.isDirty() ? restUntilMs - performance.now() : 0
    if (waitMs > 0) {
      isScheduled = true
      setTimeout(run, waitMs)
    } else {
      flush()
    }
  }
  const flush = (): void => {
    const nowMs = clock.nowMs()
    const isDirty = estate.isDirty()
    const startedMs = performance.now()
    estate.flush(nowMs)
    tell(nowMs)
    const costMs = performance.now() - startedMs
    if (isDirty && costMs > CHEAP_FOLD_MS) restUntilMs = performance.now() + costMs * FOLD_REST_FACTOR
    alarm.set(estate.wakeMs())
  }
  /** What came in one piece is folded and told together, as soon as all of it has been taken. */
  const schedule = (): void => {
    if (isScheduled) return
    isScheduled = true
    queueMicrotask(run)
  }
  const alarm = clock.createAlarm(schedule)

  const configure = (layout: Layout, rules: RuleSet): void => {
    if (versions?.layout === layout.version && versions.rules === rules.version) return
    // The first configuration holds for everything that the devices still remember; a later one from now on.
    const fromMs = versions === undefined ? 0 : clock.nowMs()
    versions = { layout: layout.version, rules: rules.version }
    estate.configure({ fromMs, layout, rules })
  }

  const saveSnapshot = async (): Promise<void> => {
    const state: SavedState = {
      estate: estate.snapshot(),
      replayFromRow: Math.min(
        estate.oldestPendingRow() ?? Number.POSITIVE_INFINITY,
        readings.committedRow() + 1,
      ),
    }
    const settled = forgotten
    forgotten = []
    await events.saveSnapshot(serialize(state), settled)
  }

  const recover = async (): Promise<void> => {
    const kept = new Map(recovered.readings.map((one) => [toKey(one.reading), one]))
    const fromRow = recovered.readings.reduce((min, { row }) => Math.min(min, row), saved?.replayFromRow ?? 1)
    for await (const { first, rows } of readings.scan(fromRow)) {
      for (const [index, reading] of rows.entries()) {
        kept.delete(toKey(reading))
        if (reading.foreign !== true && first + index >= (saved?.replayFromRow ?? 1))
          accept(reading, first + index)
      }
    }
    for (const { section, toMs, episode } of recovered.told) {
      if (episode.end !== 'ended-by-hand') continue
      estate.endByHand({ section, atMs: toMs, by: episode.endedBy ?? '', reason: episode.endReason ?? '' })
    }
    // An event outlived the readings that made it: they join the readings log now, where the centre will find them.
    for (const { reading } of kept.values()) accept(reading, readings.append(reading))
    run()
  }

  if (options.layout !== undefined && options.rules !== undefined) configure(options.layout, options.rules)
  estate.hold(!clock.isKnown())
  clock.onKnown((shiftMs) => {
    estate.hold(false)
    estate.shift(shiftMs)
    schedule()
  })
  await recover()
  const snapshots = setInterval(() => void saveSnapshot().catch(onFailure), SNAPSHOT_EVERY_MS)
  snapshots.unref()

  return {
    reading: (reading, row) => {
      if (row > committedReadingsRow) uncommitted[row - committedReadingsRow - 1] = reading.section
      accept(reading, row)
      // An alarm does not wait for the readings behind it. While a commit is under way they share the next one.
      if (estate.hasNews() && !estate.isDirty() && events.isIdle()) flush()
      else schedule()
    },
    readingsCommitted: (row) => {
      if (row <= committedReadingsRow) return
      uncommitted = uncommitted.slice(row - committedReadingsRow)
      committedReadingsRow = row
    },
    configure: (layout, rules) => {
      const before = versions
      configure(layout, rules)
      if (versions === before) return
      saveSnapshot().catch(onFailure)
      schedule()
    },
    endByHand: (episode, by, reason) => {
      const told = teller.find(episode)
      if (told === undefined || told.episode.end !== undefined) {
        return fault('no-open-episode', `there is no open episode ${episode} at gateway ${gateway}`)
      }
      estate.endByHand({ section: told.section, atMs: clock.nowMs(), by, reason })
      schedule()
      return ok(undefined)
    },
    active: () => ({
      eventRow: appendedRow,
      episodes: teller.openEpisodes(),
      slots: [...teller.presences()].map(({ slot, presence, sinceMs }) => ({
        slot,
        presence,
        ...(sinceMs !== undefined && { sinceMs }),
      })),
    }),
    counters: () => ({ ...counters, ...estate.stats() }),
    flush,
    close: async () => {
      clearInterval(snapshots)
      alarm.clear()
      flush()
      isClosed = true
      await saveSnapshot()
    },
  }
}

const toKey = (reading: Reading): string => `${reading.device}-${reading.session}-${reading.counter}`

const toCorrection = (
  reading: Reading,
  eventMs: number,
  settledMs: number,
  decidedMs: number,
): CorrectionEvent => ({
  kind: 'correction',
  reading: { device: reading.device, session: reading.session, counter: reading.counter },
  slot: reading.slot,
  section: reading.section,
  eventMs,
  settledMs,
  decidedMs,
})

/** The saved state, unless another version of the rules wrote it: then the log is folded from its beginning. */
const toSavedState = (bytes: Uint8Array | undefined): SavedState | undefined => {
  if (bytes === undefined) return undefined
  const state = deserialize(bytes) as SavedState
  return state.estate.stateVersion === ESTATE_STATE_VERSION ? state : undefined
}

const newestVersions = (snapshot: EstateSnapshot | undefined) => {
  const newest = snapshot?.configs.at(-1)
  return newest === undefined ? undefined : { layout: newest.layout.version, rules: newest.rules.version }
}
