import type { ExpressionReader } from './expressions.ts'
import { InfluxqlFault } from './fault.ts'
import type { Expression, Field, Fill, Measurement, Page, Select } from './syntax.ts'
import type { TokenReader } from './token-reader.ts'
import { isTimezone } from './timezones.ts'

/** What stands behind SELECT. */
export const readSelect = (reader: TokenReader, expressions: ExpressionReader): Select => {
  const fields = readFields(reader, expressions)
  const into = reader.peek()
  if (into.kind === 'INTO') throw reader.faultAt('INTO is not supported', into)
  reader.expect('FROM')
  return {
    kind: 'select',
    fields,
    sources: readSources(reader, expressions),
    condition: readCondition(reader, expressions),
    dimensions: readDimensions(reader, expressions),
    fill: readFill(reader, expressions),
    descending: readOrder(reader),
    ...readPage(reader),
    seriesLimit: readCount(reader, 'SLIMIT'),
    seriesOffset: readCount(reader, 'SOFFSET'),
    timezone: readTimezone(reader, expressions),
  }
}

const readFields = (reader: TokenReader, { expression, regex }: ExpressionReader): Field[] => {
  const fields: Field[] = []
  do {
    const start = reader.peek()
    const found = regex() ?? expression()
    const comparison = findComparison(found)
    if (comparison !== undefined)
      throw reader.faultAt(`invalid operator ${comparison} in SELECT clause`, start)
    fields.push({ expression: found, alias: reader.take('AS') ? reader.identifier() : undefined })
  } while (reader.take(','))
  return fields
}

/** What compares has its place behind WHERE. */
const findComparison = (expression: Expression): string | undefined => {
  switch (expression.kind) {
    case 'binary':
      return /^[-+*/%&|^]$/.test(expression.operator)
        ? (findComparison(expression.left) ?? findComparison(expression.right))
        : expression.operator
    case 'parentheses':
      return findComparison(expression.inner)
    case 'call':
      return expression.args.map(findComparison).find((found) => found !== undefined)
    default:
      return undefined
  }
}

export const readSources = (reader: TokenReader, expressions: ExpressionReader): Measurement[] => {
  const sources: Measurement[] = []
  do sources.push(readSource(reader, expressions))
  while (reader.take(','))
  return sources
}

export const readSource = (reader: TokenReader, { regex }: ExpressionReader): Measurement => {
  const whole = regex()
  if (whole !== undefined) return { name: whole }
  const first = reader.peek()
  if (first.kind === '(') throw reader.faultAt('subqueries are not supported', first)
  const parts: (string | undefined)[] = [reader.identifier()]
  while (reader.isNext('.')) {
    reader.raw()
    if (reader.isNext('.')) parts.push(undefined)
    else if (reader.isNext('/')) {
      const name = regex()
      if (name !== undefined && parts.length <= 2)
        return { retentionPolicy: parts.at(-1), database: parts.at(-2), name }
    } else parts.push(reader.identifier())
  }
  if (parts.length > 3) throw reader.faultAt('too many segments', first)
  return { name: parts.at(-1) ?? '', retentionPolicy: parts.at(-2), database: parts.at(-3) }
}

export const readCondition = (
  reader: TokenReader,
  { expression }: ExpressionReader,
): Expression | undefined => (reader.take('WHERE') ? expression() : undefined)

const readDimensions = (reader: TokenReader, { expression, regex }: ExpressionReader): Expression[] => {
  const dimensions: Expression[] = []
  if (!reader.take('GROUP')) return dimensions
  reader.expect('BY')
  do dimensions.push(regex() ?? expression())
  while (reader.take(','))
  return dimensions
}

/** `fill(…)` and `tz('…')` are calls at a place of their own, not keywords. */
const readCallOf = (
  reader: TokenReader,
  { expression }: ExpressionReader,
  name: string,
): Expression | undefined => {
  const token = reader.peek()
  if (token.kind !== 'IDENT' || token.text.toLowerCase() !== name) return undefined
  const call = expression()
  if (call.kind !== 'call') throw new InfluxqlFault(`${name} must be a function call`)
  if (call.args.length !== 1)
    throw new InfluxqlFault(
      name === 'tz'
        ? 'tz requires exactly one argument'
        : 'fill requires an argument, e.g.: 0, null, none, previous, linear',
    )
  return call.args[0]
}

const readFill = (reader: TokenReader, expressions: ExpressionReader): Fill => {
  const value = readCallOf(reader, expressions, 'fill')
  switch (value?.kind) {
    case undefined:
      return { kind: 'null' }
    case 'integer':
      if (!Number.isSafeInteger(Number(value.value))) break
      return { kind: 'value', value: Number(value.value), isInteger: true }
    case 'number':
      return { kind: 'value', value: value.value, isInteger: false }
    case 'reference':
      switch (value.name) {
        case 'null':
        case 'none':
        case 'previous':
        case 'linear':
          return { kind: value.name }
      }
  }
  throw new InfluxqlFault('expected number argument in fill()')
}

const readTimezone = (reader: TokenReader, expressions: ExpressionReader): string | undefined => {
  const name = readCallOf(reader, expressions, 'tz')
  if (name === undefined) return undefined
  if (name.kind !== 'string') throw new InfluxqlFault('expected string argument in tz()')
  if (!isTimezone(name.value)) throw new InfluxqlFault(`unable to find time zone ${name.value}`)
  return name.value
}

/** Whether the newest comes first. Time is the only order there is. */
export const readOrder = (reader: TokenReader): boolean => {
  if (!reader.take('ORDER')) return false
  reader.expect('BY')
  const token = reader.next()
  if (token.kind === 'IDENT' && token.text !== 'time')
    throw new InfluxqlFault('only ORDER BY time supported at this time')
  if (token.kind !== 'IDENT' && token.kind !== 'ASC' && token.kind !== 'DESC')
    throw reader.found(token, 'identifier', 'ASC', 'DESC')
  const isDescending = token.kind === 'DESC' || (token.kind === 'IDENT' && reader.take('DESC'))
  if (token.kind === 'IDENT' && !isDescending) reader.take('ASC')
  if (reader.take(',')) throw new InfluxqlFault('only ORDER BY time supported at this time')
  return isDescending
}

export const readPage = (reader: TokenReader): Page => {
  const limit = readCount(reader, 'LIMIT')
  return { limit, offset: readCount(reader, 'OFFSET') }
}

const readCount = (reader: TokenReader, keyword: string): number | undefined => {
  if (!reader.take(keyword)) return undefined
  const token = reader.next()
  if (token.kind !== 'INTEGER') throw reader.found(token, 'integer')
  const value = Number(token.text)
  if (!Number.isSafeInteger(value)) throw reader.faultAt(`${keyword} is too large`, token)
  return value
}
