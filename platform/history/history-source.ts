import { DatabaseSync } from 'node:sqlite'
import type { Reading } from '@clearlane/protocol'
import { HISTORY_TABLE, toPointUs } from '@clearlane/protocol'
import type { Point, PointSource, Tags } from '../influxql/point-source.ts'
import { toReadingPoint } from './points.ts'

const MEASUREMENT = 'reading'

/** The history of a platform, read beside the thread that writes it. */
export const openHistorySource = (file: string): PointSource & { close(): void } => {
  const db = new DatabaseSync(file, { readOnly: true })
  const listSeries = (): Tags[] =>
    db
      .prepare("SELECT DISTINCT slot, text ->> 'section' AS section FROM reading ORDER BY slot, section")
      .all()
      .map(({ slot, section }) => ({ section: String(section), slot: String(slot) }))

  return {
    measurements: () => (listSeries().length === 0 ? [] : [MEASUREMENT]),
    fields: (measurement) =>
      new Map(
        measurement === MEASUREMENT
          ? Object.entries(HISTORY_TABLE.reading.fields).map(([name, { type }]) => [name, type])
          : [],
      ),
    series: (measurement) => (measurement === MEASUREMENT ? listSeries() : []),
    points: function* ({ measurement, tags, fields, fromUs, toUs, descending }): Generator<Point> {
      if (measurement !== MEASUREMENT) return
      const order = descending ? 'DESC' : 'ASC'
      const rows = db
        .prepare(
          `SELECT atMs, counter, text FROM reading
           WHERE slot = ? AND atMs BETWEEN ? AND ? AND text ->> 'section' = ?
           ORDER BY atMs ${order}, counter % 1000 ${order}`,
        )
        .iterate(tags['slot'] ?? '', toMs(fromUs), toMs(toUs), tags['section'] ?? '')
      let lastUs: number | undefined
      for (const { atMs, counter, text } of rows) {
        const atUs = toPointUs(Number(atMs), Number(counter))
        if (atUs < fromUs || atUs > toUs || atUs === lastUs) continue
        lastUs = atUs
        const point = toReadingPoint('', JSON.parse(String(text)) as Reading)
        yield { atUs, values: fields.map((field) => point.fields[field]) }
      }
    },
    close: () => db.close(),
  }
}

/** A query without bounds asks for all of time, which is more than the file's integers hold. */
const toMs = (atUs: number): number =>
  Math.floor(Math.min(Math.max(atUs, -Number.MAX_SAFE_INTEGER), Number.MAX_SAFE_INTEGER) / 1_000)
