import type { FieldType, PointSource, Tags, Value } from './point-source.ts'

export type MemoryPoint = {
  readonly measurement: string
  readonly tags: Tags
  readonly atUs: number
  readonly fields: Readonly<Record<string, Value>>
}
export type MemorySchema = Readonly<Record<string, Readonly<Record<string, FieldType>>>>

/** Points in memory, in any order; of the same series and time the later one wins field by field, as in InfluxDB. */
export const createMemorySource = (schema: MemorySchema, points: readonly MemoryPoint[]): PointSource => {
  type Held = { tags: Tags; byTime: Map<number, Record<string, Value>> }
  const measurements = new Map<string, Map<string, Held>>()
  for (const { measurement, tags, atUs, fields } of points) {
    const held = measurements.get(measurement) ?? new Map<string, Held>()
    measurements.set(measurement, held)
    const key = keyOf(tags)
    const series = held.get(key) ?? { tags, byTime: new Map() }
    held.set(key, series)
    series.byTime.set(atUs, { ...series.byTime.get(atUs), ...fields })
  }
  return {
    measurements: () => [...measurements.keys()],
    fields: (measurement) => new Map(Object.entries(schema[measurement] ?? {})),
    series: (measurement) => [...(measurements.get(measurement)?.values() ?? [])].map(({ tags }) => tags),
    points: function* ({ measurement, tags, fields, fromUs, toUs, descending }) {
      const byTime = measurements.get(measurement)?.get(keyOf(tags))?.byTime ?? new Map()
      const times = [...byTime.keys()].filter((atUs) => atUs >= fromUs && atUs <= toUs)
      times.sort((a, b) => (descending ? b - a : a - b))
      for (const atUs of times) yield { atUs, values: fields.map((field) => byTime.get(atUs)?.[field]) }
    },
  }
}

const keyOf = (tags: Tags): string => JSON.stringify(Object.entries(tags).sort())
