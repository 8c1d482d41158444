import type { HistoryField, HistoryPoint } from '@clearlane/protocol'
import { HISTORY_TABLE } from '@clearlane/protocol'
import { Point } from '@influxdata/influxdb-client'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { toLine } from './line-protocol.ts'

const point = (over: Partial<HistoryPoint> = {}): HistoryPoint => ({
  measurement: 'reading',
  tags: { site: 's', section: 'a', slot: 'a1' },
  fields: { xNt: -3, temperatureC: 21, device: '70b3d57ed001a001' },
  atUs: 1_700_000_000_000_007,
  ...over,
})
const toText = (one: HistoryPoint): string => {
  const line = toLine(one)
  return line.ok ? line.value : line.fault.detail
}

test('an integer has its i, a float has none, a text is quoted, the time is in microseconds', () => {
  expect(toText(point())).toBe(
    'reading,section=a,site=s,slot=a1 device="70b3d57ed001a001",temperatureC=21,xNt=-3i 1700000000000007',
  )
})

test.each([
  { name: 'an integer that is none', over: { fields: { xNt: 1.5 } }, why: 'xNt is 1.5, which is no integer' },
  { name: 'a number that is none', over: { fields: { snrDb: NaN } }, why: 'snrDb is NaN, which is no float' },
  { name: 'text as a number', over: { fields: { xNt: '1' } }, why: 'xNt is 1, which is no integer' },
  { name: 'a number as text', over: { fields: { device: 1 } }, why: 'device is 1, which is no string' },
  { name: 'no field', over: { fields: {} }, why: 'it has no field' },
  { name: 'a field of no table', over: { fields: { other: 1 } }, why: 'it has no field' },
  {
    name: 'a tag that is not there',
    over: { tags: { site: 's', section: 'a' } },
    why: 'slot cannot be a tag',
  },
  {
    name: 'a tag that would end the line',
    over: { tags: { site: 's', section: 'a', slot: 'a\n1' } },
    why: 'slot cannot be a tag',
  },
  {
    name: 'a tag that would take the comma behind it',
    over: { tags: { site: 's', section: 'a', slot: 'a\\' } },
    why: 'slot cannot be a tag',
  },
  { name: 'no time', over: { atUs: NaN }, why: 'its time is NaN' },
])('$name is no line, and why is said', ({ over, why }) => {
  expect(toText(point(over))).toBe(`reading: ${why}`)
})

const VALUES = {
  integer: fc.maxSafeInteger(),
  float: fc.double({ noNaN: true, noDefaultInfinity: true }),
  string: fc.string({ unit: 'grapheme' }),
} as const
const tagValue = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => !/[\n\r\t]|\\$/.test(text))
const pointOf = (measurement: HistoryPoint['measurement']): fc.Arbitrary<HistoryPoint> => {
  const row = HISTORY_TABLE[measurement]
  const fields: Readonly<Record<string, HistoryField>> = row.fields
  return fc.record({
    measurement: fc.constant(measurement),
    tags: fc.record(Object.fromEntries(row.tags.map((name) => [name, tagValue]))),
    fields: fc
      .subarray(Object.keys(fields), { minLength: 1 })
      .chain((names) =>
        fc.record(
          Object.fromEntries(
            names.map((name): [string, fc.Arbitrary<number | string>] => [name, VALUES[fields[name]!.type]]),
          ),
        ),
      ),
    atUs: fc.maxSafeNat(),
  })
}
const toReference = ({ measurement, tags, fields, atUs }: HistoryPoint): string | undefined => {
  const types: Readonly<Record<string, HistoryField>> = HISTORY_TABLE[measurement].fields
  const reference = new Point(measurement).timestamp(atUs)
  for (const [name, value] of Object.entries(tags)) reference.tag(name, value)
  for (const [name, value] of Object.entries(fields)) {
    const type = types[name]?.type
    if (type === 'integer') reference.intField(name, value)
    else if (type === 'float') reference.floatField(name, value)
    else reference.stringField(name, value)
  }
  return reference.toLineProtocol({ convertTime: String })
}

test.each(Object.keys(HISTORY_TABLE) as HistoryPoint['measurement'][])(
  'a point of %s gives the line that the client of InfluxDB makes of it',
  (measurement) => {
    fc.assert(
      fc.property(pointOf(measurement), (one) => {
        expect(toText(one)).toBe(toReference(one))
      }),
    )
  },
)
