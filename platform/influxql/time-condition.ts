import { MAX_INT64 } from './durations.ts'
import { InfluxqlFault } from './fault.ts'
import { printExpression } from './print.ts'
import type { Expression } from './syntax.ts'
import type { Zone } from './timezones.ts'
import { fromLocalUs } from './timezones.ts'

/** A condition in two: the time it asks for, both ends included, and the rest. */
export type SplitCondition = {
  readonly rest: Expression | undefined
  readonly fromNs: bigint | undefined
  readonly toNs: bigint | undefined
}

export type Now = { readonly nowNs: bigint; readonly zone: Zone | undefined }

/** As in InfluxDB, times are intersected wherever they stand, also beside an OR. */
export const splitCondition = (condition: Expression | undefined, now: Now): SplitCondition => {
  if (condition === undefined) return { rest: undefined, fromNs: undefined, toNs: undefined }
  switch (condition.kind) {
    case 'parentheses':
      return splitCondition(condition.inner, now)
    case 'boolean':
      return { rest: condition, fromNs: undefined, toNs: undefined }
    case 'binary': {
      if (condition.operator === 'AND' || condition.operator === 'OR') {
        const left = splitCondition(condition.left, now)
        const right = splitCondition(condition.right, now)
        return {
          rest:
            left.rest === undefined || right.rest === undefined
              ? (left.rest ?? right.rest)
              : { ...condition, left: left.rest, right: right.rest },
          fromNs: pick(left.fromNs, right.fromNs, (a, b) => a > b),
          toNs: pick(left.toNs, right.toNs, (a, b) => a < b),
        }
      }
      if (isTime(condition.left))
        return { rest: undefined, ...toRange(condition.operator, condition.right, now) }
      if (isTime(condition.right))
        return {
          rest: undefined,
          ...toRange(FLIPPED[condition.operator] ?? condition.operator, condition.left, now),
        }
      return { rest: condition, fromNs: undefined, toNs: undefined }
    }
    default:
      throw new InfluxqlFault(`invalid condition expression: ${printExpression(condition)}`)
  }
}

export const isTime = (expression: Expression): boolean =>
  expression.kind === 'reference' && expression.name.toLowerCase() === 'time'

const pick = (
  a: bigint | undefined,
  b: bigint | undefined,
  isBetter: (a: bigint, b: bigint) => boolean,
): bigint | undefined => (a === undefined ? b : b === undefined || isBetter(a, b) ? a : b)

const FLIPPED: Readonly<Record<string, string>> = { '>': '<', '<': '>', '>=': '<=', '<=': '>=' }

const toRange = (operator: string, expression: Expression, now: Now) => {
  const constant = toConstant(expression, now)
  const moment = constant?.kind === 'text' ? parseTime(constant.text, now.zone) : constant?.nanoseconds
  if (moment === undefined)
    throw new InfluxqlFault(`invalid operation: time and ${GO_TYPES[expression.kind]} are not compatible`)
  if (moment > MAX_INT64 || moment < -MAX_INT64)
    throw new InfluxqlFault(`time ${printExpression(expression)} overflows time literal`)
  switch (operator) {
    case '>':
      return { fromNs: moment + 1n, toNs: undefined }
    case '>=':
      return { fromNs: moment, toNs: undefined }
    case '<':
      return { fromNs: undefined, toNs: moment - 1n }
    case '<=':
      return { fromNs: undefined, toNs: moment }
    case '=':
      return { fromNs: moment, toNs: moment }
    default:
      throw new InfluxqlFault(`invalid time comparison operator: ${operator}`)
  }
}

/** How InfluxDB names in its words what stands there. */
const GO_TYPES: Readonly<Record<Expression['kind'], string>> = {
  reference: '*influxql.VarRef',
  call: '*influxql.Call',
  binary: '*influxql.BinaryExpr',
  parentheses: '*influxql.ParenExpr',
  distinct: '*influxql.Distinct',
  wildcard: '*influxql.Wildcard',
  regex: '*influxql.RegexLiteral',
  integer: '*influxql.IntegerLiteral',
  number: '*influxql.NumberLiteral',
  string: '*influxql.StringLiteral',
  boolean: '*influxql.BooleanLiteral',
  duration: '*influxql.DurationLiteral',
}

