import type { ConfigInForce, ConfigTimeline } from './config-in-force.ts'
import { createConfigTimeline } from './config-in-force.ts'
import type { EpisodeRecord, HandEnd, LaneState } from './lane-machine.ts'
import {
  advanceLane,
  cloneLaneState,
  createLaneState,
  endLaneByHand,
  LANE_STATE_VERSION,
  laneWakeMs,
  stepLane,
} from './lane-machine.ts'
import type { Sample } from './sample.ts'
import type { SampleQueue } from './sample-queue.ts'
import {
  createSampleQueue,
  createSampleStore,
  dropFirst,
  insertSample,
  queuedMs,
  queuedRow,
  queuedSample,
  shiftProvisional,
} from './sample-queue.ts'
import type { PresenceChange, SlotState } from './slot-machine.ts'
import { createSlotState, fallSilent, silenceDueMs, SLOT_STATE_VERSION, stepSlot } from './slot-machine.ts'
import { createTimerHeap } from './timer-heap.ts'

/**
 * All lanes of a site that one gateway decides, each twice: `settled` behind its watermark, `live` in front.
 *
 * ```
 *  event time ──────────────────────────────────────────────▶
 *      settled          │  samples that may still be joined   │ now
 *      (never changes)  │  by late ones: live = settled +     │ (timers fire
 *                  watermark   these, in order                 │  in live)
 * ```
 * A sample in order steps `live`. One out of order marks its slot, and `flush` folds the slot again from
 * `settled`; only where that moves a change of presence is the lane folded again. So `live` is a pure function of
 * the samples and the time, whatever the order of arrival.
 */
export type Estate = {
  /** Puts a configuration in force for everything from `fromMs` on. */
  configure(config: ConfigInForce): void
  /** One sample, each at most once. `nowMs` is the domain time at which it was heard. */
  accept(sample: Sample, nowMs: number): Accepted
  endByHand(command: HandEnd): void
  /** Fires what is due by `nowMs`, folds again what is out of order, settles what can no longer change. */
  flush(nowMs: number): void
  /** True while a sample out of order waits to be folded in. */
  isDirty(): boolean
  /** True while `takeChanged` or `takeChangedSlots` has something to say. */
  hasNews(): boolean
  /** The earliest domain time at which something is due; Infinity when nothing is. */
  wakeMs(): number
  /** Lanes whose live records may have changed since the last call. */
  takeChanged(): LaneView[]
  /** Records that have settled since the last call, in order of their end. Until then `takeChanged` shows them too. */
  takeSettled(): SettledRecord[]
  lanes(): Iterable<LaneView>
  /** Slots with what is known of each now. */
  presences(): Iterable<SlotView>
  takeChangedSlots(): SlotView[]
  /** While on, nothing settles: the times of the samples are provisional. */
  hold(on: boolean): void
  /** The gateway's clock became known: provisional times move by this many milliseconds. */
  shift(shiftMs: number): void
  /** The lowest log row that `snapshot` does not contain; undefined when it contains all. */
  oldestPendingRow(): number | undefined
  snapshot(): EstateSnapshot
  stats(): { readonly pendingSamples: number; readonly shortenedAllowances: number }
}

/** `merged`, or why not: too late for the settled part, seen before, or of no slot that is decided here. */
export type Accepted = 'merged' | { readonly lateBehindMs: number } | 'duplicate' | 'no-slot'

export type LaneView = { readonly lane: string; readonly records: readonly EpisodeRecord[] }
export type SettledRecord = { readonly lane: string; readonly record: EpisodeRecord }
/** What is known of one slot, since when, and the change that said so. */
export type SlotView = {
  readonly slot: string
  readonly section: string
  readonly change: PresenceChange | undefined
}

/** Plain data of everything settled. Another version is not read: the state is rebuilt from the log. */
export type EstateSnapshot = {
  readonly stateVersion: string
  readonly configs: readonly ConfigInForce[]
  readonly lanes: readonly {
    readonly lane: string
    readonly watermarkMs: number
    readonly state: LaneState
    readonly handEnds: readonly HandEnd[]
    readonly slots: readonly {
      readonly slot: string
      readonly maxMs: number
      readonly state: SlotState
      readonly lastChange: PresenceChange | undefined
    }[]
  }[]
}

