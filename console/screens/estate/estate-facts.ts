import type { Layout, SectionView } from '@clearlane/protocol'
import type { ConsoleState } from '../../live/state.ts'

/** The estate as it is drawn: the layout's lanes and stretches, each with what the feed says of it. */
export type LaneFacts = {
  readonly id: string
  readonly name: string
  readonly lengthM: number
  readonly path: readonly Point[] | undefined
  readonly sections: readonly SectionFacts[]
}
export type SectionFacts = {
  readonly view: SectionView
  readonly fromM: number
  readonly toM: number
  readonly unseenBecause: 'gateway' | 'sensors' | 'nothing-heard' | undefined
}
export type Point = readonly [x: number, y: number]

/** Without a layout every section is drawn alike. */
const UNKNOWN_LENGTH_M = 10

/** A section that the layout has and the feed does not tell of yet is unobserved; one that it has no more is gone. */
export const toLanes = (layout: Layout | undefined, state: ConsoleState): LaneFacts[] => {
  const views = [...state.sections.values()]
  if (layout === undefined)
    return [...Map.groupBy(views, (view) => view.lane)].map(([id, own]) => ({
      id,
      name: own[0]?.laneName ?? id,
      lengthM: own.length * UNKNOWN_LENGTH_M,
      path: undefined,
      sections: own.map((view, index) => ({
        view,
        fromM: index * UNKNOWN_LENGTH_M,
        toM: (index + 1) * UNKNOWN_LENGTH_M,
        unseenBecause: toCause(view, true),
      })),
    }))
  const ownOf = Map.groupBy(layout.sections, (section) => section.lane)
  return layout.lanes.map((lane) => ({
    id: lane.id,
    name: lane.name,
    lengthM: lane.lengthM,
    path: lane.path,
    sections: (ownOf.get(lane.id) ?? [])
      .toSorted((a, b) => a.fromM - b.fromM)
      .map(({ id, name, fromM, toM, gateway }) => {
        const known = state.sections.get(id)
        const view: SectionView = known ?? {
          section: id,
          name,
          lane: lane.id,
          laneName: lane.name,
          state: 'unobserved',
          slots: [],
        }
        return {
          view,
          fromM,
          toM,
          unseenBecause: toCause(view, state.gateways.get(gateway)?.connected ?? false),
        }
      }),
  }))
}

const toCause = (view: SectionView, isGatewayHeard: boolean): SectionFacts['unseenBecause'] => {
  if (view.state !== 'unobserved') return undefined
  if (!isGatewayHeard) return 'gateway'
  return view.slots.length === 0 ? 'nothing-heard' : 'sensors'
}

/** How much of the estate is watched now. Without it "no alarms" says nothing. */
export type Coverage = {
  readonly sections: number
  readonly observed: number
  readonly slots: number
  readonly heard: number
}
export const toCoverage = (lanes: readonly LaneFacts[]): Coverage => {
  const sections = lanes.flatMap((lane) => lane.sections)
  const slots = sections.flatMap(({ view, unseenBecause }) =>
    view.slots.map(({ presence }) => presence !== 'unknown' && unseenBecause !== 'gateway'),
  )
  return {
    sections: sections.length,
    observed: sections.filter(({ view }) => view.state !== 'unobserved').length,
    slots: slots.length,
    heard: slots.filter((isHeard) => isHeard).length,
  }
}

/** The stretch of a path between two of its lane's metres. A path is as long as its lane, whatever was drawn. */
export const toStretch = (path: readonly Point[], lengthM: number, fromM: number, toM: number): Point[] => {
  const legs = path.slice(1).map((end, index) => ({ start: path[index] ?? end, end }))
  const total = legs.reduce((sum, { start, end }) => sum + distance(start, end), 0)
  const [from, to] = [(fromM / lengthM) * total, (toM / lengthM) * total]
  const points: Point[] = []
  let walked = 0
  for (const { start, end } of legs) {
    const length = distance(start, end)
    const at = (along: number): Point => {
      const share = length === 0 ? 0 : (along - walked) / length
      return [start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share]
    }
    if (walked + length > from && walked < to) {
      if (points.length === 0) points.push(at(Math.max(from, walked)))
      points.push(at(Math.min(to, walked + length)))
    }
    walked += length
  }
  return points
}

const distance = (a: Point, b: Point): number => Math.hypot(b[0] - a[0], b[1] - a[1])
