import type { HistoryPoint } from '@clearlane/protocol'
import { HISTORY_CODES, HISTORY_TABLE, toPointUs } from '@clearlane/protocol'
import type { MemorySchema } from '../platform/influxql/testing-memory-source.ts'
import { createRandom } from './testing-influxql.ts'

/**
 * A day of an estate as a history keeps it, the same for the same seed: blocked and unobserved sections, a device that
 * falls silent, one with a low battery, one that sends again after a silence, a gateway that is lost in the evening.
 * No two points of a measurement have the same time, so that the order of rows is the same everywhere.
 */
export const DAY_END_MS = Date.UTC(2026, 2, 29, 16)
const DAY_MS = 24 * 3_600_000
const DAY_START_MS = DAY_END_MS - DAY_MS
const MINUTE_MS = 60_000

export const HISTORY_SCHEMA: MemorySchema = Object.fromEntries(
  Object.entries(HISTORY_TABLE).map(([measurement, { fields }]) => [
    measurement,
    Object.fromEntries(Object.entries(fields).map(([name, { type }]) => [name, type])),
  ]),
)

const SITE = 'yuntai-1'
const SECTIONS = ['n3-a', 'n3-b', 'w-a', 's5.a', 'e-a', 'e-b'].map((section) => ({
  section,
  lane: section.slice(0, -2),
}))
const SLOTS = SECTIONS.flatMap(({ section }) =>
  ['1', '2'].map((end) => ({ section, slot: `${section}${end}` })),
)
const SILENT_SLOT = 2
const LOW_SLOT = 5
const BACKFILL_SLOT = 7
const LOST_GATEWAY_FROM_MS = DAY_END_MS - 40 * MINUTE_MS

const codeOf = (name: keyof typeof HISTORY_CODES, word: string): number =>
  (HISTORY_CODES[name] as readonly string[]).indexOf(word)

type Stay = { readonly fromMs: number; readonly toMs: number }

