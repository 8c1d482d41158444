import fc from 'fast-check'
import type { BinaryOperator, Expression, Field, Fill, Measurement, Statement } from './syntax.ts'

/** Statements of every shape that the grammar has, as the parser would make them. */
const name = fc.oneof(
  fc.constantFrom('x', 'temperature', 'slot', 'time', 'from', 'select', 'a b', 'a"b', 'a\\b', '字'),
  fc.string({ minLength: 1, maxLength: 6 }).filter((text) => !text.includes('\r')),
)
const cast = fc.constantFrom(undefined, 'float', 'integer', 'string', 'boolean', 'field', 'tag')
const regex = fc
  .constantFrom('.*', '^a/b$', '(?i)read', 'a|b', '\\d+', '^(north|south)$')
  .map((source) => ({ kind: 'regex' as const, source }))
const literal: fc.Arbitrary<Expression> = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value) => ({ kind: 'integer' as const, value })),
  fc
    .double({ noNaN: true, noDefaultInfinity: true })
    .map((value) => ({ kind: 'number' as const, value: value === 0 ? 0 : value })),
  fc.string({ maxLength: 6 }).map((value) => ({ kind: 'string' as const, value })),
  fc.boolean().map((value) => ({ kind: 'boolean' as const, value })),
  fc
    .bigInt({ min: -(2n ** 62n), max: 2n ** 62n })
    .map((nanoseconds) => ({ kind: 'duration' as const, nanoseconds })),
)
const reference = fc.record({ kind: fc.constant('reference' as const), name, cast })

const OPERATORS: readonly BinaryOperator[][] = [
  ['OR'],
  ['AND'],
  ['=', '!=', '<', '<=', '>', '>='],
  ['+', '-', '|', '^'],
  ['*', '/', '%', '&'],
]

const { expression } = fc.letrec<{ expression: Expression; leaf: Expression }>((tie) => ({
  leaf: fc.oneof(
    literal,
    reference,
    fc.record({ kind: fc.constant('wildcard' as const), of: fc.constantFrom(undefined, 'field', 'tag') }),
  ),
  expression: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    tie('leaf'),
    fc.record({ kind: fc.constant('parentheses' as const), inner: tie('expression') }),
    fc.record({
      kind: fc.constant('call' as const),
      name: fc.constantFrom('mean', 'count', 'top', 'now', 'distinct'),
      args: fc.array(fc.oneof(tie('expression'), regex), { maxLength: 3 }),
    }),
    // What binds less than its surroundings stands in parentheses, or it would be another tree.
    fc
      .tuple(fc.constantFrom(...OPERATORS.flat()), tie('expression'), tie('leaf'))
      .map(([operator, left, right]) => ({ kind: 'binary' as const, operator, left: enclose(left), right })),
    fc
      .tuple(fc.constantFrom('=~' as const, '!~' as const), reference, regex)
      .map(([operator, left, right]) => ({
        kind: 'parentheses' as const,
        inner: { kind: 'binary' as const, operator, left, right },
      })),
  ),
}))
const enclose = (inner: Expression): Expression =>
  inner.kind === 'binary' ? { kind: 'parentheses', inner } : inner

const arithmetic = expression.filter((one) => !/ (AND|OR|=|!=|<|<=|>|>=|=~|!~) /.test(describe(one)))
const describe = (one: Expression): string =>
  one.kind === 'binary'
    ? `${describe(one.left)} ${one.operator} ${describe(one.right)}`
    : one.kind === 'parentheses'
      ? describe(one.inner)
      : one.kind === 'call'
        ? one.args.map(describe).join()
        : ''
const field: fc.Arbitrary<Field> = fc.record({
  expression: fc.oneof(arithmetic, regex),
  alias: fc.option(name, { nil: undefined }),
})
const source: fc.Arbitrary<Measurement> = fc.oneof(
  fc.record({
    database: fc.constant(undefined),
    retentionPolicy: fc.option(name, { nil: undefined }),
    name: fc.oneof(name, regex),
  }),
  fc.record({
    database: name,
    retentionPolicy: fc.option(name, { nil: undefined }),
    name: fc.oneof(name, regex),
  }),
)
const sources = fc.array(source, { minLength: 1, maxLength: 2 })
const count = fc.option(fc.nat(), { nil: undefined })
const condition = fc.option(expression, { nil: undefined })
const fill: fc.Arbitrary<Fill> = fc.oneof(
  fc
    .constantFrom('null', 'none', 'previous', 'linear')
    .map((kind) => ({ kind: kind as 'null' | 'none' | 'previous' | 'linear' })),
  fc.integer().map((value) => ({ kind: 'value' as const, value, isInteger: true })),
  fc
    .double({ noNaN: true, noDefaultInfinity: true })
    .map((value) => ({ kind: 'value' as const, value: value === 0 ? 0 : value, isInteger: false })),
)
const database = fc.option(name, { nil: undefined })
const keys = fc.oneof(
  fc.record({ operator: fc.constant('=' as const), keys: fc.array(name, { minLength: 1, maxLength: 3 }) }),
  fc.record({ operator: fc.constant('!=' as const), keys: fc.tuple(name) }),
  fc.record({ operator: fc.constantFrom('=~' as const, '!~' as const), regex }),
)

export const statements: fc.Arbitrary<Statement> = fc.oneof(
  fc.record({
    kind: fc.constant('select' as const),
    fields: fc.array(field, { minLength: 1, maxLength: 3 }),
    sources,
    condition,
    dimensions: fc.array(fc.oneof(arithmetic, regex), { maxLength: 2 }),
    fill,
    descending: fc.boolean(),
    limit: count,
    offset: count,
    seriesLimit: count,
    seriesOffset: count,
    timezone: fc.constantFrom(undefined, 'UTC', 'Asia/Shanghai', 'Europe/Berlin'),
  }),
  fc.record({
    kind: fc.constantFrom('show-series' as const, 'show-tag-keys' as const, 'show-field-keys' as const),
    database,
    sources: fc.oneof(sources, fc.constant([])),
    condition,
    limit: count,
    offset: count,
  }),
  fc.record({
    kind: fc.constant('show-tag-values' as const),
    database,
    sources: fc.oneof(sources, fc.constant([])),
    keys,
    condition,
    limit: count,
    offset: count,
  }),
  fc.record({
    kind: fc.constant('show-measurements' as const),
    database,
    sources: fc.array(source, { maxLength: 1 }),
    condition,
    limit: count,
    offset: count,
  }),
  fc.constant({ kind: 'show-databases' as const }),
  fc.record({ kind: fc.constant('show-retention-policies' as const), database }),
)
