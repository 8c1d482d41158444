import { RE2JS, RE2JSException } from 're2js'
import { MAX_INT64, parseDuration } from './durations.ts'
import { InfluxqlFault } from './fault.ts'
import type { Binary, BinaryOperator, CastType, Expression, Regex } from './syntax.ts'
import type { TokenReader } from './token-reader.ts'
import type { Token } from './tokens.ts'

const PRECEDENCE: Readonly<Record<BinaryOperator, number>> = {
  OR: 1,
  AND: 2,
  '=': 3,
  '!=': 3,
  '=~': 3,
  '!~': 3,
  '<': 3,
  '<=': 3,
  '>': 3,
  '>=': 3,
  '+': 4,
  '-': 4,
  '|': 4,
  '^': 4,
  '*': 5,
  '/': 5,
  '%': 5,
  '&': 5,
}
const isOperator = (kind: string): kind is BinaryOperator => Object.hasOwn(PRECEDENCE, kind)

const CASTS: Readonly<Record<string, CastType>> = {
  float: 'float',
  integer: 'integer',
  unsigned: 'unsigned',
  string: 'string',
  boolean: 'boolean',
}

/** Deeper or longer ones would be walked by recursion until the stack ends. */
const MAX_DEPTH = 100
const MAX_TERMS = 2_000

export type ExpressionReader = {
  expression(): Expression
  /** A regular expression if one stands next. */
  regex(): Regex | undefined
}

export const createExpressionReader = (reader: TokenReader): ExpressionReader => {
  let depth = 0
  let terms = 0

  const regex = (): Regex | undefined => {
    const token = reader.regex()
    if (token === undefined) return undefined
    if (token.kind === 'BADREGEX') throw reader.faultAt('bad regex: ', token)
    try {
      RE2JS.compile(token.text)
    } catch (cause) {
      if (!(cause instanceof RE2JSException)) throw cause
      // InfluxDB counts it from the character in front.
      throw reader.faultAt(cause.message, { ...token, start: token.start - 1 })
    }
    return { kind: 'regex', source: token.text }
  }

  const expression = (): Expression => {
    let root = unary()
    for (;;) {
      const token = reader.peek()
      if (!isOperator(token.kind)) return root
      reader.next()
      const right = token.kind === '=~' || token.kind === '!~' ? expectRegex() : unary()
      root = insert(root, token.kind, right)
    }
  }

  const expectRegex = (): Regex => {
    const found = regex()
    if (found === undefined) throw reader.found(reader.next(), 'regex')
    return found
  }

  const unary = (): Expression => {
    if (++terms > MAX_TERMS) throw new InfluxqlFault(`more than ${MAX_TERMS} terms`)
    if (++depth > MAX_DEPTH) throw new InfluxqlFault(`nested deeper than ${MAX_DEPTH}`)
    const found = primary(reader.next())
    depth--
    return found
  }

  const primary = (token: Token): Expression => {
    switch (token.kind) {
      case '(': {
        const inner = expression()
        closeParenthesis()
        return { kind: 'parentheses', inner }
      }
      case 'IDENT':
        if (reader.isNext('(')) {
          reader.raw()
          return call(token.text)
        }
        return reference(token)
      case 'DISTINCT':
        return distinct()
      case 'STRING':
        return { kind: 'string', value: token.text }
      case 'TRUE':
      case 'FALSE':
        return { kind: 'boolean', value: token.kind === 'TRUE' }
      case 'NUMBER':
      case 'INTEGER':
      case 'DURATIONVAL':
        return numeric(token, 1)
      case '*':
        return wildcard()
      case '+':
      case '-':
        return signed(token.kind === '-' ? -1 : 1)
      default:
        throw reader.found(token, 'identifier', 'string', 'number', 'bool')
    }
  }

  const closeParenthesis = (): void => {
    const token = reader.next()
    if (token.kind !== ')') throw reader.found(token, ')')
  }

  const numeric = (token: Token, sign: 1 | -1): Expression => {
    if (token.kind === 'DURATIONVAL')
      return { kind: 'duration', nanoseconds: parseDuration(token.text) * BigInt(sign) }
    if (token.kind === 'NUMBER') {
      const value = Number(token.text)
      if (!Number.isFinite(value)) throw reader.faultAt('unable to parse number', token)
      return { kind: 'number', value: value === 0 ? 0 : sign * value }
    }
    const value = BigInt(token.text)
    if (value > MAX_INT64 + (sign < 0 ? 1n : 0n)) throw reader.faultAt('unable to parse integer', token)
    return { kind: 'integer', value: value * BigInt(sign) }
  }

  /** The sign of a literal is its own; of anything else it is a multiplication. */
  const signed = (sign: 1 | -1): Expression => {
    const token = reader.next()
    switch (token.kind) {
      case 'NUMBER':
      case 'INTEGER':
      case 'DURATIONVAL':
        return numeric(token, sign)
      case 'IDENT':
      case '(': {
        const right = primary(token)
        return { kind: 'binary', operator: '*', left: { kind: 'integer', value: BigInt(sign) }, right }
      }
      default:
        throw reader.found(token, 'identifier', 'number', 'duration', '(')
    }
  }

  const call = (name: string): Expression => {
    const args: Expression[] = []
    if (!reader.take(')')) {
      do args.push(regex() ?? expression())
      while (reader.take(','))
      closeParenthesis()
    }
    return { kind: 'call', name: name.toLowerCase(), args }
  }

  const distinct = (): Expression => {
    const token = reader.raw()
    if (token.kind === '(') return call('distinct')
    if (token.kind !== 'WS') throw reader.found(token, '(', 'identifier')
    return { kind: 'distinct', name: reader.identifier() }
  }

  const wildcard = (): Expression => {
    if (!reader.isNext(':')) return { kind: 'wildcard' }
    const colons = reader.raw()
    const token = reader.raw()
    if (colons.kind !== '::' || (token.kind !== 'FIELD' && token.kind !== 'TAG'))
      throw reader.found(token, 'field', 'tag')
    return { kind: 'wildcard', of: token.kind === 'FIELD' ? 'field' : 'tag' }
  }

  /** Dots join the parts of a name. */
  const reference = (first: Token): Expression => {
    let name = first.text
    while (reader.isNext('.')) {
      reader.raw()
      name += `.${reader.identifier()}`
    }
    if (!reader.isNext(':')) return { kind: 'reference', name }
    const colons = reader.raw()
    const token = reader.raw()
    const cast =
      token.kind === 'FIELD' ? 'field' : token.kind === 'TAG' ? 'tag' : CASTS[token.text.toLowerCase()]
    if (colons.kind !== '::' || cast === undefined)
      throw reader.found(token, 'float', 'integer', 'unsigned', 'string', 'boolean', 'field', 'tag')
    return { kind: 'reference', name, cast }
  }

  return { expression, regex }
}

/** Puts an operator behind what was read: above all that binds as tightly, below what binds less. */
const insert = (root: Expression, operator: BinaryOperator, right: Expression): Binary =>
  root.kind !== 'binary' || PRECEDENCE[root.operator] >= PRECEDENCE[operator]
    ? { kind: 'binary', operator, left: root, right }
    : { ...root, right: insert(root.right, operator, right) }
