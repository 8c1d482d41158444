import type { Layout } from '@clearlane/protocol'

/** Metres on the plan: right and down from its top left corner. */
export type Point = readonly [number, number]
export type Plan = { readonly widthM: number; readonly heightM: number }
type Placed = Pick<Layout, 'lanes' | 'plan'>

/** Around and between lanes that are drawn by themselves. */
const MARGIN_M = 4
const ROW_M = 10

/** How much the plan spans: as the layout says, else as much as its lanes need. */
export const toPlan = ({ lanes, plan }: Placed): Plan => {
  if (plan !== undefined && plan.widthM > 0 && plan.heightM > 0) return plan
  const points = lanes.flatMap((lane) => lane.path ?? [])
  const longest = Math.max(0, ...lanes.map((lane) => finite(lane.lengthM)))
  return {
    widthM: Math.max(longest, ...points.map(([x]) => finite(x))) + 2 * MARGIN_M,
    heightM: Math.max((lanes.length + 1) * ROW_M, ...points.map(([, y]) => finite(y) + MARGIN_M)),
  }
}

/** Where a lane runs: by its path, else as a row of its own, as long as it is where the plan is wide enough. */
export const laneToPath = ({ lanes }: Placed, index: number, plan: Plan): readonly Point[] => {
  const lane = lanes[index]
  if (lane === undefined) return []
  if (lane.path !== undefined && lane.path.length >= 2)
    return lane.path.map(([x, y]) => [finite(x), finite(y)])
  const y = (plan.heightM * (index + 1)) / (lanes.length + 1)
  const left = Math.min(MARGIN_M, plan.widthM / 10)
  return [
    [left, y],
    [Math.min(left + Math.max(1, finite(lane.lengthM)), plan.widthM - left), y],
  ]
}

/** The point at a share of a path's length, 0 at its start and 1 at its end. */
export const toPoint = (path: readonly Point[], share: number): Point => {
  const first = path[0] ?? [0, 0]
  let restM = lengthOf(path) * Math.min(1, Math.max(0, finite(share)))
  for (const [a, b] of stretches(path)) {
    const lengthM = distance(a, b)
    if (lengthM > 0 && restM <= lengthM) return between(a, b, restM / lengthM)
    restM -= lengthM
  }
  return path.at(-1) ?? first
}

/** The share of a path's length at which it comes nearest to a point. */
export const toShare = (path: readonly Point[], point: Point): number => {
  const lengthM = lengthOf(path)
  if (lengthM === 0) return 0
  let best = { distanceM: Number.POSITIVE_INFINITY, alongM: 0 }
  let beforeM = 0
  for (const [a, b] of stretches(path)) {
    const ownM = distance(a, b)
    const along = ownM === 0 ? 0 : dot(a, b, point) / ownM ** 2
    const share = Math.min(1, Math.max(0, along))
    const distanceM = distance(between(a, b, share), point)
    if (distanceM < best.distanceM) best = { distanceM, alongM: beforeM + share * ownM }
    beforeM += ownM
  }
  return best.alongM / lengthM
}

/** The part of a path between two shares of its length. */
export const slicePath = (path: readonly Point[], from: number, to: number): Point[] => {
  const lengthM = lengthOf(path)
  const inner: Point[] = []
  let alongM = 0
  for (const [a, b] of stretches(path)) {
    alongM += distance(a, b)
    if (alongM > from * lengthM && alongM < to * lengthM) inner.push(b)
  }
  return [toPoint(path, from), ...inner, toPoint(path, to)]
}

export const lengthOf = (path: readonly Point[]): number =>
  stretches(path).reduce((sum, [a, b]) => sum + distance(a, b), 0)

/** What a path needs of the plan, with room around it. */
export const boundsOf = (path: readonly Point[], aroundM: number) => {
  const [xs, ys] = [path.map(([x]) => x), path.map(([, y]) => y)]
  const [left, top] = [Math.min(...xs) - aroundM, Math.min(...ys) - aroundM]
  return { left, top, widthM: Math.max(...xs) + aroundM - left, heightM: Math.max(...ys) + aroundM - top }
}

/** Text that is no number yet must not keep the rest from being drawn. */
const finite = (value: number): number => (Number.isFinite(value) ? value : 0)
const stretches = (path: readonly Point[]): (readonly [Point, Point])[] =>
  path.slice(1).map((point, index) => [path[index] ?? point, point])
const distance = (a: Point, b: Point): number => Math.hypot(b[0] - a[0], b[1] - a[1])
const between = (a: Point, b: Point, share: number): Point => [
  a[0] + (b[0] - a[0]) * share,
  a[1] + (b[1] - a[1]) * share,
]
const dot = (a: Point, b: Point, p: Point): number =>
  (b[0] - a[0]) * (p[0] - a[0]) + (b[1] - a[1]) * (p[1] - a[1])
