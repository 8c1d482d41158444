import { toDistinctCall } from './check-select.ts'
import { FUNCTIONS } from './functions.ts'
import type { Pattern } from './patterns.ts'
import { createPattern } from './patterns.ts'
import type { ColumnType, MeasurementSchema } from './schema.ts'
import { compareTexts, typeOfReference } from './schema.ts'
import type { Call, Expression, Field, Reference, Select } from './syntax.ts'

export type Expanded = { readonly fields: readonly Field[]; readonly dimensions: readonly string[] }

/** Puts the fields and tags that there are in the place of `*` and of regular expressions. */
export const expandFields = (select: Select, measurements: readonly MeasurementSchema[]): Expanded => {
  const tags = [...new Set(measurements.flatMap(({ tagKeys }) => [...tagKeys]))].sort(compareTexts)
  const dimensions = new Set<string>()
  let hasWildcard = false
  for (const dimension of select.dimensions)
    switch (dimension.kind) {
      case 'reference':
        dimensions.add(dimension.name)
        break
      case 'wildcard':
      case 'regex': {
        hasWildcard = true
        const pattern = dimension.kind === 'regex' ? createPattern(dimension.source) : undefined
        for (const tag of tags) if (pattern?.test(tag) ?? true) dimensions.add(tag)
      }
    }
  const fieldNames = [...new Set(measurements.flatMap(({ fields }) => [...fields.keys()]))]
  const columns: Column[] = fieldNames.map((name) => ({
    name,
    type: typeOfReference({ kind: 'reference', name }, measurements) ?? 'float',
  }))
  // What is grouped by stands above the rows already.
  if (!hasWildcard) for (const name of tags) if (!dimensions.has(name)) columns.push({ name, type: 'tag' })
  columns.sort((a, b) => compareTexts(a.name, b.name) || compareTexts(a.type, b.type))
  return {
    fields: select.fields.flatMap((field) => expandField(field, columns)),
    dimensions: [...dimensions],
  }
}

type Column = { readonly name: string; readonly type: ColumnType }
const toReference = ({ name, type }: Column): Reference => ({ kind: 'reference', name, cast: type })

const expandField = (field: Field, columns: readonly Column[]): Field[] => {
  const { expression } = field
  switch (expression.kind) {
    case 'wildcard':
      return columns
        .filter(({ type }) => expression.of === undefined || (expression.of === 'tag') === (type === 'tag'))
        .map((column) => ({ expression: toReference(column) }))
    case 'regex': {
      const pattern = createPattern(expression.source)
      return columns
        .filter(({ name }) => pattern.test(name))
        .map((column) => ({ expression: toReference(column) }))
    }
    case 'distinct':
      return [{ ...field, expression: toDistinctCall(expression.name) }]
    case 'call':
      return expandCall(field, expression, columns)
    default:
      return [field]
  }
}

/** `mean(*)` is the mean of each field that can have one, and `max(difference(*))` looks within. */
const expandCall = (field: Field, call: Call, columns: readonly Column[]): Field[] => {
  const innermost = innermostOf(call)
  const [first] = innermost.args
  if (first?.kind !== 'wildcard' && first?.kind !== 'regex') return [field]
  const pattern: Pattern | undefined = first.kind === 'regex' ? createPattern(first.source) : undefined
  const takes = FUNCTIONS.get(innermost.name)?.takes ?? []
  return columns
    .filter(({ name, type }) => type !== 'tag' && takes.includes(type) && (pattern?.test(name) ?? true))
    .map((column) => ({
      expression: replaceInnermost(call, toReference(column)),
      alias: `${field.alias ?? call.name}_${column.name}`,
    }))
}

const innermostOf = (call: Call): Call => {
  const [first] = call.args
  return first?.kind === 'call' ? innermostOf(first) : call
}

const replaceInnermost = (call: Call, by: Expression): Call => {
  const [first, ...others] = call.args
  return { ...call, args: [first?.kind === 'call' ? replaceInnermost(first, by) : by, ...others] }
}
