import type { Calibration, Evidence, LaneRules, Presence } from '@clearlane/protocol'
import type { Sample } from './sample.ts'

/**
 * Field to presence, one slot. Plain data, so that it can be written down and read back.
 *
 * ```
 *  unknown ──(a reading, calibrated)──▶ vacant ◀──(residual < off)── occupied
 *     ▲                                   └────(residual ≥ on)──────────▲
 *     └───────────(silent for silenceAfterMs, or no calibration)────────┘
 * ```
 */
export type SlotState = {
  presence: Presence
  /** What was known before a silence: a weak field that was occupied stays occupied when the sensor is heard again. */
  lastKnown: Presence
  /** Event time of the last reading; -Infinity before the first. */
  lastMs: number
  lastXNt: number
  lastYNt: number
  lastZNt: number
  /** The empty field as it is followed through slow drift; frozen while occupied. */
  baseXNt: number
  baseYNt: number
  baseZNt: number
  /** `atMs` of the calibration that the baseline grew from; another one starts it anew. */
  calibratedMs: number | undefined
}

export const SLOT_STATE_VERSION = 2

/**
 * From `atMs` on the slot is known to be this, and why. Flat, since a large estate remembers tens of thousands of
 * them: 180 bytes, where its evidence as people are told it takes 400.
 */
export type PresenceChange = {
  readonly slot: string
  readonly atMs: number
  readonly presence: Presence
  readonly reason: string
  /** The reading that made it and the field it saw; undefined after a silence. */
  readonly device: string | undefined
  readonly session: number
  readonly counter: number
  readonly xNt: number
  readonly yNt: number
  readonly zNt: number
  /** The field of the reading before. */
  readonly hasBefore: boolean
  readonly beforeXNt: number
  readonly beforeYNt: number
  readonly beforeZNt: number
  /** The empty field, the distance from it and the threshold that this passed. */
  readonly hasBaseline: boolean
  readonly baseXNt: number
  readonly baseYNt: number
  readonly baseZNt: number
  readonly residualNt: number
  readonly thresholdNt: number
}

/** What people are told of a change. */
export const toEvidence = (change: PresenceChange): Evidence => {
  const { slot, reason, device, session, counter, residualNt, thresholdNt } = change
  if (device === undefined) return { slot, reason }
  return {
    slot,
    reading: { device, session, counter },
    ...(change.hasBefore && {
      before: [change.beforeXNt, change.beforeYNt, change.beforeZNt] as [number, number, number],
    }),
    after: [change.xNt, change.yNt, change.zNt],
    ...(change.hasBaseline && {
      baseline: [change.baseXNt, change.baseYNt, change.baseZNt] as [number, number, number],
      residualNt,
      thresholdNt,
    }),
    reason,
  }
}

/** The rules and the calibration of one slot as they are in force at a time. */
export type SlotConfig = { readonly rules: LaneRules; readonly calibration: Calibration | undefined }

/** The empty field drifts with season and temperature over hours; a vehicle comes within seconds. */
const BASELINE_TIME_CONSTANT_MS = 3_600_000
/** However slowly a field creeps, a baseline this many thresholds from its calibration is no longer drift. */
const MAX_BASELINE_DRIFT_IN_THRESHOLDS = 4

export const createSlotState = (): SlotState => ({
  presence: 'unknown',
  lastKnown: 'unknown',
  lastMs: Number.NEGATIVE_INFINITY,
  lastXNt: 0,
  lastYNt: 0,
  lastZNt: 0,
  baseXNt: 0,
  baseYNt: 0,
  baseZNt: 0,
  calibratedMs: undefined,
})

/** Event time at which the slot becomes unknown unless it is heard again; Infinity where it already is. */
export const silenceDueMs = (state: SlotState, config: SlotConfig): number =>
  state.presence === 'unknown' ? Number.POSITIVE_INFINITY : state.lastMs + config.rules.silenceAfterMs

/** Silence from `dueMs` on: unknown, never vacant. */
export const fallSilent = (state: SlotState, slot: string, dueMs: number, reason: string): PresenceChange => {
  state.presence = 'unknown'
  return { ...UNSEEN, slot, atMs: dueMs, presence: 'unknown', reason }
}

