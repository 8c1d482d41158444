import { formatDuration } from './durations.ts'
import { InfluxqlFault } from './fault.ts'
import type { FunctionFacts } from './functions.ts'
import { FUNCTIONS, MATH_FUNCTIONS, UNSUPPORTED_FUNCTIONS } from './functions.ts'
import { printExpression } from './print.ts'
import type { Call, Expression, Select } from './syntax.ts'

/** They are held while an average moves over them. */
const MAX_AVERAGED = 100_000n

/** Refuses what InfluxDB refuses before it looks for data, in its words. */
export const checkSelect = (select: Select, hasInterval: boolean): void => {
  const seen: Seen = { calls: [], hasFields: false, hasOnlySelectors: true, hasDistinct: false }
  const fields = select.fields.filter(({ expression }) => !isTimeField(expression))
  for (const { expression } of fields)
    checkField(expression, seen, { hasInterval, mayBeWildcard: true, select })
  if (fields.length === 0) throw new InfluxqlFault('at least 1 non-time field must be queried')
  const picking = seen.calls.find(({ name }) => name === 'top' || name === 'bottom')
  if (picking !== undefined && seen.calls.length > 1)
    throw new InfluxqlFault(`selector function ${picking.name}() cannot be combined with other functions`)
  if (seen.calls.length === 0) {
    if (select.fill.kind === 'none' || select.fill.kind === 'linear')
      throw new InfluxqlFault(`fill(${select.fill.kind}) must be used with a function`)
    if (hasInterval) throw new InfluxqlFault('GROUP BY requires at least one aggregate function')
  }
  if (seen.hasDistinct && (seen.calls.length !== 1 || seen.hasFields))
    throw new InfluxqlFault('aggregate function distinct() cannot be combined with other functions or fields')
  if (seen.hasFields && !seen.hasOnlySelectors)
    throw new InfluxqlFault('mixing aggregate and non-aggregate queries is not supported')
  if (seen.hasFields && seen.calls.length > 1)
    throw new InfluxqlFault('mixing multiple selector functions with tags or fields is not supported')
}

export const isTimeField = (expression: Expression): boolean =>
  expression.kind === 'reference' && expression.name === 'time'

type Seen = { calls: Call[]; hasFields: boolean; hasOnlySelectors: boolean; hasDistinct: boolean }
type Surroundings = {
  readonly hasInterval: boolean
  readonly mayBeWildcard: boolean
  readonly select: Select
}

const isLiteral = ({ kind }: Expression): boolean =>
  ['integer', 'number', 'string', 'boolean', 'duration'].includes(kind)

const checkField = (expression: Expression, seen: Seen, around: Surroundings): void => {
  switch (expression.kind) {
    case 'reference':
      seen.hasFields = true
      return
    case 'wildcard':
    case 'regex':
      if (!around.mayBeWildcard)
        throw new InfluxqlFault(`unable to use ${expression.kind} in a binary expression`)
      seen.hasFields = true
      return
    case 'parentheses':
      return checkField(expression.inner, seen, around)
    case 'distinct':
      return checkCall(toDistinctCall(expression.name), seen, around)
    case 'binary': {
      const inner = { ...around, mayBeWildcard: false }
      if (isLiteral(expression.left) && isLiteral(expression.right))
        throw new InfluxqlFault('field must contain at least one variable')
      if (!isLiteral(expression.left)) checkField(expression.left, seen, inner)
      if (!isLiteral(expression.right)) checkField(expression.right, seen, inner)
      return
    }
    case 'call':
      if (!MATH_FUNCTIONS.has(expression.name)) return checkCall(expression, seen, around)
      for (const arg of expression.args) if (!isLiteral(arg)) checkField(arg, seen, around)
      return
    default:
      throw new InfluxqlFault('field must contain at least one variable')
  }
}

/** `DISTINCT x` is another way to say `distinct(x)`. */
export const toDistinctCall = (name: string): Call => ({
  kind: 'call',
  name: 'distinct',
  args: [{ kind: 'reference', name }],
})

const checkCall = (call: Call, seen: Seen, around: Surroundings): void => {
  const { name, args } = call
  const facts = FUNCTIONS.get(name)
  if (UNSUPPORTED_FUNCTIONS.has(name)) throw new InfluxqlFault(`${name}() is not supported`)
  if (facts === undefined) throw new InfluxqlFault(`undefined function ${name}()`)
  seen.calls.push(call)
  if (name === 'distinct') {
    checkDistinct(args)
    seen.hasDistinct = true
  }
  if (facts.kind !== 'selector') seen.hasOnlySelectors = false
  checkArguments(call, around)
  checkFirstArgument(call, facts, seen, around)
}

