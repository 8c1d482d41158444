import type { FieldType, Value } from './point-source.ts'
import type { Flowing, Stage } from './stages.ts'
import type { Fill } from './syntax.ts'
import type { Zone } from './timezones.ts'
import type { Window } from './windows.ts'

export type FillOptions = {
  readonly fill: Fill
  readonly type: FieldType
  readonly windowOf: (atUs: number) => Window
  readonly intervalUs: number
  readonly zone: Zone | undefined
  readonly fromUs: number | undefined
  readonly toUs: number
  readonly descending: boolean
  /** Called for each window, so that there are not too many. */
  readonly count: () => void
}

/** Puts a point into each window of the span that has none, once there is any point at all. */
export const createFilling = (next: Stage, options: FillOptions): Stage => {
  const { fill, windowOf, intervalUs, zone, fromUs, toUs, descending } = options
  const direction = descending ? -1 : 1
  const firstUs = fromUs === undefined ? undefined : windowOf(fromUs).startUs
  const lastUs = windowOf(toUs).startUs
  const [beginUs, endUs] = descending ? [lastUs, firstUs] : [firstUs, lastUs]
  let expected: { atUs: number; zoneUs: number } | undefined
  let before: Flowing | undefined

  const advance = (from: { atUs: number; zoneUs: number }): void => {
    from.atUs += direction * intervalUs
    if (zone === undefined) return
    const zoneUs = zone.offsetUs(from.atUs - 1)
    if (zoneUs === from.zoneUs) return
    const shift = from.zoneUs - zoneUs
    if (Math.abs(shift) < intervalUs) from.atUs += shift
    from.zoneUs = zoneUs
  }
  const valueFor = (atUs: number, after: Flowing | undefined): Value | undefined => {
    switch (fill.kind) {
      case 'value':
        return toType(fill.value, options.type)
      case 'previous':
        return before?.value
      case 'linear':
        return before === undefined || after === undefined
          ? undefined
          : interpolate(atUs, before, after, intervalUs, options.type)
      default:
        return undefined
    }
  }
  const emit = (point: Flowing): void => {
    options.count()
    next.take(point)
  }

  return {
    take: (point) => {
      if (expected === undefined) {
        const atUs = beginUs ?? windowOf(point.atUs).startUs
        expected = { atUs, zoneUs: zone?.offsetUs(atUs) ?? 0 }
      }
      while ((point.atUs - expected.atUs) * direction > 0) {
        emit({ atUs: expected.atUs, value: valueFor(expected.atUs, point) })
        advance(expected)
      }
      emit(point)
      before = point
      advance(expected)
    },
    end: () => {
      if (expected !== undefined && endUs !== undefined)
        while ((endUs - expected.atUs) * direction >= 0) {
          emit({ atUs: expected.atUs, value: valueFor(expected.atUs, undefined) })
          advance(expected)
        }
      next.end()
    },
  }
}

/** A number where texts or booleans stand fills with what is empty. */
const toType = (value: number, type: FieldType): Value => {
  switch (type) {
    case 'integer':
      return Math.trunc(value)
    case 'float':
      return value
    case 'string':
      return ''
    case 'boolean':
      return false
  }
}

/** InfluxDB counts whole intervals since 1970, not time. */
const interpolate = (
  atUs: number,
  before: Flowing,
  after: Flowing,
  intervalUs: number,
  type: FieldType,
): Value | undefined => {
  if (typeof before.value !== 'number' || typeof after.value !== 'number') return undefined
  const intervals = (us: number): number => Math.trunc(us / intervalUs)
  const slope = (after.value - before.value) / (intervals(after.atUs) - intervals(before.atUs))
  const value = slope * (intervals(atUs) - intervals(before.atUs)) + before.value
  return type === 'integer' ? Math.trunc(value) : value
}
