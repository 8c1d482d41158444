import type { SeriesAnswer } from './answer.ts'
import type { Budget } from './budget.ts'
import type { EvaluationScope } from './evaluation.ts'
import { InfluxqlFault } from './fault.ts'
import { createPattern } from './patterns.ts'
import type { Databases, PointSource, Tags } from './point-source.ts'
import type { MeasurementSchema } from './schema.ts'
import { compareTexts, readSchema } from './schema.ts'
import type { Group } from './select-group.ts'
import { answerGroup } from './select-group.ts'
import type { SelectPlan } from './select-plan.ts'
import { planSelect, readScope } from './select-plan.ts'
import type { FilterScope, SeriesFilter } from './series-filter.ts'
import { filterSeries } from './series-filter.ts'
import type { Expression, Measurement, Select } from './syntax.ts'

export type StatementContext = {
  readonly databases: Databases
  /** What a statement means that names none. */
  readonly database: string | undefined
  readonly retentionPolicy: string | undefined
  readonly nowMs: number
  readonly budget: Budget
}

/** The only one there is, with the name that InfluxDB gives to the first. */
export const RETENTION_POLICY = 'autogen'

export const answerSelect = (select: Select, context: StatementContext): SeriesAnswer[] => {
  const scope = readScope(select, context.nowMs)
  const found = findMeasurements(select.sources, context)
  const plan = planSelect(
    select,
    found.map(({ schema }) => schema),
  )
  const isAnything = plan.references.some(({ type }) => type !== undefined && type !== 'tag')
  if (plan.calls.length === 0 && !isAnything) return []
  const read = fieldsToRead(plan, scope.rest)
  const answers: SeriesAnswer[] = []
  const ordered = select.descending ? found.toReversed() : found
  for (const { source, schema } of ordered) {
    const groups = groupSeries(source, schema, { plan, rest: scope.rest, read, select })
    context.budget.checkSeries(groups.reduce((sum, { series }) => sum + series.length, 0))
    for (const group of select.descending ? groups.toReversed() : groups) {
      const rows = answerGroup(group, { select, scope, plan, budget: context.budget, read })
      if (rows.length === 0) continue
      answers.push({
        name: schema.name,
        tags: group.tags,
        columns: plan.columns,
        rows,
        hasTime: true,
        timezone: select.timezone,
      })
    }
  }
  return answers
}

type Found = { readonly source: PointSource; readonly schema: MeasurementSchema }

const findMeasurements = (sources: readonly Measurement[], context: StatementContext): Found[] => {
  const found = new Map<string, Found>()
  for (const { database = context.database, retentionPolicy = context.retentionPolicy, name } of sources) {
    const source = openDatabase(database, context)
    if (retentionPolicy !== undefined && retentionPolicy !== '' && retentionPolicy !== RETENTION_POLICY)
      throw new InfluxqlFault(`retention policy not found: ${retentionPolicy}`)
    for (const measurement of selectMeasurements(source, name))
      found.set(JSON.stringify([measurement, database]), { source, schema: readSchema(source, measurement) })
  }
  return [...found.values()].sort((a, b) => compareTexts(a.schema.name, b.schema.name))
}

export const openDatabase = (
  database: string | undefined,
  { databases }: Pick<StatementContext, 'databases'>,
): PointSource => {
  if (database === undefined || database === '') throw new InfluxqlFault('database name required')
  const source = databases.open(database)
  if (source === undefined) throw new InfluxqlFault(`database not found: ${database}`)
  return source
}

export const selectMeasurements = (source: PointSource, name: Measurement['name']): string[] => {
  const names = source.measurements()
  if (typeof name === 'string') return names.includes(name) ? [name] : []
  const pattern = createPattern(name.source)
  return names.filter((one) => pattern.test(one))
}

/** The fields of everything that is selected or asked for. */
const fieldsToRead = (plan: SelectPlan, rest: Expression | undefined): string[] => {
  const names = new Set<string>()
  const collect = (expression: Expression): void => {
    switch (expression.kind) {
      case 'reference':
        names.add(expression.name)
        return
      case 'distinct':
        names.add(expression.name)
        return
      case 'call':
        return expression.args.forEach(collect)
      case 'parentheses':
        return collect(expression.inner)
      case 'binary':
        collect(expression.left)
        collect(expression.right)
    }
  }
  for (const { call } of plan.calls) collect(call)
  for (const { reference } of plan.references) collect(reference)
  if (rest !== undefined) collect(rest)
  return [...names]
}

type Grouped = Group & { readonly tags: Tags | undefined }
type GroupingOptions = {
  readonly plan: SelectPlan
  readonly rest: Expression | undefined
  readonly read: readonly string[]
  readonly select: Select
}

/** The series that the condition does not rule out, by the tags that are grouped by, in their order. */
const groupSeries = (
  source: PointSource,
  { name, fields, series }: MeasurementSchema,
  { plan: { dimensions }, rest, read, select }: GroupingOptions,
): Grouped[] => {
  const scope = createFilterScope(fields, read)
  const groups = new Map<string, { tags: Tags; series: { tags: Tags; filter: SeriesFilter }[] }>()
  const sorted = dimensions.toSorted(compareTexts)
  for (const tags of series) {
    const filter = filterSeries(rest, tags, scope)
    if (filter === false) continue
    const values = sorted.map((dimension) => tags[dimension] ?? '')
    const key = values.join('\0')
    const group = groups.get(key) ?? {
      tags: Object.fromEntries(sorted.map((dimension, index) => [dimension, values[index] ?? ''])),
      series: [],
    }
    group.series.push({ tags, filter })
    groups.set(key, group)
  }
  const { seriesLimit = 0, seriesOffset = 0 } = select
  const isPaged = seriesLimit > 0 || seriesOffset > 0
  // A page is counted out in InfluxDB's other order, in which a tag that is missing is not empty.
  const listed = isPaged ? byKey(groups, ([, { tags }]) => toPageKey(tags)) : [...groups]
  const paged = listed.slice(seriesOffset, seriesLimit === 0 ? undefined : seriesOffset + seriesLimit)
  const page = byKey(paged, ([key]) => key).map(([, group]) => group)
  return page.map((group) => ({
    source,
    measurement: name,
    fields,
    series: group.series,
    tags: dimensions.length === 0 ? undefined : group.tags,
  }))
}

const byKey = <T>(entries: Iterable<T>, keyOf: (entry: T) => string): T[] =>
  [...entries].sort((a, b) => compareTexts(keyOf(a), keyOf(b)))

const toPageKey = (tags: Tags): string => {
  const present = Object.entries(tags).filter(([, value]) => value !== '')
  return [...present.map(([key]) => key), ...present.map(([, value]) => value)].join('|')
}

const createFilterScope = (fields: Group['fields'], read: readonly string[]): FilterScope => {
  const isField: FilterScope['isField'] = ({ name, cast }) =>
    cast === undefined ? fields.has(name) : cast !== 'tag'
  return {
    isField,
    createScope: (tags): EvaluationScope<readonly (string | number | boolean | undefined)[]> => ({
      reference: (reference) => {
        if (!isField(reference)) return { type: 'string', read: () => tags[reference.name] }
        const index = read.indexOf(reference.name)
        return { type: fields.get(reference.name), read: (values) => values[index] }
      },
      call: () => undefined,
      hasIntegerDivision: true,
    }),
  }
}
