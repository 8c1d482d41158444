import type { HistoryField, HistoryPoint, Result } from '@clearlane/protocol'
import { fault, HISTORY_TABLE, ok } from '@clearlane/protocol'

/**
 * One point as a line of InfluxDB's line protocol, its time in microseconds. The types of the fields are those of
 * `HISTORY_TABLE` and never what a value looks like: the first writer of a field fixes its type for good.
 * It gives what the client's `Point` gives, in a fifth of the time: that one sorts and escapes the names for each point.
 */
export const toLine = ({ measurement, tags, fields, atUs }: HistoryPoint): Result<string> => {
  const refuse = (what: string) => fault('point-refused', `${measurement}: ${what}`)
  const layout = LAYOUTS.get(measurement)!
  let line = layout.name
  for (const { name, escaped } of layout.tags) {
    const value = tags[name]
    if (value === undefined || !TAG_VALUE.test(value)) return refuse(`${name} cannot be a tag`)
    line += `,${escaped}=${escapeTag(value)}`
  }
  let separator = ' '
  for (const { name, escaped, type } of layout.fields) {
    const value = fields[name]
    if (value === undefined) continue
    const text = toText(type, value)
    if (text === undefined) return refuse(`${name} is ${value}, which is no ${type}`)
    line += `${separator}${escaped}=${text}`
    separator = ','
  }
  if (separator === ' ') return refuse('it has no field')
  return Number.isSafeInteger(atUs) ? ok(`${line} ${atUs}`) : refuse(`its time is ${atUs}`)
}

type FieldType = HistoryField['type']

/** A line ends at a line break, and a backslash before the comma behind a value would take the comma with it. */
const TAG_VALUE = /^[^\n\r\t]*[^\n\r\t\\]$/
const TO_ESCAPE = /[,= ]/
const escapeTag = (text: string): string =>
  TO_ESCAPE.test(text) ? text.replace(/[,= ]/g, String.raw`\$&`) : text
const TO_QUOTE = /["\\]/
const quote = (text: string): string =>
  TO_QUOTE.test(text) ? `"${text.replace(/["\\]/g, String.raw`\$&`)}"` : `"${text}"`

const toText = (type: FieldType, value: number | string): string | undefined => {
  switch (type) {
    case 'integer':
      return Number.isSafeInteger(value) ? `${value}i` : undefined
    case 'float':
      return typeof value === 'number' && Number.isFinite(value) ? String(value) : undefined
    case 'string':
      return typeof value === 'string' ? quote(value) : undefined
  }
}

const toNames = (names: readonly string[]) =>
  [...names].sort().map((name) => ({ name, escaped: escapeTag(name) }))

/** Tags in order of their names, as InfluxDB wants them for speed. */
const LAYOUTS = new Map(
  Object.entries(HISTORY_TABLE).map(([name, row]) => {
    const fields: Readonly<Record<string, HistoryField>> = row.fields
    const layout = {
      name: escapeTag(name),
      tags: toNames(row.tags),
      fields: toNames(Object.keys(fields)).map((one) => ({ ...one, type: fields[one.name]!.type })),
    }
    return [name, layout]
  }),
)
