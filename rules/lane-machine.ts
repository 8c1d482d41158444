import type { EpisodeEnd, LaneRules, Presence, ReadingKey } from '@clearlane/protocol'
import type { PresenceChange } from './slot-machine.ts'

/**
 * Presence to episodes, one lane. Plain data. Every time in it is event time, ms UTC.
 *
 * ```
 *            a slot occupied                 blocked for the dwell
 *  (none) ───────────────────▶ detected ───────────────────────────▶ confirmed ──▶ escalated
 *     ▲                           │                                      │
 *     │   vacant for the hold-off │ passed                               │ cleared
 *     └───────────────────────────┴──────────────────────────────────────┘
 * ```
 * While no slot is occupied and one that was is unknown, the episode is unobserved: its dwell stands still and
 * nothing but a reading or a person ends it.
 */
export type EpisodeRecord = {
  section: string
  /** The reading that first detected it; undefined where silence or a person had hidden the beginning. */
  firstReading: ReadingKey | undefined
  detectedMs: number
  /** The dwell in force when it was detected. */
  dwellMs: number
  /** Dwell gathered before `blockedSinceMs`. */
  gatheredMs: number
  blockedSinceMs: number | undefined
  confirmedMs: number | undefined
  escalatedMs: number | undefined
  unobservedMs: number | undefined
  vacantSinceMs: number | undefined
  end: Exclude<EpisodeEnd, 'voided'> | undefined
  /** When the lane became free. The transition itself comes a hold-off later, at `endDecidedMs`. */
  endedMs: number | undefined
  endDecidedMs: number | undefined
  endedBy: string | undefined
  endReason: string | undefined
  /** Slots that have been occupied in it: each must be seen vacant before it can end. */
  involved: string[]
  evidence: PresenceChange[]
  rulesVersion: number
  layoutVersion: number
}

export type LaneState = {
  /** Due time of the last timer fired or event time of the last change taken, whichever is later. */
  lastMs: number
  presences: Record<string, Presence>
  /** The open record of each section. One that a person has ended stays until its slots have been seen vacant. */
  current: Record<string, EpisodeRecord>
}

export const LANE_STATE_VERSION = 2

/** Ends a section's episode by hand at `atMs`. */
export type HandEnd = {
  readonly section: string
  readonly atMs: number
  readonly by: string
  readonly reason: string
}

export type LaneConfig = {
  readonly rules: LaneRules
  readonly rulesVersion: number
  readonly layoutVersion: number
  readonly sectionOf: (slot: string) => string | undefined
  readonly slotsOfSection: ReadonlyMap<string, readonly string[]>
  /** Hour of the day at the site, 0 to 24. */
  readonly localHour: (atMs: number) => number
}

/** The first piece is why it was detected, the newest two are why it is as it is now. */
const MAX_EVIDENCE = 3

export const createLaneState = (): LaneState => ({
  lastMs: Number.NEGATIVE_INFINITY,
  presences: {},
  current: {},
})

export const cloneLaneState = (state: LaneState): LaneState => ({
  lastMs: state.lastMs,
  presences: { ...state.presences },
  current: Object.fromEntries(
    Object.entries(state.current).map(([section, record]) => [
      section,
      { ...record, involved: [...record.involved], evidence: [...record.evidence] },
    ]),
  ),
})

/** The earliest timer of any open record; Infinity when none runs. */
export const laneWakeMs = (state: LaneState, config: LaneConfig): number => {
  let wakeMs = Number.POSITIVE_INFINITY
  for (const section in state.current) {
    const record = state.current[section]!
    if (record.end === undefined) wakeMs = Math.min(wakeMs, recordWakeMs(record, config))
  }
  return wakeMs
}

const recordWakeMs = (record: EpisodeRecord, { rules }: LaneConfig): number => {
  const { confirmedMs, blockedSinceMs, vacantSinceMs, escalatedMs } = record
  if (vacantSinceMs !== undefined) return vacantSinceMs + rules.holdOffMs
  if (confirmedMs === undefined) {
    return blockedSinceMs === undefined
      ? Number.POSITIVE_INFINITY
      : blockedSinceMs + Math.max(0, record.dwellMs - record.gatheredMs)
  }
  return escalatedMs === undefined && rules.escalateAfterMs > 0
    ? confirmedMs + rules.escalateAfterMs
    : Number.POSITIVE_INFINITY
}

/**
 * Fires every timer due at or before `toMs`, each dated by its due time. True when a record changed.
 * Hands each record that ends to `onEnd`.
 */
export const advanceLane = (
  state: LaneState,
  toMs: number,
  config: LaneConfig,
  onEnd: (record: EpisodeRecord) => void,
): boolean => {
  let changed = false
  for (;;) {
    const record = nextDue(state, toMs, config)
    if (record === undefined) return changed
    const dueMs = recordWakeMs(record, config)
    state.lastMs = Math.max(state.lastMs, dueMs)
    changed = true
    if (record.vacantSinceMs !== undefined) {
      const end = record.confirmedMs === undefined ? 'passed' : 'cleared'
      endRecord(record, end, record.vacantSinceMs, dueMs, config)
      delete state.current[record.section]
      onEnd(record)
    } else if (record.confirmedMs === undefined) {
      record.confirmedMs = dueMs
      mark(record, config)
    } else {
      record.escalatedMs = dueMs
      mark(record, config)
    }
  }
}

