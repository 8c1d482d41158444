/** Where InfluxQL finds its points: one database, held by whatever. Asked in the thread that has the data. */
export type PointSource = {
  measurements(): readonly string[]
  /** The fields of a measurement, each of one type for good. */
  fields(measurement: string): ReadonlyMap<string, FieldType>
  /** The series of a measurement, each by its tags. */
  series(measurement: string): readonly Tags[]
  /** The points of one series in order of time, each at most once. What stops reading leaves the iterator. */
  points(query: PointQuery): Iterable<Point>
}

export type FieldType = 'float' | 'integer' | 'string' | 'boolean'
export type Value = number | string | boolean
export type Tags = Readonly<Record<string, string>>

export type PointQuery = {
  readonly measurement: string
  readonly tags: Tags
  /** Which fields are wanted; a point that has none of them may be left out. */
  readonly fields: readonly string[]
  /** Microseconds since 1970, both included. */
  readonly fromUs: number
  readonly toUs: number
  readonly descending: boolean
}

/** The values stand in the order of the fields that were asked for. */
export type Point = { readonly atUs: number; readonly values: readonly (Value | undefined)[] }

/** The databases that whoever asks may read. */
export type Databases = {
  names(): readonly string[]
  open(name: string): PointSource | undefined
}
