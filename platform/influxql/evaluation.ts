import { InfluxqlFault } from './fault.ts'
import { MATH_FUNCTIONS } from './functions.ts'
import type { Pattern } from './patterns.ts'
import { createPattern } from './patterns.ts'
import type { FieldType, Value } from './point-source.ts'
import { printExpression } from './print.ts'
import type { Binary, Call, Expression, Reference } from './syntax.ts'

export type Cell = Value | undefined
/** An expression made ready: of a type if it has one, read from the cells of a row. */
export type Evaluated<Row> = { readonly type: FieldType | undefined; readonly read: (row: Row) => Cell }

export type EvaluationScope<Row> = {
  readonly reference: (reference: Reference) => Evaluated<Row>
  /** A call that is no mathematics; undefined where there cannot be one. */
  readonly call: (call: Call) => Evaluated<Row> | undefined
  /** In a selection 1/2 is a half, in a condition it is nothing, as in InfluxDB. */
  readonly hasIntegerDivision: boolean
}

export const evaluate = <Row>(expression: Expression, scope: EvaluationScope<Row>): Evaluated<Row> => {
  switch (expression.kind) {
    case 'reference':
      return scope.reference(expression)
    case 'parentheses':
      return evaluate(expression.inner, scope)
    case 'integer':
      return constant('integer', Number(expression.value))
    case 'duration':
      return constant('integer', Number(expression.nanoseconds))
    case 'number':
      return constant('float', expression.value)
    case 'string':
      return constant('string', expression.value)
    case 'boolean':
      return constant('boolean', expression.value)
    case 'call':
      return evaluateCall(expression, scope)
    case 'binary':
      return evaluateBinary(expression, scope)
    default:
      throw new InfluxqlFault(`invalid expression: ${printExpression(expression)}`)
  }
}

const constant = <Row>(type: FieldType, value: Value): Evaluated<Row> => ({ type, read: () => value })

const evaluateCall = <Row>(call: Call, scope: EvaluationScope<Row>): Evaluated<Row> => {
  const math = MATH_FUNCTIONS.get(call.name)
  if (math === undefined) {
    const found = scope.call(call)
    if (found !== undefined) return found
    throw new InfluxqlFault(`invalid function call in condition: ${printExpression(call)}`)
  }
  if (call.args.length !== math.args)
    throw new InfluxqlFault(
      `invalid number of arguments for ${call.name}, expected ${math.args}, got ${call.args.length}`,
    )
  const args = call.args.map((arg) => evaluate(arg, scope))
  for (const [index, { type }] of args.entries())
    if (type === 'string' || type === 'boolean')
      throw new InfluxqlFault(
        `invalid argument type for the ${index === 0 ? 'first' : 'second'} argument in ${call.name}(): ${type}`,
      )
  const [first, second] = args
  const isInteger = math.keepsIntegers && first?.type === 'integer'
  return {
    type: isInteger ? 'integer' : 'float',
    read: (row) => {
      const x = first?.read(row)
      const y = second === undefined ? 0 : second.read(row)
      return typeof x === 'number' && typeof y === 'number' ? math.apply(x, y) : undefined
    },
  }
}

const evaluateBinary = <Row>(binary: Binary, scope: EvaluationScope<Row>): Evaluated<Row> => {
  const { operator } = binary
  if (operator === '=~' || operator === '!~') {
    const text = evaluate(binary.left, scope)
    const pattern = toPattern(binary.right)
    return {
      type: 'boolean',
      read: (row) => {
        const value = text.read(row)
        return typeof value === 'string' && pattern.test(value) === (operator === '=~')
      },
    }
  }
  const left = evaluate(binary.left, scope)
  const right = evaluate(binary.right, scope)
  const type = typeOfBinary(binary, left.type, right.type, scope.hasIntegerDivision)
  const areIntegers = left.type === 'integer' && right.type === 'integer'
  const apply = toOperation(operator, areIntegers, scope.hasIntegerDivision)
  return { type, read: (row) => apply(left.read(row), right.read(row)) }
}

export const toPattern = (expression: Expression): Pattern => {
  if (expression.kind !== 'regex') throw new InfluxqlFault('right side must be a regular expression')
  return createPattern(expression.source)
}

const isNumeric = (type: FieldType | undefined): boolean => type === 'float' || type === 'integer'

const typeOfBinary = (
  binary: Binary,
  left: FieldType | undefined,
  right: FieldType | undefined,
  hasIntegerDivision: boolean,
): FieldType | undefined => {
  const { operator } = binary
  if (/^(AND|OR|[=<>!]=?)$/.test(operator)) return 'boolean'
  if (left === undefined || right === undefined) return left ?? right
  const areIntegers = left === 'integer' && right === 'integer'
  if (/^[-+*/%]$/.test(operator) && isNumeric(left) && isNumeric(right))
    return areIntegers && (operator !== '/' || hasIntegerDivision) ? 'integer' : 'float'
  if (/^[&|^]$/.test(operator) && (areIntegers || (left === 'boolean' && right === 'boolean'))) return left
  throw new InfluxqlFault(`type error: ${printExpression(binary)}: incompatible types: ${left} and ${right}`)
}

type Operation = (left: Cell, right: Cell) => Cell

const toOperation = (operator: string, areIntegers: boolean, hasIntegerDivision: boolean): Operation => {
  switch (operator) {
    case '+':
      return onNumbers((a, b) => a + b)
    case '-':
      return onNumbers((a, b) => a - b)
    case '*':
      return onNumbers((a, b) => a * b)
    case '/':
      return onNumbers((a, b) =>
        b === 0 ? 0 : areIntegers && hasIntegerDivision ? Math.trunc(a / b) : a / b,
      )
    case '%':
      return onNumbers((a, b) => (b === 0 && areIntegers ? 0 : a % b))
    case '&':
      return onBits((a, b) => a & b)
    case '|':
      return onBits((a, b) => a | b)
    case '^':
      return onBits((a, b) => a ^ b)
    case 'AND':
      return (a, b) => a === true && b === true
    case 'OR':
      return (a, b) => a === true || b === true
    case '=':
      return (a, b) => (a ?? b) !== undefined && orFalse(a, b) === orFalse(b, a)
    case '!=':
      return (a, b) => typeof orFalse(a, b) === typeof orFalse(b, a) && orFalse(a, b) !== orFalse(b, a)
    case '<':
      return comparing((a, b) => a < b)
    case '<=':
      return comparing((a, b) => a <= b)
    case '>':
      return comparing((a, b) => a > b)
    default:
      return comparing((a, b) => a >= b)
  }
}

/** Beside a boolean what is missing is false, as in InfluxDB. */
const orFalse = (value: Cell, other: Cell): Cell =>
  value === undefined && typeof other === 'boolean' ? false : value

const onNumbers =
  (apply: (a: number, b: number) => number): Operation =>
  (a, b) =>
    typeof a === 'number' && typeof b === 'number' ? apply(a, b) : undefined

const comparing =
  (holds: (a: number, b: number) => boolean): Operation =>
  (a, b) =>
    typeof a === 'number' && typeof b === 'number' && holds(a, b)

/** 64 bits, where the language's own operators have 32. */
const onBits =
  (apply: (a: bigint, b: bigint) => bigint): Operation =>
  (a, b) => {
    if (typeof a === 'boolean' || typeof b === 'boolean')
      return apply(a === true ? 1n : 0n, b === true ? 1n : 0n) === 1n
    return typeof a === 'number' && typeof b === 'number' ? Number(apply(BigInt(a), BigInt(b))) : undefined
  }
