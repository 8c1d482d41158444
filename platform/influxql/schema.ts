import type { FieldType, PointSource, Tags } from './point-source.ts'
import type { Reference } from './syntax.ts'

/** A measurement of a selection, with what it has. */
export type MeasurementSchema = {
  readonly name: string
  readonly fields: ReadonlyMap<string, FieldType>
  readonly series: readonly Tags[]
  readonly tagKeys: ReadonlySet<string>
}

export const readSchema = (source: PointSource, name: string): MeasurementSchema => {
  const series = source.series(name)
  const tagKeys = new Set(series.flatMap((tags) => Object.keys(tags)))
  return { name, fields: source.fields(name), series, tagKeys }
}

/** Where measurements disagree, the first of these counts. */
const PRECEDENCE = ['float', 'integer', 'string', 'boolean', 'tag'] as const
export type ColumnType = (typeof PRECEDENCE)[number]

/** What a name stands for in these measurements: a field of a type, a tag, or nothing. */
export const typeOfReference = (
  { name, cast }: Reference,
  measurements: readonly MeasurementSchema[],
): ColumnType | undefined => {
  if (cast === 'tag') return 'tag'
  const found = new Set<ColumnType>()
  for (const { fields, tagKeys } of measurements) {
    const type = fields.get(name)
    if (type !== undefined) found.add(type)
    else if (tagKeys.has(name) && cast !== 'field') found.add('tag')
  }
  if (cast !== undefined && cast !== 'field') return cast === 'unsigned' ? 'integer' : cast
  return PRECEDENCE.find((type) => found.has(type))
}

/** By bytes, as InfluxDB sorts; the language's own order is by halves of code points. */
export const compareTexts = (a: string, b: string): number =>
  a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b))