/** Takes one sample in order; the change of presence that it makes, if any. */
export const stepSlot = (
  state: SlotState,
  sample: Sample,
  config: SlotConfig,
): PresenceChange | undefined => {
  const { calibration } = config
  if (calibration?.atMs !== state.calibratedMs) restart(state, calibration)
  const before = state.presence
  const residualNt = Math.hypot(
    sample.xNt - state.baseXNt,
    sample.yNt - state.baseYNt,
    sample.zNt - state.baseZNt,
  )
  const presence = toPresence(state.lastKnown, residualNt, sample, config)
  const change = presence === before ? undefined : toChange(state, sample, presence, residualNt, config)
  if (presence === 'vacant' && calibration !== undefined && residualNt < config.rules.offNt) {
    followDrift(state, sample, calibration, config.rules)
  }
  state.presence = presence
  if (presence !== 'unknown') state.lastKnown = presence
  state.lastMs = sample.atMs
  state.lastXNt = sample.xNt
  state.lastYNt = sample.yNt
  state.lastZNt = sample.zNt
  return change
}

const restart = (state: SlotState, calibration: Calibration | undefined): void => {
  state.lastKnown = 'unknown'
  state.calibratedMs = calibration?.atMs
  state.baseXNt = calibration?.xNt ?? 0
  state.baseYNt = calibration?.yNt ?? 0
  state.baseZNt = calibration?.zNt ?? 0
}

const toPresence = (
  lastKnown: Presence,
  residualNt: number,
  sample: Sample,
  config: SlotConfig,
): Presence => {
  if (sample.opinion !== undefined && sample.opinion !== 'unknown') return sample.opinion
  if (config.calibration === undefined) return 'unknown'
  // Two thresholds, so a field that hovers at one of them does not flap.
  return residualNt >= (lastKnown === 'occupied' ? config.rules.offNt : config.rules.onNt)
    ? 'occupied'
    : 'vacant'
}

const toChange = (
  state: SlotState,
  sample: Sample,
  presence: Presence,
  residualNt: number,
  { rules, calibration }: SlotConfig,
): PresenceChange => ({
  slot: sample.slot,
  atMs: sample.atMs,
  presence,
  reason: toReason(presence, sample, calibration),
  device: sample.device,
  session: sample.session,
  counter: sample.counter,
  xNt: sample.xNt,
  yNt: sample.yNt,
  zNt: sample.zNt,
  hasBefore: Number.isFinite(state.lastMs),
  beforeXNt: state.lastXNt,
  beforeYNt: state.lastYNt,
  beforeZNt: state.lastZNt,
  hasBaseline: calibration !== undefined,
  baseXNt: Math.round(state.baseXNt),
  baseYNt: Math.round(state.baseYNt),
  baseZNt: Math.round(state.baseZNt),
  residualNt: Math.round(residualNt),
  thresholdNt: presence === 'occupied' ? rules.onNt : rules.offNt,
})

/** What nobody has measured. */
const UNSEEN = {
  device: undefined,
  session: 0,
  counter: 0,
  xNt: 0,
  yNt: 0,
  zNt: 0,
  hasBefore: false,
  beforeXNt: 0,
  beforeYNt: 0,
  beforeZNt: 0,
  hasBaseline: false,
  baseXNt: 0,
  baseYNt: 0,
  baseZNt: 0,
  residualNt: 0,
  thresholdNt: 0,
}

const toReason = (presence: Presence, sample: Sample, calibration: Calibration | undefined): string => {
  if (sample.opinion !== undefined && sample.opinion !== 'unknown') return 'the sensor says so itself'
  if (calibration === undefined) return 'not calibrated: its empty field is not known'
  return presence === 'occupied' ? 'the field left the empty band' : 'the field is back in the empty band'
}

const followDrift = (state: SlotState, sample: Sample, calibration: Calibration, rules: LaneRules): void => {
  const elapsedMs = Math.max(0, sample.atMs - state.lastMs)
  const gain = Number.isFinite(elapsedMs) ? 1 - Math.exp(-elapsedMs / BASELINE_TIME_CONSTANT_MS) : 0
  const limitNt = rules.onNt * MAX_BASELINE_DRIFT_IN_THRESHOLDS
  const follow = (base: number, field: number, origin: number) =>
    Math.min(origin + limitNt, Math.max(origin - limitNt, base + gain * (field - base)))
  state.baseXNt = follow(state.baseXNt, sample.xNt, calibration.xNt)
  state.baseYNt = follow(state.baseYNt, sample.yNt, calibration.yNt)
  state.baseZNt = follow(state.baseZNt, sample.zNt, calibration.zNt)
}
