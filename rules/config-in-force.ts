import type { Calibration, Layout, RuleSet } from '@clearlane/protocol'
import { rulesOfLane } from '@clearlane/protocol'
import type { LaneConfig } from './lane-machine.ts'
import { createLocalHour } from './local-hour.ts'
import type { SlotConfig } from './slot-machine.ts'

/** A layout and a rule set, and the event time from which they hold. */
export type ConfigInForce = { readonly fromMs: number; readonly layout: Layout; readonly rules: RuleSet }

export type ConfigTimeline = {
  add(config: ConfigInForce): void
  /** What held for a lane at an event time. */
  ofLane(lane: string, atMs: number): LaneConfig
  ofSlot(slot: string, atMs: number): SlotConfig
  /** The time up to `toMs`, cut where another configuration comes into force. */
  stretches(toMs: number): Iterable<{ readonly fromMs: number; readonly toMs: number }>
  allowanceMs(atMs: number): number
  /** Slots that are decided here now, with their lane and device. */
  slots(): Iterable<{ readonly slot: string; readonly lane: string; readonly device: string | undefined }>
  sectionOf(slot: string): string | undefined
  laneOfSection(section: string): string | undefined
  /** Drops configurations that no sample at or after `watermarkMs` can ask for. */
  forget(watermarkMs: number): void
  configs(): readonly ConfigInForce[]
}

type Compiled = {
  readonly config: ConfigInForce
  readonly lanes: ReadonlyMap<string, LaneConfig>
  readonly slots: ReadonlyMap<string, PlacedSlot>
  readonly laneOfSection: ReadonlyMap<string, string>
}
type PlacedSlot = SlotConfig & { readonly section: string; readonly lane: string }

/**
 * Several configurations by event time, since a late sample is judged by the rules of its own time. A slot that a
 * later layout no longer names keeps its place, so that an episode it is part of goes unobserved instead of being
 * forgotten.
 */
export const createConfigTimeline = (gateway: string | undefined): ConfigTimeline => {
  const entries: Compiled[] = []
  const at = (atMs: number): Compiled => {
    for (let index = entries.length - 1; index > 0; index--) {
      if (entries[index]!.config.fromMs <= atMs) return entries[index]!
    }
    return entries[0]!
  }
  const newest = (): Compiled | undefined => entries.at(-1)
  return {
    add: (config) => {
      entries.push(compile(config, gateway, newest()))
      entries.sort((a, b) => a.config.fromMs - b.config.fromMs)
    },
    ofLane: (lane, atMs) => at(atMs).lanes.get(lane) ?? newest()!.lanes.get(lane)!,
    ofSlot: (slot, atMs) => at(atMs).slots.get(slot) ?? newest()!.slots.get(slot)!,
    stretches: (toMs) => {
      if (entries.length === 1) return [{ fromMs: toMs, toMs }]
      const starts = entries
        .map((entry) => entry.config.fromMs)
        .filter((fromMs, index) => index === 0 || fromMs <= toMs)
      return starts.map((fromMs, index) => ({ fromMs, toMs: (starts[index + 1] ?? toMs + 1) - 1 }))
    },
    allowanceMs: (atMs) => at(atMs).config.rules.allowanceMs,
    slots: () => {
      const compiled = newest()
      if (compiled === undefined) return []
      return compiled.config.layout.slots.flatMap((slot) => {
        const lane = compiled.slots.get(slot.id)?.lane
        return lane === undefined ? [] : [{ slot: slot.id, lane, device: slot.device }]
      })
    },
    sectionOf: (slot) => newest()?.slots.get(slot)?.section,
    laneOfSection: (section) => newest()?.laneOfSection.get(section),
    forget: (watermarkMs) => {
      while (entries.length > 1 && entries[1]!.config.fromMs <= watermarkMs) entries.shift()
    },
    configs: () => entries.map((entry) => entry.config),
  }
}

const compile = (
  config: ConfigInForce,
  gateway: string | undefined,
  previous: Compiled | undefined,
): Compiled => {
  const { layout, rules } = config
  const localHour = createLocalHour(layout.timeZone)
  const own = layout.sections.filter((section) => gateway === undefined || section.gateway === gateway)
  const laneOfSection = new Map([
    ...(previous?.laneOfSection ?? []),
    ...own.map((section) => [section.id, section.lane] as const),
  ])
  const places = new Map<string, { section: string; calibration: Calibration | undefined }>()
  for (const [id, { section }] of previous?.slots ?? []) places.set(id, { section, calibration: undefined })
  const ownIds = new Set(own.map((section) => section.id))
  for (const { id, section, calibration } of layout.slots)
    if (ownIds.has(section)) places.set(id, { section, calibration })

  const slots = new Map<string, PlacedSlot>()
  const sectionOf = (slot: string): string | undefined => slots.get(slot)?.section
  const slotsOfSection = Map.groupBy(places.keys(), (slot) => places.get(slot)!.section)
  const lanes = new Map<string, LaneConfig>()
  for (const [id, { section, calibration }] of places) {
    const lane = laneOfSection.get(section)!
    const laneConfig = lanes.get(lane) ?? {
      rules: rulesOfLane(rules, lane),
      rulesVersion: rules.version,
      layoutVersion: layout.version,
      sectionOf,
      slotsOfSection,
      localHour,
    }
    lanes.set(lane, laneConfig)
    slots.set(id, { rules: laneConfig.rules, calibration, section, lane })
  }
  return { config, lanes, slots, laneOfSection }
}
