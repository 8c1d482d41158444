import { checkSelect, isTimeField } from './check-select.ts'
import { nameColumns } from './column-names.ts'
import type { Cell, Evaluated, EvaluationScope } from './evaluation.ts'
import { evaluate } from './evaluation.ts'
import { expandFields } from './expand-fields.ts'
import { InfluxqlFault } from './fault.ts'
import { FUNCTIONS, MATH_FUNCTIONS } from './functions.ts'
import type { FieldType } from './point-source.ts'
import { printExpression } from './print.ts'
import type { ColumnType, MeasurementSchema } from './schema.ts'
import { typeOfReference } from './schema.ts'
import type { Call, Expression, Field, Reference, Select } from './syntax.ts'
import { splitCondition } from './time-condition.ts'
import { createZone } from './timezones.ts'
import type { Zone } from './timezones.ts'
import type { Grouping } from './windows.ts'

/** What a selection asks for, before it is known which measurements there are. */
export type SelectScope = {
  readonly zone: Zone | undefined
  readonly grouping: Grouping | undefined
  readonly rest: Expression | undefined
  readonly fromUs: number | undefined
  readonly toUs: number
  /** The time of a row that stands for all of it. */
  readonly wholeUs: number
}

export const readScope = (select: Select, nowMs: number): SelectScope => {
  const zone = select.timezone === undefined ? undefined : createZone(select.timezone)
  const nowNs = BigInt(nowMs) * 1_000_000n
  const { rest, fromNs, toNs } = splitCondition(select.condition, { nowNs, zone })
  const grouping = readGrouping(select.dimensions, nowMs, zone)
  checkSelect(select, grouping !== undefined)
  const toUs = toNs === undefined ? undefined : floorUs(toNs)
  return {
    zone,
    grouping,
    rest,
    fromUs: fromNs === undefined ? undefined : -floorUs(-fromNs),
    toUs: toUs ?? (grouping === undefined ? Number.POSITIVE_INFINITY : nowMs * 1_000),
    wholeUs: fromNs === undefined ? 0 : floorUs(fromNs),
  }
}

const floorUs = (nanoseconds: bigint): number => {
  const whole = nanoseconds / 1_000n
  return Number(nanoseconds < 0n && nanoseconds % 1_000n !== 0n ? whole - 1n : whole)
}

const readGrouping = (
  dimensions: readonly Expression[],
  nowMs: number,
  zone: Zone | undefined,
): Grouping | undefined => {
  let grouping: Grouping | undefined
  for (const dimension of dimensions)
    switch (dimension.kind) {
      case 'reference':
        if (dimension.name.toLowerCase() === 'time')
          throw new InfluxqlFault('time() is a function and expects at least one argument')
        break
      case 'wildcard':
      case 'regex':
        break
      case 'call':
        if (grouping !== undefined) throw new InfluxqlFault('multiple time dimensions not allowed')
        grouping = readTimeCall(dimension, nowMs, zone)
        break
      default:
        throw new InfluxqlFault('only time and tag dimensions allowed')
    }
  return grouping
}

const readTimeCall = ({ name, args }: Call, nowMs: number, zone: Zone | undefined): Grouping | undefined => {
  if (name !== 'time') throw new InfluxqlFault('only time() calls allowed in dimensions')
  if (args.length < 1 || args.length > 2) throw new InfluxqlFault('time dimension expected 1 or 2 arguments')
  const [interval, offset] = args
  if (interval?.kind !== 'duration') throw new InfluxqlFault('time dimension must have duration argument')
  if (interval.nanoseconds % 1_000n !== 0n || interval.nanoseconds < 0n)
    throw new InfluxqlFault('time dimension must be of whole microseconds')
  if (interval.nanoseconds === 0n) return undefined
  const intervalUs = Number(interval.nanoseconds / 1_000n)
  if (offset === undefined) return { intervalUs, offsetUs: 0, zone }
  const moment: Expression = { kind: 'reference', name: 'time' }
  const { fromNs } =
    offset.kind === 'duration'
      ? { fromNs: offset.nanoseconds }
      : offset.kind === 'call' || offset.kind === 'string'
        ? splitCondition(
            { kind: 'binary', operator: '=', left: moment, right: offset },
            { nowNs: BigInt(nowMs) * 1_000_000n, zone },
          )
        : { fromNs: undefined }
  if (fromNs === undefined) throw new InfluxqlFault('time dimension offset must be duration or now()')
  return { intervalUs, offsetUs: floorUs(fromNs) % intervalUs, zone }
}

/** What is read from each point beside the fields of the calls. */
export type PlannedReference = { readonly reference: Reference; readonly type: ColumnType | undefined }
export type PlannedCall = { readonly call: Call; readonly type: FieldType }

/** How rows are made: references first, then calls, and each column out of these cells. */
export type SelectPlan = {
  readonly references: readonly PlannedReference[]
  readonly calls: readonly PlannedCall[]
  readonly columns: readonly string[]
  readonly fields: readonly Evaluated<readonly Cell[]>[]
  readonly dimensions: readonly string[]
  readonly typeOf: (expression: Expression) => FieldType | undefined
}