export type EstateOptions = {
  /** The gateway whose sections are decided; undefined decides all of them. */
  readonly gateway: string | undefined
  /** Event time of a device's last reading before a hole that the device can still fill; undefined without one. */
  readonly holeSinceMs: (device: string) => number | undefined
  readonly snapshot?: EstateSnapshot | undefined
  readonly maxPendingSamples?: number
}

export const ESTATE_STATE_VERSION = `slot ${SLOT_STATE_VERSION} lane ${LANE_STATE_VERSION}`

/** About 40 MB; beyond it the oldest samples settle early, counted as a shortened allowance. */
const MAX_PENDING_SAMPLES = 400_000

type SlotEntry = {
  readonly id: string
  readonly lane: LaneEntry
  device: string | undefined
  settled: SlotState
  live: SlotState
  /** Everything at or after the lane's watermark. */
  readonly pending: SampleQueue
  /** Live changes at or after the watermark, in order. */
  changes: PresenceChange[]
  /** The last change before those. */
  lastChange: PresenceChange | undefined
  maxMs: number
  heardMs: number
  holeMs: number | undefined
  isDirty: boolean
}

type LaneEntry = {
  readonly id: string
  readonly slots: SlotEntry[]
  watermarkMs: number
  settled: LaneState
  live: LaneState
  /** Records that ended in front of the watermark. */
  ended: EpisodeRecord[]
  handEnds: HandEnd[]
  isDirty: boolean
  sinceSettle: number
}

