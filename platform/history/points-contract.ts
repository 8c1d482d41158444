import type { HistoryField, HistoryMeasurementName, HistoryPoint } from '@clearlane/protocol'
import { HISTORY_TABLE } from '@clearlane/protocol'
import { afterEach, describe, expect, test } from 'vitest'
import type { InfluxJson, InfluxSeries } from '../influxql/format.ts'

/** A history that takes points and answers InfluxQL, its times in microseconds. */
export type PointHistory = {
  write(points: readonly HistoryPoint[]): Promise<void>
  ask(query: string): Promise<InfluxJson>
  close(): Promise<void>
}

const START_US = 1_700_000_000_000_000
const SECOND_US = 1_000_000

/**
 * What every history that takes points must keep. `open` gives an empty one; `measurements` are those that it holds.
 */
export const describePointHistory = (
  name: string,
  open: () => Promise<PointHistory>,
  measurements = Object.keys(HISTORY_TABLE) as readonly HistoryMeasurementName[],
): void => {
  const opened: PointHistory[] = []
  afterEach(async () => {
    for (const history of opened.splice(0)) await history.close()
  })
  const start = async (points: readonly HistoryPoint[]) => {
    const history = await open()
    opened.push(history)
    await history.write(points)
    return {
      write: history.write,
      rows: async (query: string) => toRows(await history.ask(query)),
    }
  }

  describe(`${name}: a history of points`, () => {
    test.each(measurements)(
      'gives back a point of %s with its tags and all its fields',
      async (measurement) => {
        const whole = createPoint(measurement, 0)
        const { rows } = await start([whole])
        expect(await rows(`SELECT * FROM "${measurement}"`)).toEqual([
          { time: whole.atUs, ...whole.tags, ...whole.fields },
        ])
      },
    )

    test.each(measurements)('knows the fields of %s by the types of the table', async (measurement) => {
      const { rows } = await start([createPoint(measurement, 0)])
      const fields: Readonly<Record<string, HistoryField>> = HISTORY_TABLE[measurement].fields
      const found = await rows(`SHOW FIELD KEYS FROM "${measurement}"`)
      expect(Object.fromEntries(found.map((row) => [row['fieldKey'], row['fieldType']]))).toEqual(
        Object.fromEntries(Object.entries(fields).map(([field, { type }]) => [field, type])),
      )
    })

    test('has a point once, however often it is written', async () => {
      const points = [createPoint('reading', 0), createPoint('reading', 1)]
      const { write, rows } = await start(points)
      await write(points)
      await write(points.toReversed())
      expect(await rows('SELECT count("counter") FROM "reading"')).toMatchObject([{ count: 2 }])
    })

    test('takes the later word on a point of the same series and time', async () => {
      const first = createPoint('reading', 0)
      const { write, rows } = await start([first])
      await write([{ ...first, fields: { ...first.fields, xNt: -7 } }])
      expect(await rows('SELECT "xNt", "yNt" FROM "reading"')).toEqual([
        { time: first.atUs, xNt: -7, yNt: first.fields['yNt'] },
      ])
    })

    test('gives points in order of time, however they came', async () => {
      const points = [3, 1, 2].map((index) => createPoint('reading', index))
      const { write, rows } = await start(points)
      await write([createPoint('reading', 0)])
      const found = await rows('SELECT "counter" FROM "reading"')
      expect(found.map(({ counter }) => counter)).toEqual([0, 1, 2, 3])
    })

    test('tells two points of one millisecond apart', async () => {
      const [one, other] = [createPoint('reading', 0), createPoint('reading', 0)]
      const { rows } = await start([one, { ...other, atUs: other.atUs + 1 }])
      const found = await rows('SELECT "counter" FROM "reading"')
      expect(found.map(({ time }) => time)).toEqual([one.atUs, one.atUs + 1])
    })

    test('keeps the series of two slots apart', async () => {
      const points = ['a1', 'a.2-b_c'].map((slot, index) => ({
        ...createPoint('reading', index),
        tags: { site: 's', section: 'a', slot },
      }))
      const { rows } = await start(points)
      expect(await rows(`SELECT "counter" FROM "reading" WHERE "slot" = 'a.2-b_c'`)).toEqual([
        { time: points[1]!.atUs, counter: 1 },
      ])
    })

    test('knows nothing of a field that was not known', async () => {
      const { device, xNt } = createPoint('reading', 0).fields
      const { rows } = await start([
        createPoint('reading', 1),
        { ...createPoint('reading', 0), fields: { device: device!, xNt: xNt! } },
      ])
      expect(await rows('SELECT "xNt", "temperatureC" FROM "reading" LIMIT 1')).toEqual([
        { time: START_US, xNt, temperatureC: null },
      ])
    })

    test('takes thousands of points at once', async () => {
      const count = 7_000
      const { rows } = await start(Array.from({ length: count }, (_, index) => createPoint('reading', index)))
      expect(await rows('SELECT count("counter"), sum("counter") FROM "reading"')).toMatchObject([
        { count, sum: (count * (count - 1)) / 2 },
      ])
    })
  })
}

/** The `index`-th point of a series, with every field of its measurement. */
const createPoint = (measurement: HistoryMeasurementName, index: number): HistoryPoint => {
  const fields: Readonly<Record<string, HistoryField>> = HISTORY_TABLE[measurement].fields
  const toValue = ({ type }: HistoryField, at: number): number | string =>
    type === 'string' ? `text "${at}", \\ and more` : type === 'float' ? at - 20.5 : at - 2
  return {
    measurement,
    tags: Object.fromEntries(HISTORY_TABLE[measurement].tags.map((tag) => [tag, `${tag}.1_a-b`])),
    fields: {
      ...Object.fromEntries(Object.entries(fields).map(([name, field], at) => [name, toValue(field, at)])),
      ...('counter' in fields && { counter: index }),
    },
    atUs: START_US + index * SECOND_US,
  }
}

const toRows = (answer: InfluxJson): Record<string, unknown>[] => {
  if ('error' in answer) throw new Error(answer.error)
  return answer.results.flatMap(({ error, series = [] }) => {
    if (error !== undefined) throw new Error(error)
    return series.flatMap(({ columns, values }: InfluxSeries) =>
      values.map((row) => Object.fromEntries(columns.map((column, index) => [column, row[index]]))),
    )
  })
}
