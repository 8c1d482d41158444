import type { SeriesAnswer } from './answer.ts'
import { InfluxqlFault } from './fault.ts'
import { toPattern } from './evaluation.ts'
import { createPattern } from './patterns.ts'
import type { PointSource, Tags } from './point-source.ts'
import { compareTexts, readSchema } from './schema.ts'
import type { MeasurementSchema } from './schema.ts'
import type { StatementContext } from './select.ts'
import { openDatabase, RETENTION_POLICY, selectMeasurements } from './select.ts'
import { filterSeries } from './series-filter.ts'
import type { Expression, KeyFilter, Page, Show } from './syntax.ts'
import { splitCondition } from './time-condition.ts'

export const answerShow = (show: Show, context: StatementContext): SeriesAnswer[] => {
  switch (show.kind) {
    case 'show-databases':
      return [answer('databases', ['name'], context.databases.names().toSorted(compareTexts).map(toRow))]
    case 'show-retention-policies':
      openDatabase(show.database ?? context.database, context)
      return [
        answer(
          undefined,
          ['name', 'duration', 'shardGroupDuration', 'replicaN', 'default'],
          [[RETENTION_POLICY, '0s', '168h0m0s', 1, true]],
        ),
      ]
    default:
      return answerFiltered(show, context)
  }
}

type Filtered = Exclude<Show, { readonly kind: 'show-databases' | 'show-retention-policies' }>

const answerFiltered = (show: Filtered, context: StatementContext): SeriesAnswer[] => {
  const database = show.database ?? context.database
  if (show.kind === 'show-measurements' && context.databases.open(database ?? '') === undefined) return []
  const source = openDatabase(database, context)
  const { rest } = splitCondition(show.condition, {
    nowNs: BigInt(context.nowMs) * 1_000_000n,
    zone: undefined,
  })
  const schemas = findSchemas(show, source)
  context.budget.checkSeries(schemas.reduce((sum, { series }) => sum + series.length, 0))
  switch (show.kind) {
    case 'show-measurements':
      return show.condition !== undefined && hasTime(show.condition)
        ? refuse("SHOW MEASUREMENTS doesn't support time in WHERE clause")
        : ofRows(
            'measurements',
            ['name'],
            page(
              schemas.filter((schema) => matchesMeasurement(rest, schema)).map(({ name }) => [name]),
              show,
            ),
          )
    case 'show-series': {
      const keys = schemas.flatMap((schema) =>
        seriesOf(schema, rest).map((tags) => [toSeriesKey(schema.name, tags)]),
      )
      return ofRows(undefined, ['key'], page(keys.sort(byCells), show))
    }
    case 'show-tag-keys':
      return schemas.flatMap((schema) => {
        const keys = new Set(seriesOf(schema, rest).flatMap((tags) => Object.keys(tags)))
        return ofRows(schema.name, ['tagKey'], page([...keys].sort(compareTexts).map(toRow), show))
      })
    case 'show-field-keys':
      return schemas.flatMap(({ name, fields }) =>
        ofRows(
          name,
          ['fieldKey', 'fieldType'],
          page(
            [...fields].sort(([a], [b]) => compareTexts(a, b)),
            show,
          ),
        ),
      )
    case 'show-tag-values':
      return schemas.flatMap((schema) =>
        ofRows(schema.name, ['key', 'value'], page(tagValues(schema, rest, show.keys), show)),
      )
  }
}

const toRow = (name: string): string[] => [name]
const refuse = (message: string): never => {
  throw new InfluxqlFault(message)
}

const answer = (
  name: string | undefined,
  columns: readonly string[],
  rows: SeriesAnswer['rows'],
): SeriesAnswer => ({ name, columns, rows, hasTime: false })

const ofRows = (
  name: string | undefined,
  columns: readonly string[],
  rows: SeriesAnswer['rows'],
): SeriesAnswer[] => (rows.length === 0 ? [] : [answer(name, columns, rows)])

