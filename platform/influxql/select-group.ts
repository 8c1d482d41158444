import type { Budget } from './budget.ts'
import type { Cell } from './evaluation.ts'
import { mergePoints } from './merge-points.ts'
import { createPipeline } from './pipeline.ts'
import type { FieldType, Point, PointSource, Tags } from './point-source.ts'
import type { ColumnType } from './schema.ts'
import type { PlannedReference, SelectPlan, SelectScope } from './select-plan.ts'
import type { SeriesFilter } from './series-filter.ts'
import type { Flowing, Stage } from './stages.ts'
import { createPage } from './stages.ts'
import type { Fill, Select } from './syntax.ts'

/** Series that are answered as one. */
export type Group = {
  readonly source: PointSource
  readonly measurement: string
  readonly fields: ReadonlyMap<string, FieldType>
  readonly series: readonly { readonly tags: Tags; readonly filter: SeriesFilter }[]
}

export type GroupOptions = {
  readonly select: Select
  readonly scope: SelectScope
  readonly plan: SelectPlan
  readonly budget: Budget
  /** The fields that are read, in the order in which filters expect them. */
  readonly read: readonly string[]
}

/** The rows of a group, each with its time first. */
export const answerGroup = (group: Group, options: GroupOptions): Cell[][] =>
  options.plan.calls.length === 0 ? answerPoints(group, options) : answerCalls(group, options)

const createRows = ({ select, plan, budget }: GroupOptions) => {
  const rows: Cell[][] = []
  const cells: Cell[] = []
  const put = (index: number, value: Cell, type: ColumnType | undefined): void => {
    if (value !== undefined) cells[index] = value
    else if (select.fill.kind !== 'previous') cells[index] = defaultOf(select.fill, type)
  }
  const emit = (atUs: number): void => {
    budget.hold(plan.fields.length + 1)
    rows.push([atUs, ...plan.fields.map(({ read }) => toCell(read(cells)))])
  }
  return { rows, put, emit }
}

const toCell = (value: Cell): Cell =>
  typeof value === 'number' && !Number.isFinite(value) ? undefined : value

/** What stands where there is no value, when a number was asked for. */
const defaultOf = (fill: Fill, type: ColumnType | undefined): Cell =>
  fill.kind !== 'value' ? undefined : type === 'integer' ? Math.trunc(fill.value) : fill.value

/** Points as they are. One that has none of the fields is left out, whatever its tags are. */
const answerPoints = (group: Group, options: GroupOptions): Cell[][] => {
  const { select, scope, plan } = options
  const { limit = 0, offset = 0 } = select
  const { rows, put, emit } = createRows(options)
  const readers = plan.references.map((reference) => createReader(reference, group, options.read))
  const isField = plan.references.map(({ type }) => type !== 'tag')
  let count = 0
  for (const { point, tag: tags } of readPoints(group, options, scope.fromUs, scope.toUs)) {
    const values = readers.map((read) => read(point, tags))
    if (!values.some((value, index) => value !== undefined && isField[index] === true)) continue
    count++
    if (count <= offset) continue
    for (const [index, value] of values.entries()) put(index, value, plan.references[index]?.type)
    emit(point.atUs)
    if (limit > 0 && count >= offset + limit) break
  }
  return rows
}

/** The points of all series that the filters let through, in order of time. */
const readPoints = function* (
  { source, measurement, series }: Group,
  { select: { descending }, budget, read }: GroupOptions,
  fromUs: number | undefined,
  toUs: number,
) {
  const from = fromUs ?? Number.NEGATIVE_INFINITY
  const sources = series.map((one) => ({
    points: source.points({ measurement, tags: one.tags, fields: read, fromUs: from, toUs, descending }),
    tag: one,
  }))
  for (const { point, tag } of mergePoints(sources, descending)) {
    budget.read()
    if (tag.filter === true || (tag.filter !== false && tag.filter(point.values)))
      yield { point, tag: tag.tags }
  }
}

