import type { DatabaseSync } from 'node:sqlite'
import type { HistoryMeasurementName } from '@clearlane/protocol'
import { HISTORY_TABLE } from '@clearlane/protocol'

export type Series = {
  readonly id: number
  readonly measurement: HistoryMeasurementName
  readonly tags: Readonly<Record<string, string>>
}
export type SeriesBook = {
  find(measurement: HistoryMeasurementName, tags: Series['tags']): Series | undefined
  list(measurement: HistoryMeasurementName): readonly Series[]
  byId(id: number): Series | undefined
  /** The series of readings of a slot: more than one when the slot has moved to another section. */
  ofSlot(slot: string): readonly Series[]
  /** Reads what another connection has added. */
  refresh(): void
  /** Forgets what a transaction that failed has added. */
  reload(): void
}

/** Every series that there is, in memory: some 200 bytes each, and an estate of 10,000 slots has 25,000. */
export const openSeriesBook = (db: DatabaseSync): SeriesBook => {
  const behind = db.prepare('SELECT id, measurement, tags FROM series WHERE id > ? ORDER BY id')
  const all = new Map<number, Series>()
  const byKey = new Map<string, Series>()
  const bySlot = new Map<string, Series[]>()
  const byMeasurement = new Map<HistoryMeasurementName, Series[]>()
  let lastId = 0

  const refresh = (): void => {
    for (const { id, measurement: name, tags: text } of behind.all(lastId)) {
      const measurement = String(name) as HistoryMeasurementName
      const tags = JSON.parse(String(text)) as Record<string, string>
      const series = { id: Number(id), measurement, tags }
      lastId = series.id
      all.set(series.id, series)
      byKey.set(toSeriesKey(measurement, tags), series)
      push(byMeasurement, measurement, series)
      if (measurement === 'reading') push(bySlot, tags['slot'] ?? '', series)
    }
  }
  refresh()
  return {
    find: (measurement, tags) => byKey.get(toSeriesKey(measurement, tags)),
    list: (measurement) => byMeasurement.get(measurement) ?? [],
    byId: (id) => all.get(id),
    ofSlot: (slot) => bySlot.get(slot) ?? [],
    refresh,
    reload: () => {
      for (const map of [all, byKey, bySlot, byMeasurement]) map.clear()
      lastId = 0
      refresh()
    },
  }
}

const push = <Key>(map: Map<Key, Series[]>, key: Key, series: Series): void => {
  const known = map.get(key)
  if (known === undefined) map.set(key, [series])
  else known.push(series)
}

/** Ids have no spaces. */
const toSeriesKey = (measurement: HistoryMeasurementName, tags: Series['tags']): string => {
  let key: string = measurement
  for (const name of HISTORY_TABLE[measurement].tags) key += ` ${tags[name]}`
  return key
}
