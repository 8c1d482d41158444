import type { Point } from './point-source.ts'

/** Several series as one, in order of time. Of the same time the series that was named first comes first. */
export const mergePoints = function* <Tag>(
  series: readonly { readonly points: Iterable<Point>; readonly tag: Tag }[],
  descending: boolean,
): Generator<{ readonly point: Point; readonly tag: Tag }> {
  type Head = { point: Point; readonly tag: Tag; readonly rank: number; readonly rest: Iterator<Point> }
  const heads: Head[] = []
  const isBefore = (a: Head, b: Head): boolean =>
    a.point.atUs === b.point.atUs
      ? a.rank < b.rank
      : descending
        ? a.point.atUs > b.point.atUs
        : a.point.atUs < b.point.atUs
  /** Moves the head at a place of the heap down to where it belongs. */
  const sink = (from: number): void => {
    for (let at = from; ;) {
      const left = 2 * at + 1
      let least = at
      for (const child of [left, left + 1]) {
        const [a, b] = [heads[child], heads[least]]
        if (a !== undefined && b !== undefined && isBefore(a, b)) least = child
      }
      const [here, there] = [heads[at], heads[least]]
      if (least === at || here === undefined || there === undefined) return
      heads[at] = there
      heads[least] = here
      at = least
    }
  }
  try {
    for (const [rank, { points, tag }] of series.entries()) {
      const rest = points[Symbol.iterator]()
      const first = rest.next()
      if (!first.done) heads.push({ point: first.value, tag, rank, rest })
    }
    for (let at = heads.length >> 1; at >= 0; at--) sink(at)
    for (let head = heads[0]; head !== undefined; head = heads[0]) {
      yield head
      const next = head.rest.next()
      if (next.done) {
        const last = heads.pop()
        if (last !== undefined && last !== head) heads[0] = last
      } else head.point = next.value
      sink(0)
    }
  } finally {
    for (const { rest } of heads) rest.return?.()
  }
}