const page = <Row>(rows: readonly Row[], { limit = 0, offset = 0 }: Page): Row[] =>
  rows.slice(offset, limit === 0 ? undefined : offset + limit)

const byCells = (a: readonly string[], b: readonly string[]): number =>
  compareTexts(a.join('\0'), b.join('\0'))

const findSchemas = ({ sources }: Filtered, source: PointSource): MeasurementSchema[] => {
  const names =
    sources.length === 0
      ? source.measurements()
      : new Set(sources.flatMap(({ name }) => selectMeasurements(source, name)))
  return [...names].sort(compareTexts).map((name) => readSchema(source, name))
}

/** Only tags are asked: a series is shown whatever its fields are. */
const seriesOf = ({ series }: MeasurementSchema, condition: Expression | undefined): Tags[] =>
  series.filter(
    (tags) =>
      filterSeries(condition, tags, {
        isField: () => false,
        createScope: () => ({
          reference: () => ({ type: undefined, read: () => undefined }),
          call: () => undefined,
          hasIntegerDivision: true,
        }),
      }) === true,
  )

const tagValues = (
  schema: MeasurementSchema,
  condition: Expression | undefined,
  keys: KeyFilter,
): [string, string][] => {
  const isWanted = createKeyTest(keys)
  const found = new Map<string, [string, string]>()
  for (const tags of seriesOf(schema, condition))
    for (const [key, value] of Object.entries(tags))
      if (isWanted(key)) found.set(`${key}\0${value}`, [key, value])
  return [...found.values()].sort(byCells)
}

const createKeyTest = (filter: KeyFilter): ((key: string) => boolean) => {
  if ('regex' in filter) {
    const pattern = createPattern(filter.regex.source)
    return (key) => pattern.test(key) === (filter.operator === '=~')
  }
  return (key) => filter.keys.includes(key) === (filter.operator === '=')
}

/** Whether a measurement has such a tag at all: not one of its series, but all of them together are asked. */
const matchesMeasurement = (condition: Expression | undefined, schema: MeasurementSchema): boolean => {
  if (condition === undefined) return true
  if (condition.kind === 'parentheses') return matchesMeasurement(condition.inner, schema)
  if (condition.kind !== 'binary') return refuse('invalid measurement expression')
  const { operator, left, right } = condition
  if (operator === 'AND') return matchesMeasurement(left, schema) && matchesMeasurement(right, schema)
  if (operator === 'OR') return matchesMeasurement(left, schema) || matchesMeasurement(right, schema)
  if (left.kind !== 'reference') return refuse(`left side of '${operator}' must be a tag key`)
  if (!schema.tagKeys.has(left.name)) return false
  const values = schema.series.map((tags) => tags[left.name]).filter((value) => value !== undefined)
  switch (operator) {
    case '=~':
    case '!~': {
      const pattern = toPattern(right)
      return values.some((value) => pattern.test(value)) === (operator === '=~')
    }
    case '=':
    case '!=':
      if (right.kind !== 'string') return refuse(`right side of '${operator}' must be a tag value string`)
      return values.includes(right.value) === (operator === '=')
    default:
      return refuse('invalid tag comparison operator')
  }
}

const hasTime = (condition: Expression): boolean => {
  switch (condition.kind) {
    case 'parentheses':
      return hasTime(condition.inner)
    case 'binary':
      return hasTime(condition.left) || hasTime(condition.right)
    default:
      return condition.kind === 'reference' && condition.name.toLowerCase() === 'time'
  }
}

/** As in line protocol, its separators escaped. */
const toSeriesKey = (measurement: string, tags: Tags): string =>
  [
    measurement.replace(/[, ]/g, '\\$&'),
    ...Object.entries(tags)
      .sort(([a], [b]) => compareTexts(a, b))
      .map((pair) => pair.map((part) => part.replace(/[,= ]/g, '\\$&')).join('=')),
  ].join(',')
