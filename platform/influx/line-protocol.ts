import type { HistoryField, HistoryPoint, Result } from '@clearlane/protocol'
import { fault, HISTORY_TABLE, ok } from '@clearlane/protocol'

/**
 * One point as a line of InfluxDB's line protocol, its time in microseconds. The types of the fields are those of
 * `HISTORY_TABLE` and never what a value looks like: the first writer of a field fixes its type for good.
 * It gives what the client's `Point` gives, which sorts and escapes the names anew for each point.
 */
export const toLine = ({ measurement, tags, fields, atUs }: HistoryPoint): Result<string> => {
  const refuse = (what: string) => fault('point-refused', `${measurement}: ${what}`)
  const layout = LAYOUTS.get(measurement)!
  let series = layout.name
  for (const { name, prefix } of layout.tags) {
    const value = toTagText(tags[name])
    if (value === undefined) return refuse(`${name} cannot be a tag`)
    series += prefix + value
  }
  let values = ''
  for (const { name, prefix, type } of layout.fields) {
    const value = fields[name]
    if (value === undefined) continue
    const text = toFieldText(type, value)
    if (text === undefined) return refuse(`${name} is ${value}, which is no ${type}`)
    values += prefix + text
  }
  if (values === '') return refuse('it has no field')
  if (!Number.isSafeInteger(atUs)) return refuse(`its time is ${atUs}`)
  return ok(`${series} ${values.slice(1)} ${atUs}`)
}

/** A line ends at a line break, and a backslash before the comma behind a value would take the comma with it. */
const TAG_VALUE = /^[^\n\r\t]*[^\n\r\t\\]$/
const escapeTag = (text: string): string => text.replace(/[,= ]/g, String.raw`\$&`)

/** Sites, lanes, sections and slots come again with each point. */
const knownTags = new Map<string, string>()
const MAX_KNOWN_TAGS = 50_000
const toTagText = (value: string | undefined): string | undefined => {
  if (value === undefined) return undefined
  const known = knownTags.get(value)
  if (known !== undefined) return known
  if (!TAG_VALUE.test(value)) return undefined
  if (knownTags.size >= MAX_KNOWN_TAGS) knownTags.clear()
  const text = escapeTag(value)
  knownTags.set(value, text)
  return text
}

const TO_QUOTE = /["\\]/
const quote = (text: string): string =>
  TO_QUOTE.test(text) ? `"${text.replace(/["\\]/g, String.raw`\$&`)}"` : `"${text}"`

const toFieldText = (type: HistoryField['type'], value: number | string): string | undefined => {
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
  [...names].sort().map((name) => ({ name, prefix: `,${escapeTag(name)}=` }))

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