export const planSelect = (select: Select, measurements: readonly MeasurementSchema[]): SelectPlan => {
  const { fields: expanded, dimensions } = expandFields(select, measurements)
  const named = expanded.filter(({ expression }) => !isTimeField(expression))
  const fields = named
    .map((field) => ({ ...field, expression: resolve(field.expression, measurements) }))
    .flatMap(withPickedTags)
  const timeAlias = expanded.find(({ expression }) => isTimeField(expression))?.alias

  const references: PlannedReference[] = []
  const calls: PlannedCall[] = []
  const places = new Map<string, { readonly isCall: boolean; readonly index: number }>()
  const place = <T>(expression: Reference | Call, list: T[], make: () => T | undefined): void => {
    const key = printExpression(expression)
    if (places.has(key)) return
    const made = make()
    if (made === undefined) return
    places.set(key, { isCall: expression.kind === 'call', index: list.length })
    list.push(made)
  }
  const collect = (expression: Expression): void => {
    switch (expression.kind) {
      case 'reference':
        return place(expression, references, () => ({
          reference: expression,
          type: typeOfReference(expression, measurements),
        }))
      case 'call':
        if (MATH_FUNCTIONS.has(expression.name)) return expression.args.forEach(collect)
        return place(expression, calls, () => {
          const type = typeOfCall(expression, measurements)
          return type === undefined ? undefined : { call: expression, type }
        })
      case 'parentheses':
        return collect(expression.inner)
      case 'binary':
        collect(expression.left)
        collect(expression.right)
    }
  }
  // A pipeline finds the tags that it picks by in front of all others.
  for (const { expression } of fields) if (isPick(expression)) pickedTags(expression).forEach(collect)
  for (const { expression } of fields) collect(expression)

  const cell = (key: string, type: FieldType | undefined): Evaluated<readonly Cell[]> => {
    const found = places.get(key)
    const index = found === undefined ? -1 : found.isCall ? references.length + found.index : found.index
    return { type, read: (cells) => cells[index] }
  }
  const typeOf = (expression: Expression): FieldType | undefined =>
    expression.kind === 'call'
      ? typeOfCall(expression, measurements)
      : expression.kind === 'reference'
        ? toFieldType(typeOfReference(expression, measurements))
        : undefined
  const scope: EvaluationScope<readonly Cell[]> = {
    reference: (reference) => cell(printExpression(reference), typeOf(reference)),
    call: (call) => cell(printExpression(call), typeOf(call)),
    hasIntegerDivision: false,
  }
  return {
    references,
    calls,
    columns: [timeAlias ?? 'time', ...nameColumns(fields)],
    fields: fields.map(({ expression }) => evaluate(expression, scope)),
    dimensions,
    typeOf,
  }
}

const toFieldType = (type: ColumnType | undefined): FieldType | undefined =>
  type === 'tag' ? 'string' : type

const isPick = (expression: Expression): expression is Call =>
  expression.kind === 'call' && (expression.name === 'top' || expression.name === 'bottom')
const pickedTags = ({ args }: Call): readonly Expression[] => args.slice(1, -1)
const withPickedTags = (field: Field): Field[] =>
  isPick(field.expression)
    ? [field, ...pickedTags(field.expression).map((expression) => ({ expression }))]
    : [field]

/** Of a call whose field there is not, undefined: it has no values. */
const typeOfCall = (call: Call, measurements: readonly MeasurementSchema[]): FieldType | undefined => {
  const facts = FUNCTIONS.get(call.name)
  const [first] = call.args
  const type =
    first?.kind === 'call'
      ? typeOfCall(first, measurements)
      : first?.kind === 'reference'
        ? typeOfReference(first, measurements)
        : first?.kind === 'distinct'
          ? typeOfReference({ kind: 'reference', name: first.name }, measurements)
          : undefined
  if (facts === undefined || type === undefined || type === 'tag') return undefined
  if (!facts.takes.includes(type)) throw new InfluxqlFault(`unsupported ${call.name} iterator type: ${type}`)
  return facts.gives === 'same' ? type : facts.gives
}

/** Names with the type that they were found to be of, so that a fault shows it. */
const resolve = (expression: Expression, measurements: readonly MeasurementSchema[]): Expression => {
  switch (expression.kind) {
    case 'reference': {
      const type = typeOfReference(expression, measurements)
      return type === undefined ? expression : { ...expression, cast: type }
    }
    case 'call':
      return { ...expression, args: expression.args.map((arg) => resolve(arg, measurements)) }
    case 'parentheses':
      return { ...expression, inner: resolve(expression.inner, measurements) }
    case 'binary':
      return {
        ...expression,
        left: resolve(expression.left, measurements),
        right: resolve(expression.right, measurements),
      }
    default:
      return expression
  }
}