export const createEstate = (options: EstateOptions): Estate => {
  const { gateway, holeSinceMs, maxPendingSamples = MAX_PENDING_SAMPLES } = options
  const timeline = createConfigTimeline(gateway)
  const store = createSampleStore()
  const lanes = new Map<string, LaneEntry>()
  const slots = new Map<string, SlotEntry>()
  const timers = createTimerHeap<SlotEntry | LaneEntry>()
  const dirtySlots = new Set<SlotEntry>()
  const dirtyLanes = new Set<LaneEntry>()
  const changedLanes = new Set<LaneEntry>()
  const changedSlots = new Set<SlotEntry>()
  const settleNext = new Set<LaneEntry>()
  let settledRecords: SettledRecord[] = []
  let pendingSamples = 0
  let shortenedAllowances = 0
  let isHeld = false
  let heardAnyMs = Number.NEGATIVE_INFINITY
  let gapEndMs = Number.NEGATIVE_INFINITY
  let sweptMs = Number.NEGATIVE_INFINITY

  const laneOf = (id: string): LaneEntry => {
    const known = lanes.get(id)
    if (known !== undefined) return known
    const lane: LaneEntry = {
      id,
      slots: [],
      watermarkMs: Number.NEGATIVE_INFINITY,
      settled: createLaneState(),
      live: createLaneState(),
      ended: [],
      handEnds: [],
      isDirty: false,
      sinceSettle: 0,
    }
    lanes.set(id, lane)
    return lane
  }

  const slotOf = (id: string, laneId: string): SlotEntry => {
    const known = slots.get(id)
    if (known !== undefined && known.lane.id === laneId) return known
    const lane = laneOf(laneId)
    const slot: SlotEntry = {
      id,
      lane,
      device: undefined,
      settled: createSlotState(),
      live: createSlotState(),
      pending: createSampleQueue(id),
      changes: [],
      lastChange: undefined,
      maxMs: Number.NEGATIVE_INFINITY,
      heardMs: Number.NEGATIVE_INFINITY,
      holeMs: undefined,
      isDirty: false,
    }
    slots.set(id, slot)
    lane.slots.push(slot)
    lane.slots.sort((a, b) => (a.id < b.id ? -1 : 1))
    return slot
  }

  const markSlot = (slot: SlotEntry): void => {
    slot.isDirty = true
    dirtySlots.add(slot)
  }
  const markLane = (lane: LaneEntry): void => {
    lane.isDirty = true
    dirtyLanes.add(lane)
  }

  const rescheduleSlot = (slot: SlotEntry): void =>
    timers.set(slot, silenceDueMs(slot.live, timeline.ofSlot(slot.id, slot.live.lastMs)))
  const rescheduleLane = (lane: LaneEntry): void =>
    timers.set(lane, laneWakeMs(lane.live, timeline.ofLane(lane.id, lane.live.lastMs)))

  /** Steps the live lane with a change that comes after everything it has seen, else marks it. */
  const stepLive = (lane: LaneEntry, change: PresenceChange): void => {
    if (lane.isDirty) return
    if (change.atMs <= lane.live.lastMs) {
      markLane(lane)
      return
    }
    const fired = fireLane(lane, lane.live, change.atMs, lane.ended)
    const stepped = stepLane(lane.live, change, timeline.ofLane(lane.id, change.atMs))
    if (fired || stepped) changedLanes.add(lane)
    rescheduleLane(lane)
  }

  /** Timers due by `toMs`, each under the configuration of its own time. */
  const fireLane = (lane: LaneEntry, state: LaneState, toMs: number, ended: EpisodeRecord[]): boolean => {
    let fired = false
    for (const stretch of timeline.stretches(toMs)) {
      const config = timeline.ofLane(lane.id, stretch.fromMs)
      if (advanceLane(state, stretch.toMs, config, (record) => ended.push(record))) fired = true
    }
    return fired
  }

  const takeLive = (slot: SlotEntry, change: PresenceChange): void => {
    slot.changes.push(change)
    changedSlots.add(slot)
    stepLive(slot.lane, change)
  }

  const foldSlotAgain = (slot: SlotEntry): void => {
    slot.isDirty = false
    const before = slot.changes
    slot.live = { ...slot.settled }
    slot.changes = []
    const length = slot.pending.places.length
    for (let index = 0; index < length; index++) {
      const sample = queuedSample(store, slot.pending, index)
      stepSlotInOrder(slot.live, sample, slot.holeMs, timeline, (change) => slot.changes.push(change))
    }
    rescheduleSlot(slot)
    if (!isSameChanges(before, slot.changes)) {
      changedSlots.add(slot)
      markLane(slot.lane)
    }
  }

  const foldLaneAgain = (lane: LaneEntry): void => {
    lane.isDirty = false
    lane.live = cloneLaneState(lane.settled)
    lane.ended = []
    foldLane(
      lane,
      lane.live,
      lane.slots.flatMap((slot) => slot.changes),
      lane.handEnds,
      lane.ended,
    )
    changedLanes.add(lane)
    rescheduleLane(lane)
  }

  const foldLane = (
    lane: LaneEntry,
    state: LaneState,
    changes: PresenceChange[],
    handEnds: readonly HandEnd[],
    ended: EpisodeRecord[],
  ): void => {
    changes.sort((a, b) => a.atMs - b.atMs || (a.slot < b.slot ? -1 : 1))
    let next = 0
    const endUpTo = (atMs: number): void => {
      for (; next < handEnds.length && handEnds[next]!.atMs <= atMs; next++) {
        const command = handEnds[next]!
        fireLane(lane, state, command.atMs, ended)
        const record = endLaneByHand(state, command, timeline.ofLane(lane.id, command.atMs))
        if (record !== undefined) ended.push(record)
      }
    }
    for (const change of changes) {
      endUpTo(change.atMs)
      fireLane(lane, state, change.atMs, ended)
      stepLane(state, change, timeline.ofLane(lane.id, change.atMs))
    }
    endUpTo(Number.POSITIVE_INFINITY)
  }

  /**
   * The watermark a lane may have: the minimum over its slots of the highest event time less the allowance, and
   * not past a hole that a device can still fill. A slot that is silent, by event time and by the clock, holds
   * nothing up.
   */
  const allowedWatermarkMs = (lane: LaneEntry, nowMs: number): number => {
    let newestMs = Number.NEGATIVE_INFINITY
    for (const slot of lane.slots) newestMs = Math.max(newestMs, slot.maxMs)
    let watermarkMs = Number.POSITIVE_INFINITY
    let isAllSilent = true
    for (const slot of lane.slots) {
      const { silenceAfterMs } = timeline.ofSlot(slot.id, slot.maxMs).rules
      const allowanceMs = timeline.allowanceMs(slot.maxMs)
      const isUnheard = nowMs >= Math.max(slot.heardMs, gapEndMs) + silenceAfterMs + allowanceMs
      if (isUnheard && slot.maxMs + silenceAfterMs + allowanceMs < nowMs) {
        if (slot.maxMs + silenceAfterMs + allowanceMs < newestMs) continue
      } else {
        isAllSilent = false
      }
      watermarkMs = Math.min(watermarkMs, slot.maxMs - allowanceMs, slot.holeMs ?? Number.POSITIVE_INFINITY)
    }
    // Nothing is under way any more: what comes after such a silence is newer than everything heard before it.
    if (isAllSilent) {
      watermarkMs = lane.slots.reduce((min, slot) => Math.min(min, slot.holeMs ?? min), newestMs + 1)
    }
    return Number.isFinite(watermarkMs) ? watermarkMs : Number.NEGATIVE_INFINITY
  }

  const settleLane = (lane: LaneEntry, watermarkMs: number): void => {
    lane.sinceSettle = 0
    if (!(watermarkMs > lane.watermarkMs)) return
    lane.watermarkMs = watermarkMs
    const changes: PresenceChange[] = []
    for (const slot of lane.slots) settleSlot(slot, watermarkMs, changes)
    const handEnds = lane.handEnds.filter((command) => command.atMs < watermarkMs)
    if (handEnds.length > 0) lane.handEnds = lane.handEnds.slice(handEnds.length)
    const ended: EpisodeRecord[] = []
    foldLane(lane, lane.settled, changes, handEnds, ended)
    fireLane(lane, lane.settled, watermarkMs - 1, ended)
    if (ended.length === 0) return
    const isSettled = (record: EpisodeRecord) =>
      ended.some((one) => one.section === record.section && one.detectedMs === record.detectedMs)
    lane.ended = lane.ended.filter((record) => !isSettled(record))
    for (const record of ended) settledRecords.push({ lane: lane.id, record: { ...record } })
  }

  const settleSlot = (slot: SlotEntry, watermarkMs: number, changes: PresenceChange[]): void => {
    let count = 0
    const take = (change: PresenceChange) => changes.push(change)
    const length = slot.pending.places.length
    while (count < length && queuedMs(store, slot.pending, count) < watermarkMs) {
      const sample = queuedSample(store, slot.pending, count++)
      stepSlotInOrder(slot.settled, sample, undefined, timeline, take)
    }
    if (count > 0) {
      dropFirst(store, slot.pending, count)
      pendingSamples -= count
    }
    const dueMs = silenceDueMs(slot.settled, timeline.ofSlot(slot.id, slot.settled.lastMs))
    if (dueMs < watermarkMs) changes.push(fallSilent(slot.settled, slot.id, dueMs, SILENT))
    let passed = 0
    while (passed < slot.changes.length && slot.changes[passed]!.atMs < watermarkMs) passed++
    if (passed > 0) slot.lastChange = slot.changes.splice(0, passed)[passed - 1]
  }

  const fireDue = (nowMs: number): void => {
    for (let due = timers.takeDue(nowMs); due !== undefined; due = timers.takeDue(nowMs)) {
      const { key, dueMs } = due
      if ('pending' in key) {
        if (!key.isDirty && key.live.presence !== 'unknown')
          takeLive(key, fallSilent(key.live, key.id, dueMs, SILENT))
      } else if (!key.isDirty) {
        if (fireLane(key, key.live, dueMs, key.ended)) changedLanes.add(key)
        rescheduleLane(key)
      }
    }
  }

  const foldDirty = (): void => {
    for (const slot of dirtySlots) foldSlotAgain(slot)
    dirtySlots.clear()
    for (const lane of dirtyLanes) foldLaneAgain(lane)
    dirtyLanes.clear()
  }

  const flush = (nowMs: number): void => {
    // A silence that fires may be older than what its lane has seen, which marks the lane again.
    do {
      foldDirty()
      fireDue(nowMs)
    } while (dirtyLanes.size > 0)
    if (isHeld) return
    if (nowMs >= sweptMs + SWEEP_MS) {
      sweptMs = nowMs
      for (const lane of lanes.values()) settleNext.add(lane)
    }
    if (settleNext.size === 0) return
    for (const lane of settleNext) settleLane(lane, allowedWatermarkMs(lane, nowMs))
    settleNext.clear()
    if (pendingSamples > maxPendingSamples) shortenAllowance()
    if (timeline.configs().length > 1) {
      timeline.forget(
        [...lanes.values()].reduce((min, lane) => Math.min(min, lane.watermarkMs), Number.POSITIVE_INFINITY),
      )
    }
  }

  const shortenAllowance = (): void => {
    shortenedAllowances++
    for (const lane of lanes.values()) {
      let newestMs = Number.NEGATIVE_INFINITY
      for (const { pending } of lane.slots) {
        const older = Math.ceil(pending.places.length / 2)
        if (older > 0) newestMs = Math.max(newestMs, queuedMs(store, pending, older - 1))
      }
      settleLane(lane, newestMs + 1)
    }
  }

  /** Records that settled since they were last told are told once more, in their final form. */
  const viewOf = (lane: LaneEntry): LaneView => ({
    lane: lane.id,
    records: [
      ...settledRecords.filter((one) => one.lane === lane.id).map((one) => one.record),
      ...lane.ended,
      ...Object.values(lane.live.current).filter((record) => record.end === undefined),
    ],
  })
  const viewOfSlot = (slot: SlotEntry): SlotView => ({
    slot: slot.id,
    section: timeline.sectionOf(slot.id) ?? '',
    change: slot.changes.at(-1) ?? slot.lastChange,
  })

  const configure = (config: ConfigInForce): void => {
    timeline.add(config)
    for (const { slot, lane, device } of timeline.slots()) slotOf(slot, lane).device = device
    for (const slot of slots.values()) rescheduleSlot(slot)
    for (const lane of lanes.values()) rescheduleLane(lane)
  }

  if (options.snapshot !== undefined) {
    for (const config of options.snapshot.configs) configure(config)
    for (const saved of options.snapshot.lanes) {
      const lane = lanes.get(saved.lane)
      if (lane === undefined) continue
      lane.watermarkMs = saved.watermarkMs
      lane.settled = cloneLaneState(saved.state)
      lane.handEnds = [...saved.handEnds]
      for (const one of saved.slots) {
        const slot = slots.get(one.slot)
        if (slot?.lane !== lane) continue
        slot.settled = { ...one.state }
        slot.maxMs = one.maxMs
        slot.lastChange = one.lastChange
        markSlot(slot)
      }
      markLane(lane)
    }
  }

  return {
    configure,
    accept: (sample, nowMs) => {
      const slot = slots.get(sample.slot)
      if (slot === undefined) return 'no-slot'
      const { lane } = slot
      const { silenceAfterMs } = timeline.ofSlot(slot.id, sample.atMs).rules
      if (nowMs > heardAnyMs + silenceAfterMs / 2) gapEndMs = nowMs
      heardAnyMs = Math.max(heardAnyMs, nowMs)
      slot.heardMs = Math.max(slot.heardMs, nowMs)
      const holeMs = holeSinceMs(sample.device)
      if (holeMs !== slot.holeMs) {
        slot.holeMs = holeMs
        markSlot(slot)
      }
      if (sample.atMs < lane.watermarkMs) return { lateBehindMs: lane.watermarkMs - sample.atMs }
      const at = insertSample(store, slot.pending, sample)
      if (at === undefined) return 'duplicate'
      slot.maxMs = Math.max(slot.maxMs, sample.atMs)
      pendingSamples++
      if (++lane.sinceSettle >= SETTLE_EVERY_SAMPLES_PER_SLOT * lane.slots.length) settleNext.add(lane)
      const isInOrder = at === slot.pending.places.length - 1 && !slot.isDirty
      const isSilentTooSoon =
        slot.live.presence === 'unknown' && (slot.changes.at(-1)?.atMs ?? sample.atMs) > sample.atMs
      if (isInOrder && !isSilentTooSoon) {
        stepSlotInOrder(slot.live, sample, slot.holeMs, timeline, (change) => takeLive(slot, change))
        rescheduleSlot(slot)
      } else {
        markSlot(slot)
      }
      return 'merged'
    },
    endByHand: (command) => {
      const laneId = timeline.laneOfSection(command.section)
      const lane = laneId === undefined ? undefined : lanes.get(laneId)
      if (lane === undefined || command.atMs < lane.watermarkMs) return
      lane.handEnds.push(command)
      lane.handEnds.sort((a, b) => a.atMs - b.atMs)
      markLane(lane)
    },
    flush,
    isDirty: () => dirtySlots.size > 0 || dirtyLanes.size > 0,
    hasNews: () => changedLanes.size > 0 || changedSlots.size > 0,
    wakeMs: timers.nextMs,
    takeChanged: () => {
      const views = [...changedLanes].map(viewOf)
      changedLanes.clear()
      return views
    },
    takeSettled: () => {
      const records = settledRecords
      settledRecords = []
      return records
    },
    lanes: () => [...lanes.values()].map(viewOf),
    presences: () => [...slots.values()].map(viewOfSlot),
    takeChangedSlots: () => {
      const views = [...changedSlots].map(viewOfSlot)
      changedSlots.clear()
      return views
    },
    hold: (on) => {
      isHeld = on
    },
    shift: (shiftMs) => {
      for (const slot of slots.values()) {
        if (!shiftProvisional(store, slot.pending, shiftMs)) continue
        slot.maxMs = queuedMs(store, slot.pending, slot.pending.places.length - 1)
        markSlot(slot)
        markLane(slot.lane)
      }
    },
    oldestPendingRow: () => {
      let row: number | undefined
      for (const { pending } of slots.values()) {
        const length = pending.places.length
        for (let index = 0; index < length; index++)
          row = Math.min(row ?? Number.POSITIVE_INFINITY, queuedRow(store, pending, index))
      }
      return row
    },
    snapshot: () => ({
      stateVersion: ESTATE_STATE_VERSION,
      configs: timeline.configs(),
      lanes: [...lanes.values()].map((lane) => ({
        lane: lane.id,
        watermarkMs: lane.watermarkMs,
        state: cloneLaneState(lane.settled),
        handEnds: [...lane.handEnds],
        slots: lane.slots.map((slot) => ({
          slot: slot.id,
          maxMs: slot.settled.lastMs,
          state: { ...slot.settled },
          lastChange: slot.lastChange,
        })),
      })),
    }),
    stats: () => ({ pendingSamples, shortenedAllowances }),
  }
}

