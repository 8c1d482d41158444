import { formatDuration } from './durations.ts'
import type { Expression, Fill, KeyFilter, Measurement, Page, Select, Statement } from './syntax.ts'
import { keywordOf } from './tokens.ts'

/** A statement as a text that is parsed to the same tree. */
export const printStatement = (statement: Statement): string => {
  switch (statement.kind) {
    case 'select':
      return printSelect(statement)
    case 'show-databases':
      return 'SHOW DATABASES'
    case 'show-retention-policies':
      return join(['SHOW RETENTION POLICIES', printOn(statement.database)])
    case 'show-tag-values':
      return join([
        'SHOW TAG VALUES',
        printOn(statement.database),
        printFrom(statement.sources),
        `WITH KEY ${printKeys(statement.keys)}`,
        printWhere(statement.condition),
        printPage(statement),
      ])
    case 'show-measurements':
      return join([
        'SHOW MEASUREMENTS',
        printOn(statement.database),
        ...statement.sources.map(
          (source) =>
            `WITH MEASUREMENT ${typeof source.name === 'string' ? '=' : '=~'} ${printSource(source)}`,
        ),
        printWhere(statement.condition),
        printPage(statement),
      ])
    default:
      return join([
        `${statement.kind.replaceAll('-', ' ').toUpperCase()}`,
        printOn(statement.database),
        printFrom(statement.sources),
        printWhere(statement.condition),
        printPage(statement),
      ])
  }
}

const join = (parts: readonly (string | undefined)[]): string => parts.filter((part) => part).join(' ')

const printSelect = (select: Select): string =>
  join([
    'SELECT',
    select.fields
      .map(({ expression, alias }) =>
        join([printExpression(expression), alias === undefined ? undefined : `AS ${printName(alias)}`]),
      )
      .join(', '),
    printFrom(select.sources),
    printWhere(select.condition),
    select.dimensions.length === 0
      ? undefined
      : `GROUP BY ${select.dimensions.map(printExpression).join(', ')}`,
    printFill(select.fill),
    select.descending ? 'ORDER BY time DESC' : undefined,
    printPage(select),
    printCount('SLIMIT', select.seriesLimit),
    printCount('SOFFSET', select.seriesOffset),
    select.timezone === undefined ? undefined : `tz(${printString(select.timezone)})`,
  ])

const printOn = (database: string | undefined): string | undefined =>
  database === undefined ? undefined : `ON ${printName(database)}`

const printFrom = (sources: readonly Measurement[]): string | undefined =>
  sources.length === 0 ? undefined : `FROM ${sources.map(printSource).join(', ')}`

const printSource = ({ database, retentionPolicy, name }: Measurement): string => {
  const last = typeof name === 'string' ? printName(name) : printExpression(name)
  if (database !== undefined)
    return `${printName(database)}.${retentionPolicy === undefined ? '' : printName(retentionPolicy)}.${last}`
  return retentionPolicy === undefined ? last : `${printName(retentionPolicy)}.${last}`
}

const printWhere = (condition: Expression | undefined): string | undefined =>
  condition === undefined ? undefined : `WHERE ${printExpression(condition)}`

const printFill = (fill: Fill): string | undefined => {
  if (fill.kind === 'null') return undefined
  if (fill.kind !== 'value') return `fill(${fill.kind})`
  return `fill(${fill.isInteger ? BigInt(fill.value) : printNumber(fill.value)})`
}

const printPage = ({ limit, offset }: Page): string =>
  join([printCount('LIMIT', limit), printCount('OFFSET', offset)])

const printCount = (keyword: string, count: number | undefined): string | undefined =>
  count === undefined ? undefined : `${keyword} ${count}`

const printKeys = (filter: KeyFilter): string => {
  if ('regex' in filter) return `${filter.operator} ${printExpression(filter.regex)}`
  const [first = '', ...others] = filter.keys.map(printName)
  return others.length === 0 ? `${filter.operator} ${first}` : `IN (${[first, ...others].join(', ')})`
}

export const printExpression = (expression: Expression): string => {
  switch (expression.kind) {
    case 'reference':
      return `${printName(expression.name)}${expression.cast === undefined ? '' : `::${expression.cast}`}`
    case 'call':
      return `${expression.name === 'distinct' ? 'distinct' : printName(expression.name)}(${expression.args.map(printExpression).join(', ')})`
    case 'binary': {
      const { operator, left, right } = expression
      // A sign before anything but a literal was read as a multiplication, and binds tighter than one.
      if (operator === '*' && left.kind === 'integer' && right.kind !== 'integer')
        if (left.value === 1n || left.value === -1n) {
          const sign = left.value === 1n ? '+' : '-'
          if (['reference', 'call', 'parentheses'].includes(right.kind))
            return `${sign}${printExpression(right)}`
        }
      return `${printExpression(left)} ${operator} ${printExpression(right)}`
    }
    case 'parentheses':
      return `(${printExpression(expression.inner)})`
    case 'distinct':
      return `DISTINCT ${printName(expression.name)}`
    case 'wildcard':
      return expression.of === undefined ? '*' : `*::${expression.of}`
    case 'regex':
      return `/${expression.source.replaceAll('/', '\\/')}/`
    case 'integer':
      return String(expression.value)
    case 'number':
      return printNumber(expression.value)
    case 'string':
      return printString(expression.value)
    case 'boolean':
      return String(expression.value)
    case 'duration':
      return formatDuration(expression.nanoseconds)
  }
}

/** InfluxQL has no exponents, and what has no point is an integer. */
const printNumber = (value: number): string => {
  const [mantissa = '', exponent] = String(Math.abs(value)).split('e')
  const [whole = '', fraction = ''] = mantissa.split('.')
  const shift = Number(exponent ?? 0)
  const digits = `${whole}${fraction}`
  const point = whole.length + shift
  const padded = digits.padStart(digits.length + Math.max(0, -point), '0').padEnd(Math.max(0, point), '0')
  const at = Math.max(0, point)
  return `${value < 0 ? '-' : ''}${padded.slice(0, at) || '0'}.${padded.slice(at) || '0'}`
}

const escapeText = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
const printString = (text: string): string => `'${escapeText(text).replaceAll("'", "\\'")}'`
const printName = (name: string): string =>
  /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && keywordOf(name) === undefined
    ? name
    : `"${escapeText(name).replaceAll('"', '\\"')}"`