type Reader = (point: Point, tags: Tags) => Cell

/** A field or a tag of a point, as the type that was asked for or not at all. */
const createReader = (
  { reference: { name }, type }: PlannedReference,
  { fields }: Group,
  read: readonly string[],
): Reader => {
  if (type === 'tag') return (_point, tags) => tags[name] || undefined
  const index = read.indexOf(name)
  const own = fields.get(name)
  if (own === undefined) return () => undefined
  if (own === type || (own === 'integer' && type === 'float')) return ({ values }) => values[index]
  if (own === 'float' && type === 'integer')
    return ({ values }) => {
      const value = values[index]
      return typeof value === 'number' ? Math.trunc(value) : undefined
    }
  return () => undefined
}

/** Each call makes its own row of values, and they are laid beside each other by time. */
const answerCalls = (group: Group, options: GroupOptions): Cell[][] => {
  const { select, scope, plan, budget } = options
  const keepsTime =
    plan.calls.length === 1 &&
    /^(first|last|min|max|percentile|top|bottom)$/.test(plan.calls[0]?.call.name ?? '')
  const collected = plan.calls.map(() => [] as Flowing[])
  const taps = plan.calls.map(({ call }, index) => {
    const collect: Stage = {
      take: (point) => {
        budget.hold(1)
        collected[index]?.push(point)
      },
      end: () => undefined,
    }
    const last = createPage(collect, select.limit ?? 0, select.offset ?? 0)
    const tap = createPipeline(call, last, {
      grouping: scope.grouping,
      fill: select.fill,
      fromUs: scope.fromUs,
      toUs: scope.toUs,
      descending: select.descending,
      keepsTime,
      typeOf: plan.typeOf,
      budget,
      wholeUs: scope.wholeUs,
    })
    const type = plan.typeOf(call.args[0] ?? call)
    const field = {
      reference: { kind: 'reference', name: tap.field } as const,
      type: type ?? group.fields.get(tap.field),
    }
    return { ...tap, value: createReader(field, group, options.read) }
  })
  const readers = plan.references.map((reference) => createReader(reference, group, options.read))
  const fromUs = Math.min(...taps.map((tap) => tap.fromUs))
  const toUs = Math.max(...taps.map((tap) => tap.toUs))
  for (const { point, tag: tags } of readPoints(group, options, fromUs, toUs)) {
    let cells: Cell[] | undefined
    for (const tap of taps) {
      if (point.atUs < tap.fromUs || point.atUs > tap.toUs) continue
      const value = tap.value(point, tags)
      if (value === undefined) continue
      cells ??= readers.length === 0 ? [] : readers.map((read) => read(point, tags))
      tap.stage.take({ atUs: point.atUs, value, cells: readers.length === 0 ? undefined : cells })
    }
  }
  for (const { stage } of taps) stage.end()
  const rows = join(collected, options)
  budget.hold(-collected.reduce((sum, points) => sum + points.length, 0))
  return rows
}

const join = (collected: readonly (readonly Flowing[])[], options: GroupOptions): Cell[][] => {
  const { plan, select } = options
  const { rows, put, emit } = createRows(options)
  const next = collected.map(() => 0)
  const isEarlier = (a: number, b: number): boolean => (select.descending ? a > b : a < b)
  for (;;) {
    let atUs: number | undefined
    for (const [index, points] of collected.entries()) {
      const point = points[next[index] ?? 0]
      if (point !== undefined && (atUs === undefined || isEarlier(point.atUs, atUs))) atUs = point.atUs
    }
    if (atUs === undefined) return rows
    for (const [index, points] of collected.entries()) {
      const at = next[index] ?? 0
      const point = points[at]?.atUs === atUs ? points[at] : undefined
      if (point !== undefined) next[index] = at + 1
      put(plan.references.length + index, point?.value, plan.calls[index]?.type)
      for (const [place, { type }] of plan.references.entries()) put(place, point?.cells?.[place], type)
    }
    emit(atUs)
  }
}