const SILENT = 'not heard for longer than its silence limit'
/** Settling looks at every slot of a lane, so it is done once in a few samples of each. */
const SETTLE_EVERY_SAMPLES_PER_SLOT = 4
/** And once a minute for lanes that say nothing, so that they too settle in the end. */
const SWEEP_MS = 60_000

/**
 * One sample in order of event time. A silence that fell before it comes first: dated by its due time, or right
 * behind the last reading where the device still holds what it said since.
 */
const stepSlotInOrder = (
  state: SlotState,
  sample: Sample,
  holeMs: number | undefined,
  timeline: ConfigTimeline,
  take: (change: PresenceChange) => void,
): void => {
  const { slot, atMs } = sample
  const dueMs = silenceDueMs(state, timeline.ofSlot(slot, state.lastMs))
  if (atMs >= dueMs) {
    const isHole = holeMs !== undefined && state.lastMs <= holeMs && atMs > holeMs
    take(
      isHole ? fallSilent(state, slot, state.lastMs + 1, HELD_BACK) : fallSilent(state, slot, dueMs, SILENT),
    )
  }
  const change = stepSlot(state, sample, timeline.ofSlot(slot, atMs))
  if (change !== undefined) take(change)
}

const HELD_BACK = 'the device still holds what it saw since'

const isSameChanges = (a: readonly PresenceChange[], b: readonly PresenceChange[]): boolean =>
  a.length === b.length &&
  a.every((change, index) => change.atMs === b[index]!.atMs && change.presence === b[index]!.presence)