export const createDay = (seed = 1): HistoryPoint[] => {
  const random = createRandom(seed)
  const stays: readonly (readonly Stay[])[] = SLOTS.map((_, index) =>
    Array.from({ length: 6 }, (__, nth) => {
      const fromMs = DAY_START_MS + (nth * 4 + 1) * 3_600_000 + random.below(90) * MINUTE_MS + index * 7
      return { fromMs, toMs: fromMs + (3 + random.below(50)) * MINUTE_MS + 1 }
    }),
  )
  const isOccupied = (slot: number, atMs: number): boolean =>
    stays[slot]?.some(({ fromMs, toMs }) => atMs >= fromMs && atMs < toMs) ?? false
  const isSilent = (slot: number, atMs: number): boolean =>
    slot === SILENT_SLOT && atMs > DAY_START_MS + 9 * 3_600_000

  const readings = SLOTS.flatMap(({ section, slot }, index) => {
    let counter = 0
    const points: HistoryPoint[] = []
    for (let atMs = DAY_START_MS + index * 13; atMs < DAY_END_MS; atMs += MINUTE_MS) {
      // A device that boots begins to count again.
      counter = index === 3 && atMs - DAY_START_MS === 39 + 600 * MINUTE_MS ? 0 : counter + 1
      if (isSilent(index, atMs) || random.isOnceIn(200)) continue
      const push = isOccupied(index, atMs) ? 9_000 : 0
      const isBackfill = index === BACKFILL_SLOT && (counter / 60) % 8 > 7
      points.push({
        measurement: 'reading',
        tags: { site: SITE, section, slot },
        fields: {
          xNt: 21_000 + index * 300 + push + random.below(60),
          yNt: -4_000 - Math.round(push / 2) + random.below(60),
          zNt: 38_500 + Math.round(push / 3) + random.below(60),
          temperatureC: 12 + 8 * Math.sin((atMs - DAY_START_MS) / 1.4e7) + random.below(10) / 10,
          ...(counter % 10 === 0
            ? { batteryMv: (index === LOW_SLOT ? 3_050 : 3_500) - random.below(40) }
            : {}),
          rssiDbm: -70 - index * 3 - random.below(60) / 10,
          snrDb: 9 - index / 2 - random.below(20) / 10,
          trigger: codeOf('trigger', counter % 15 === 0 ? 'change' : 'period'),
          clock: codeOf('clock', 'device'),
          backfill: isBackfill ? 1 : 0,
          delayMs: isBackfill ? 1_800_000 : 40 + random.below(400),
          counter,
          session: index === 3 && atMs > DAY_START_MS + 600 * MINUTE_MS ? 2 : 1,
          device: `70b3d57ed005${(4_096 + index).toString(16)}`,
        },
        atUs: toPointUs(atMs, counter),
      })
    }
    return points
  })

  const presences = SLOTS.flatMap(({ section, slot }, index) => {
    const changes = [
      { atMs: DAY_START_MS + index, word: 'unknown' },
      { atMs: DAY_START_MS + 5 * MINUTE_MS + index, word: 'vacant' },
      ...(stays[index] ?? []).flatMap(({ fromMs, toMs }) => [
        { atMs: fromMs, word: 'occupied' },
        { atMs: toMs + index, word: 'vacant' },
      ]),
      ...(index === SILENT_SLOT ? [{ atMs: DAY_START_MS + 9 * 3_600_000 + 1_800_123, word: 'unknown' }] : []),
    ].filter(({ atMs, word }) => word === 'unknown' || !isSilent(index, atMs))
    return changes.map(({ atMs, word }, nth): HistoryPoint => ({
      measurement: 'presence',
      tags: { site: SITE, section, slot },
      fields: {
        presence: codeOf('presence', word),
        ...(word === 'unknown' ? {} : { residualNt: (word === 'occupied' ? 10_500 : 90) + random.below(50) }),
        thresholdNt: 3_000,
        baselineXNt: 21_030 + index * 300 + nth,
        baselineYNt: -3_970,
        baselineZNt: 38_530 + nth,
        revision: nth + 1,
      },
      atUs: toPointUs(atMs, nth + 1),
    }))
  })

  const episodes = SLOTS.flatMap(({ section }, index) =>
    (stays[index] ?? []).flatMap(({ fromMs, toMs }, nth) => {
      const lane = section.slice(0, -2)
      const dwelt = toMs - fromMs > 5 * MINUTE_MS
      const end = ['cleared', 'cleared', 'cleared', 'voided', 'ended-by-hand', 'unobserved'][
        (index + nth) % 6
      ]
      const told = dwelt
        ? [
            { atMs: fromMs + 1_000, word: 'detected' },
            { atMs: fromMs + 181_000, word: 'confirmed' },
            ...(toMs - fromMs > 30 * MINUTE_MS ? [{ atMs: fromMs + 1_381_000, word: 'escalated' }] : []),
            { atMs: toMs + 20_000, word: end ?? 'cleared' },
          ]
        : [
            { atMs: fromMs + 1_000, word: 'detected' },
            { atMs: toMs + 20_000, word: 'passed' },
          ]
      return told.map(({ atMs, word }, revision): HistoryPoint => ({
        measurement: 'episode',
        tags: { site: SITE, lane, section },
        fields: {
          transition: codeOf('transition', word),
          suspect: index % 4,
          revision: revision + 1,
          durationMs: atMs - fromMs,
          rulesVersion: nth < 3 ? 4 : 5,
          layoutVersion: 1,
          id: `${section}-${index}-${nth}`,
        },
        atUs: toPointUs(atMs + index, revision + 1),
      }))
    }),
  )

  const perMinute = <T>(make: (atMs: number) => T[]): T[] =>
    Array.from({ length: DAY_MS / MINUTE_MS }, (_, minute) => make(DAY_START_MS + minute * MINUTE_MS)).flat()
  const coverages = perMinute((atMs) =>
    SECTIONS.map(({ section, lane }, nth): HistoryPoint => {
      const slots = [nth * 2, nth * 2 + 1]
      const known = slots.filter((slot) => !isSilent(slot, atMs)).length
      const occupied = slots.filter((slot) => isOccupied(slot, atMs)).length
      // The last section stands blocked at the end of the day, so that a rule of alarm has what to find.
      const isBlocked = occupied > 0 || (nth === 5 && atMs > DAY_END_MS - 3_600_000)
      const state = isBlocked ? 'blocked' : known < slots.length ? 'unobserved' : 'clear'
      return {
        measurement: 'coverage',
        tags: { site: SITE, lane, section },
        fields: { state: codeOf('sectionState', state), slots: slots.length, known, occupied },
        atUs: toPointUs(atMs + nth * 11, 0),
      }
    }),
  )
  const healths = perMinute((atMs) =>
    ['gw-1', 'gw-2'].flatMap((gateway, nth): HistoryPoint[] => {
      if (nth === 1 && atMs > LOST_GATEWAY_FROM_MS) return []
      const minute = (atMs - DAY_START_MS) / MINUTE_MS
      return [
        {
          measurement: 'health',
          tags: { site: SITE, gateway },
          fields: {
            readingsWaiting: nth === 0 ? random.below(40) : Math.max(0, minute - 1_200) * 12,
            eventsWaiting: nth === 0 ? 0 : Math.max(0, minute - 1_200),
            logBytes: 60_000_000 + minute * 1_700 + nth,
            droppedRows: 0,
            parkedRows: nth,
            refused: Math.floor(minute / 100),
            linksUp: 2 - (minute % 400 > 390 ? 1 : 0),
            linksDown: minute % 400 > 390 ? 1 : 0,
            unknownDevices: minute > 700 ? 1 : 0,
            devicesLowBattery: 1 - nth,
          },
          atUs: toPointUs(atMs + 17 + nth * 11, 0),
        },
      ]
    }),
  )
  return [...readings, ...presences, ...episodes, ...coverages, ...healths].filter(
    ({ atUs }) => atUs <= DAY_END_MS * 1_000,
  )
}