/** The open record with the earliest timer due; sections in order of their ids where two are due together. */
const nextDue = (state: LaneState, toMs: number, config: LaneConfig): EpisodeRecord | undefined => {
  let next: EpisodeRecord | undefined
  let nextMs = toMs
  for (const section in state.current) {
    const record = state.current[section]!
    if (record.end !== undefined) continue
    const dueMs = recordWakeMs(record, config)
    if (dueMs > nextMs) continue
    if (next === undefined || dueMs < nextMs || record.section < next.section) {
      next = record
      nextMs = dueMs
    }
  }
  return next
}

/** Takes one change of presence in order. Timers due before it must have been fired. True when a record changed. */
export const stepLane = (state: LaneState, change: PresenceChange, config: LaneConfig): boolean => {
  state.lastMs = Math.max(state.lastMs, change.atMs)
  state.presences[change.slot] = change.presence
  const section = config.sectionOf(change.slot)
  if (section === undefined) return false
  const record = state.current[section]
  const isOccupied = (config.slotsOfSection.get(section) ?? []).some(
    (slot) => state.presences[slot] === 'occupied',
  )

  if (record === undefined) {
    if (!isOccupied) return false
    state.current[section] = detect(section, change, config)
    return true
  }
  if (change.presence === 'occupied' && !record.involved.includes(change.slot))
    record.involved.push(change.slot)
  if (record.end !== undefined) {
    // The car that a person has dealt with is not announced again.
    if (record.involved.every((slot) => state.presences[slot] === 'vacant')) delete state.current[section]
    return false
  }
  if (record.evidence.length === MAX_EVIDENCE) record.evidence.splice(1, 1)
  record.evidence.push(change)
  if (isOccupied) return block(record, change.atMs, config)
  const unseen = record.involved.some((slot) => state.presences[slot] !== 'vacant')
  return unseen ? hide(record, change.atMs, config) : vacate(record, change.atMs, config)
}

const detect = (section: string, change: PresenceChange, config: LaneConfig): EpisodeRecord => ({
  section,
  firstReading: readingOf(change),
  detectedMs: change.atMs,
  dwellMs: dwellAt(change.atMs, config),
  gatheredMs: 0,
  blockedSinceMs: change.atMs,
  confirmedMs: undefined,
  escalatedMs: undefined,
  unobservedMs: undefined,
  vacantSinceMs: undefined,
  end: undefined,
  endedMs: undefined,
  endDecidedMs: undefined,
  endedBy: undefined,
  endReason: undefined,
  involved: [change.slot],
  evidence: [change],
  rulesVersion: config.rulesVersion,
  layoutVersion: config.layoutVersion,
})

const readingOf = ({ device, session, counter }: PresenceChange): ReadingKey | undefined =>
  device === undefined ? undefined : { device, session, counter }

const dwellAt = (atMs: number, { rules, localHour }: LaneConfig): number => {
  const hour = localHour(atMs)
  const { dayFromHour, dayToHour } = rules
  const isDay =
    dayFromHour <= dayToHour
      ? hour >= dayFromHour && hour < dayToHour
      : hour >= dayFromHour || hour < dayToHour
  return isDay ? rules.dwellDayMs : rules.dwellNightMs
}

const block = (record: EpisodeRecord, atMs: number, config: LaneConfig): boolean => {
  const isNew = record.blockedSinceMs === undefined
  record.vacantSinceMs = undefined
  record.unobservedMs = undefined
  if (!isNew) return false
  record.blockedSinceMs = atMs
  mark(record, config)
  return true
}

const hide = (record: EpisodeRecord, atMs: number, config: LaneConfig): boolean => {
  if (record.unobservedMs !== undefined) return false
  stopDwell(record, atMs)
  record.vacantSinceMs = undefined
  record.unobservedMs = atMs
  mark(record, config)
  return true
}

const vacate = (record: EpisodeRecord, atMs: number, config: LaneConfig): boolean => {
  if (record.vacantSinceMs !== undefined) return false
  stopDwell(record, atMs)
  record.unobservedMs = undefined
  record.vacantSinceMs = atMs
  mark(record, config)
  return true
}

const stopDwell = (record: EpisodeRecord, atMs: number): void => {
  if (record.blockedSinceMs !== undefined) record.gatheredMs += atMs - record.blockedSinceMs
  record.blockedSinceMs = undefined
}

/** Ends the open record of a section by hand. False when there is none. */
export const endLaneByHand = (
  state: LaneState,
  command: HandEnd,
  config: LaneConfig,
): EpisodeRecord | undefined => {
  state.lastMs = Math.max(state.lastMs, command.atMs)
  const record = state.current[command.section]
  if (record === undefined || record.end !== undefined) return undefined
  endRecord(record, 'ended-by-hand', command.atMs, command.atMs, config)
  record.endedBy = command.by
  record.endReason = command.reason
  return record
}

const endRecord = (
  record: EpisodeRecord,
  end: NonNullable<EpisodeRecord['end']>,
  endedMs: number,
  decidedMs: number,
  config: LaneConfig,
): void => {
  stopDwell(record, endedMs)
  record.end = end
  record.endedMs = endedMs
  record.endDecidedMs = decidedMs
  record.unobservedMs = undefined
  mark(record, config)
}

/** The versions that made the latest transition. */
const mark = (record: EpisodeRecord, config: LaneConfig): void => {
  record.rulesVersion = config.rulesVersion
  record.layoutVersion = config.layoutVersion
}