const checkDistinct = (args: readonly Expression[]): void => {
  if (args.length === 0) throw new InfluxqlFault('distinct function requires at least one argument')
  if (args.length > 1) throw new InfluxqlFault('distinct function can only have one argument')
  if (args[0]?.kind !== 'reference') throw new InfluxqlFault('expected field argument in distinct()')
}

const checkArguments = ({ name, args }: Call, { select }: Surroundings): void => {
  const [, second] = args
  const count = (expected: number): void => {
    if (args.length !== expected)
      throw new InfluxqlFault(
        `invalid number of arguments for ${name}, expected ${expected}, got ${args.length}`,
      )
  }
  switch (name) {
    case 'distinct':
      return
    case 'percentile':
      count(2)
      if (second?.kind !== 'integer' && second?.kind !== 'number')
        throw new InfluxqlFault('expected float argument in percentile()')
      return
    case 'moving_average':
      count(2)
      if (second?.kind !== 'integer')
        throw new InfluxqlFault('second argument for moving_average must be an integer')
      if (second.value <= 1n)
        throw new InfluxqlFault(`moving_average window must be greater than 1, got ${second.value}`)
      if (second.value > MAX_AVERAGED)
        throw new InfluxqlFault(`moving_average window must not be greater than ${MAX_AVERAGED}`)
      return
    case 'derivative':
    case 'non_negative_derivative':
    case 'elapsed':
    case 'integral':
      if (args.length < 1 || args.length > 2)
        throw new InfluxqlFault(
          `invalid number of arguments for ${name}, expected at least 1 but no more than 2, got ${args.length}`,
        )
      if (second === undefined) return
      if (second.kind !== 'duration')
        throw new InfluxqlFault(
          name === 'integral'
            ? 'second argument must be a duration'
            : `second argument to ${name} must be a duration`,
        )
      if (second.nanoseconds <= 0n)
        throw new InfluxqlFault(
          `duration argument must be positive, got ${formatDuration(second.nanoseconds)}`,
        )
      return
    case 'top':
    case 'bottom': {
      if (args.length < 2)
        throw new InfluxqlFault(
          `invalid number of arguments for ${name}, expected at least 2, got ${args.length}`,
        )
      const last = args.at(-1)
      if (last?.kind !== 'integer') throw new InfluxqlFault(`expected integer as last argument in ${name}()`)
      if (last.value <= 0n)
        throw new InfluxqlFault(`limit (${last.value}) in ${name} function must be at least 1`)
      if ((select.limit ?? 0) > 0 && Number(last.value) > (select.limit ?? 0))
        throw new InfluxqlFault(
          `limit (${last.value}) in ${name} function can not be larger than the LIMIT (${select.limit}) in the select statement`,
        )
      for (const tag of args.slice(1, -1))
        if (tag.kind !== 'reference')
          throw new InfluxqlFault(
            `only fields or tags are allowed in ${name}(), found ${printExpression(tag)}`,
          )
      return
    }
    default:
      count(1)
  }
}

const checkFirstArgument = (
  { name, args }: Call,
  facts: FunctionFacts,
  seen: Seen,
  around: Surroundings,
): void => {
  const [first] = args
  if (name === 'distinct' || first === undefined) return
  if (facts.kind === 'transform') {
    if (first.kind === 'call') {
      if (!around.hasInterval) throw new InfluxqlFault(`${name} aggregate requires a GROUP BY interval`)
      return checkNested(first, around)
    }
    if (around.hasInterval) throw new InfluxqlFault(`aggregate function required inside the call to ${name}`)
  }
  if (name === 'count' && first.kind === 'call' && first.name === 'distinct') return checkDistinct(first.args)
  if (name === 'count' && first.kind === 'distinct') return
  if ((name === 'top' || name === 'bottom') && first.kind !== 'reference')
    throw new InfluxqlFault(
      `expected first argument to be a field in ${name}(), found ${printExpression(first)}`,
    )
  // The tags that top is asked for are columns of their own, and no fields beside it.
  if (first.kind !== 'reference' && first.kind !== 'wildcard' && first.kind !== 'regex')
    throw new InfluxqlFault(`expected field argument in ${name}()`)
  if (first.kind !== 'reference') {
    if (!around.mayBeWildcard)
      throw new InfluxqlFault(
        `unsupported expression with ${first.kind === 'regex' ? 'regex field' : 'wildcard'}: ${name}()`,
      )
    seen.hasOnlySelectors = false
  }
}

/** A call within a call counts for nothing but itself. */
const checkNested = (call: Call, around: Surroundings): void => {
  if (call.name === 'distinct') throw new InfluxqlFault('distinct() within another function is not supported')
  if (call.name === 'top' || call.name === 'bottom')
    throw new InfluxqlFault(`${call.name}() within another function is not supported`)
  checkCall(call, { calls: [], hasFields: false, hasOnlySelectors: true, hasDistinct: false }, around)
}
