import type { Lane, Layout, Section, Slot } from '@clearlane/protocol'
import { laneToPath, toPlan } from './geometry.ts'

/** Every change that a hand makes to a layout, as a function from layout to layout. What is untouched stays the same object. */

export type Kind = 'lanes' | 'sections' | 'slots'
/** One thing of a layout, by its list and its place in it. */
export type Item = { readonly kind: Kind; readonly index: number }
export type Made = { readonly layout: Layout; readonly item: Item }

const NEW_LANE_M = 24
const NEW_SECTION_M = 8
const FIRST_GATEWAY = 'gw-1'

export const changeLane = (layout: Layout, index: number, change: Partial<Lane>): Layout => {
  const before = layout.lanes[index]
  const lanes = replaceAt(layout.lanes, index, change)
  // What stands on a lane follows it to its new id.
  if (before === undefined || change.id === undefined || change.id === before.id) return { ...layout, lanes }
  const id = change.id
  return {
    ...layout,
    lanes,
    sections: layout.sections.map((section) =>
      section.lane === before.id ? { ...section, lane: id } : section,
    ),
  }
}

export const changeSection = (layout: Layout, index: number, change: Partial<Section>): Layout => {
  const before = layout.sections[index]
  const sections = replaceAt(layout.sections, index, change)
  if (before === undefined || change.id === undefined || change.id === before.id)
    return { ...layout, sections }
  const id = change.id
  return {
    ...layout,
    sections,
    slots: layout.slots.map((slot) => (slot.section === before.id ? { ...slot, section: id } : slot)),
  }
}

export const changeSlot = (layout: Layout, index: number, change: Partial<Slot>): Layout => ({
  ...layout,
  slots: replaceAt(layout.slots, index, change),
})

export const addLane = (layout: Layout, name: string): Made => {
  const id = freeId(layout.lanes, 'lane')
  const lane: Lane = { id, name, kind: 'fire-lane', lengthM: NEW_LANE_M }
  return {
    layout: { ...layout, lanes: [...layout.lanes, lane] },
    item: { kind: 'lanes', index: layout.lanes.length },
  }
}

/** A section in the widest stretch of the lane that has none; over the whole lane where there is no such stretch. */
export const addSection = (layout: Layout, lane: Lane, name: string): Made => {
  const own = layout.sections.filter((section) => section.lane === lane.id)
  const gap = widestGap(
    own.map(({ fromM, toM }) => [fromM, toM] as const),
    0,
    lane.lengthM,
  )
  const [fromM, toM] =
    gap === undefined ? [0, lane.lengthM] : [gap[0], Math.min(gap[1], gap[0] + NEW_SECTION_M)]
  const section: Section = {
    id: freeId(layout.sections, `${lane.id}-`),
    name,
    lane: lane.id,
    fromM: roundM(fromM),
    toM: roundM(toM),
    gateway: own[0]?.gateway ?? layout.sections[0]?.gateway ?? FIRST_GATEWAY,
  }
  return {
    layout: { ...layout, sections: [...layout.sections, section] },
    item: { kind: 'sections', index: layout.sections.length },
  }
}

/** A slot in the middle of the widest stretch of the section without one. */
export const addSlot = (layout: Layout, section: Section): Made => {
  const own = layout.slots.filter((slot) => slot.section === section.id)
  const gap = widestGap(
    own.map(({ offsetM }) => [offsetM, offsetM] as const),
    section.fromM,
    section.toM,
  ) ?? [section.fromM, section.toM]
  const slot: Slot = {
    id: freeId(layout.slots, section.id),
    section: section.id,
    offsetM: roundM((gap[0] + gap[1]) / 2),
  }
  return {
    layout: { ...layout, slots: [...layout.slots, slot] },
    item: { kind: 'slots', index: layout.slots.length },
  }
}

/** Takes a thing out, and everything that stands on it. */
export const remove = (layout: Layout, { kind, index }: Item): Layout => {
  switch (kind) {
    case 'lanes': {
      const gone = layout.lanes[index]?.id
      const goneSections = new Set(
        layout.sections.flatMap((section) => (section.lane === gone ? [section.id] : [])),
      )
      return {
        ...layout,
        lanes: layout.lanes.toSpliced(index, 1),
        sections: layout.sections.filter((section) => section.lane !== gone),
        slots: layout.slots.filter((slot) => !goneSections.has(slot.section)),
      }
    }
    case 'sections': {
      const gone = layout.sections[index]?.id
      return {
        ...layout,
        sections: layout.sections.toSpliced(index, 1),
        slots: layout.slots.filter((slot) => slot.section !== gone),
      }
    }
    case 'slots':
      return { ...layout, slots: layout.slots.toSpliced(index, 1) }
  }
}

/** Moves one point of a lane's path; a lane that was drawn by itself until now gets a path of its own by it. */
export const movePoint = (
  layout: Layout,
  lane: number,
  point: number,
  [xM, yM]: readonly [number, number],
): Layout => changeLane(layout, lane, { path: ownPath(layout, lane).with(point, [roundM(xM), roundM(yM)]) })

/** Adds a point in the middle of a lane's last stretch. */
export const addPoint = (layout: Layout, lane: number): Layout => {
  const path = ownPath(layout, lane)
  const [a, b] = [path.at(-2), path.at(-1)]
  if (a === undefined || b === undefined) return layout
  const middle: [number, number] = [roundM((a[0] + b[0]) / 2), roundM((a[1] + b[1]) / 2)]
  return changeLane(layout, lane, { path: path.toSpliced(-1, 0, middle) })
}

/** A path has at least two points. */
export const removePoint = (layout: Layout, lane: number, point: number): Layout => {
  const path = ownPath(layout, lane)
  return path.length <= 2 ? layout : changeLane(layout, lane, { path: path.toSpliced(point, 1) })
}

/** To the decimetre: nobody places a sensor more exactly. */
export const roundM = (metres: number): number => Math.round(metres * 10) / 10

const ownPath = (layout: Layout, index: number): [number, number][] =>
  laneToPath(layout, index, toPlan(layout)).map(([x, y]) => [roundM(x), roundM(y)])

const replaceAt = <T extends object>(items: readonly T[], index: number, change: Partial<T>): T[] => {
  const before = items[index]
  return before === undefined ? [...items] : items.with(index, { ...before, ...change })
}

const freeId = (items: readonly { readonly id: string }[], prefix: string): string => {
  const taken = new Set(items.map(({ id }) => id))
  for (let number = 1; ; number++) if (!taken.has(`${prefix}${number}`)) return `${prefix}${number}`
}

/** The widest stretch between `fromM` and `toM` that none of the spans covers. */
const widestGap = (
  spans: readonly (readonly [number, number])[],
  fromM: number,
  toM: number,
): readonly [number, number] | undefined => {
  let widest: readonly [number, number] | undefined
  let reached = fromM
  for (const [start, end] of [...spans, [toM, toM] as const].sort((a, b) => a[0] - b[0])) {
    if (start > reached && start - reached > (widest === undefined ? 0 : widest[1] - widest[0]))
      widest = [reached, start]
    reached = Math.max(reached, end)
  }
  return widest
}
