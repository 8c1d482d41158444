import type { ExpressionReader } from './expressions.ts'
import { readCondition, readOrder, readPage, readSource, readSources } from './select-statement.ts'
import type { KeyFilter, Measurement, Show } from './syntax.ts'
import type { TokenReader } from './token-reader.ts'

const WHAT = ['DATABASES', 'FIELD', 'MEASUREMENTS', 'RETENTION', 'SERIES', 'TAG']

/** What stands behind SHOW. */
export const readShow = (reader: TokenReader, expressions: ExpressionReader): Show => {
  const token = reader.next()
  switch (token.kind) {
    case 'DATABASES':
      return { kind: 'show-databases' }
    case 'RETENTION':
      reader.expect('POLICIES')
      return { kind: 'show-retention-policies', database: readOn(reader) }
    case 'MEASUREMENTS':
      return {
        kind: 'show-measurements',
        database: readOn(reader),
        sources: readWithMeasurement(reader, expressions),
        ...readFilter(reader, expressions),
      }
    case 'SERIES':
      return {
        kind: 'show-series',
        ...readSourcesOf(reader, expressions),
        ...readFilter(reader, expressions),
      }
    case 'FIELD':
      reader.expect('KEYS')
      return {
        kind: 'show-field-keys',
        ...readSourcesOf(reader, expressions),
        ...readFilter(reader, expressions),
      }
    case 'TAG': {
      const what = reader.next()
      if (what.kind === 'KEYS')
        return {
          kind: 'show-tag-keys',
          ...readSourcesOf(reader, expressions),
          ...readFilter(reader, expressions),
        }
      if (what.kind !== 'VALUES') throw reader.found(what, 'KEYS', 'VALUES')
      const of = readSourcesOf(reader, expressions)
      reader.expect('WITH', 'KEY')
      return {
        kind: 'show-tag-values',
        ...of,
        keys: readKeys(reader, expressions),
        ...readFilter(reader, expressions),
      }
    }
    default:
      throw reader.found(token, ...WHAT)
  }
}

const readOn = (reader: TokenReader): string | undefined =>
  reader.take('ON') ? reader.identifier() : undefined

const readSourcesOf = (reader: TokenReader, expressions: ExpressionReader) => ({
  database: readOn(reader),
  sources: reader.take('FROM') ? readSources(reader, expressions) : [],
})

const readFilter = (reader: TokenReader, expressions: ExpressionReader) => {
  const condition = readCondition(reader, expressions)
  // An order says nothing about what has no time; it is read and leaves no trace, as in InfluxDB.
  readOrder(reader)
  return { condition, ...readPage(reader) }
}

const readWithMeasurement = (reader: TokenReader, expressions: ExpressionReader): Measurement[] => {
  if (!reader.take('WITH')) return []
  reader.expect('MEASUREMENT')
  const operator = reader.next()
  if (operator.kind !== '=' && operator.kind !== '=~') throw reader.found(operator, '=', '=~')
  const source = readSource(reader, expressions)
  if ((typeof source.name === 'string') !== (operator.kind === '='))
    throw reader.found(reader.peek(), operator.kind === '=' ? 'identifier' : 'regex')
  return [source]
}

const readKeys = (reader: TokenReader, { regex }: ExpressionReader): KeyFilter => {
  const operator = reader.next()
  switch (operator.kind) {
    case 'IN': {
      const open = reader.next()
      if (open.kind !== '(') throw reader.found(open, '(')
      const keys = [reader.identifier()]
      while (reader.take(',')) keys.push(reader.identifier())
      const close = reader.next()
      if (close.kind !== ')') throw reader.found(close, ')')
      return { operator: '=', keys }
    }
    case '=':
    case '!=':
      return { operator: operator.kind, keys: [reader.identifier()] }
    case '=~':
    case '!~': {
      const found = regex()
      if (found === undefined) throw reader.found(reader.next(), 'regex')
      return { operator: operator.kind, regex: found }
    }
    default:
      throw reader.found(operator, 'IN', '=', '=~')
  }
}