type Constant =
  | { readonly kind: 'time' | 'duration' | 'integer'; readonly nanoseconds: bigint }
  | { readonly kind: 'text'; readonly text: string; readonly nanoseconds?: undefined }

const toConstant = (expression: Expression, now: Now): Constant | undefined => {
  switch (expression.kind) {
    case 'parentheses':
      return toConstant(expression.inner, now)
    case 'duration':
      return { kind: 'duration', nanoseconds: expression.nanoseconds }
    case 'integer':
      return { kind: 'integer', nanoseconds: expression.value }
    case 'number':
      return { kind: 'integer', nanoseconds: BigInt(Math.trunc(expression.value)) }
    case 'string':
      return { kind: 'text', text: expression.value }
    case 'call':
      return expression.name === 'now' && expression.args.length === 0
        ? { kind: 'time', nanoseconds: now.nowNs }
        : undefined
    case 'binary': {
      const left = toMoment(toConstant(expression.left, now), now.zone)
      const right = toMoment(toConstant(expression.right, now), now.zone)
      return left === undefined || right === undefined ? undefined : combine(expression.operator, left, right)
    }
    default:
      return undefined
  }
}

const toMoment = (constant: Constant | undefined, zone: Zone | undefined): Constant | undefined =>
  constant?.kind === 'text' ? { kind: 'time', nanoseconds: parseTime(constant.text, zone) } : constant

const combine = (operator: string, left: Constant, right: Constant): Constant | undefined => {
  const [a, b] = [left.nanoseconds ?? 0n, right.nanoseconds ?? 0n]
  const kind =
    left.kind === 'time' || right.kind === 'time'
      ? 'time'
      : left.kind === 'duration' || right.kind === 'duration'
        ? 'duration'
        : 'integer'
  switch (operator) {
    case '+':
      return { kind, nanoseconds: a + b }
    case '-':
      return { kind, nanoseconds: a - b }
    case '*':
      return { kind, nanoseconds: a * b }
    case '/':
      return { kind, nanoseconds: b === 0n ? 0n : a / b }
    default:
      return undefined
  }
}

const TIME = /^(\d{4})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)?)?$/

/** A date, a date and time, or RFC 3339; without an offset of its own in the zone of the query. */
export const parseTime = (text: string, zone: Zone | undefined): bigint => {
  if (!/^\d{4}-\d\d-\d\d/.test(text))
    throw new InfluxqlFault('invalid operation: time and *influxql.StringLiteral are not compatible')
  const match = TIME.exec(text)
  const [year, month, day, hour, minute, second] = (match?.slice(1, 7) ?? []).map((part) => Number(part ?? 0))
  const [, , , , , , , fraction = '', offset] = match ?? []
  const date = Date.UTC(year ?? Number.NaN, (month ?? 0) - 1, day, hour, minute, second)
  if (
    match === null ||
    Number.isNaN(date) ||
    new Date(date).getUTCDate() !== day ||
    month === undefined ||
    month > 12 ||
    (hour ?? 0) > 23
  )
    throw new InfluxqlFault('invalid timestamp string')
  const nanoseconds = BigInt(fraction.padEnd(9, '0'))
  if (offset === undefined) return BigInt(fromLocalUs(date * 1_000, zone)) * 1_000n + nanoseconds
  const [hours, minutes] = offset === 'Z' ? [0, 0] : offset.slice(1).split(':').map(Number)
  const offsetMs = ((hours ?? 0) * 60 + (minutes ?? 0)) * 60_000 * (offset.startsWith('-') ? -1 : 1)
  return BigInt(date - offsetMs) * 1_000_000n + nanoseconds
}
