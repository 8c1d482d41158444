import type { EpisodeEvent, HistoryPoint, PresenceEvent, Reading, Transition } from '@clearlane/protocol'
import { HISTORY_CODES, HISTORY_TABLE, toPointUs } from '@clearlane/protocol'
import { toPoints } from '../platform/history/points.ts'
import type { Sample } from '../platform/history/samples.ts'
import type { StoredEntry } from '../platform/log/log.ts'
import type { MemorySchema } from '../platform/influxql/testing-memory-source.ts'
import { createRandom } from './testing-influxql.ts'

/**
 * A day of an estate as the platform's log has it, and what it samples of itself; the same for the same seed: blocked and unobserved sections, a device that
 * falls silent, one with a low battery, one that sends again after a silence, a gateway that is lost in the evening.
 * No two points of a measurement that is asked for row by row have the same time, so that their order is the same everywhere.
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
const SECTIONS = ['n3-a', 'n3-b', 'w-a', 's5.a', 'e-a', 'e-b']
const laneOf = (section: string): string => section.slice(0, -2)
const SLOTS = SECTIONS.flatMap((section) => ['1', '2'].map((end) => ({ section, slot: `${section}${end}` })))
const SILENT_SLOT = 2
const BOOTED_SLOT = 3
const LOW_SLOT = 5
const BACKFILL_SLOT = 7
const BOOT_MS = DAY_START_MS + 10 * 3_600_000
const LOST_GATEWAY_FROM_MS = DAY_END_MS - 40 * MINUTE_MS
const ENDS = ['cleared', 'cleared', 'cleared', 'voided', 'ended-by-hand', 'unobserved'] as const

type Stay = { readonly fromMs: number; readonly toMs: number }

export const toDayEntries = ({ log, sampled }: Day): StoredEntry[] => {
  const minutes = new Map<number, Sample>()
  for (const { measurement, tags, fields, atUs } of sampled) {
    const atMs = atUs / 1_000
    const { coverage, health } = minutes.get(atMs) ?? { coverage: [], health: [] }
    const state = HISTORY_CODES.sectionState[Number(fields['state'])] ?? 'unobserved'
    const counts = [Number(fields['slots']), Number(fields['known']), Number(fields['occupied'])] as const
    minutes.set(
      atMs,
      measurement === 'coverage'
        ? {
            atMs,
            health,
            coverage: [...coverage, [tags['lane'] ?? '', tags['section'] ?? '', state, ...counts]],
          }
        : { atMs, coverage, health: [...health, { gateway: tags['gateway'] ?? '', ...fields }] },
    )
  }
  return [
    ...log,
    { ...log[1]!, position: 3, channel: 'samples', text: JSON.stringify([...minutes.values()]) },
  ]
}

/** `log` are entries of the log; `sampled` are the points of each minute that no gateway tells. */
export type Day = { readonly log: readonly StoredEntry[]; readonly sampled: readonly HistoryPoint[] }

export const toDayPoints = ({ log, sampled }: Day): HistoryPoint[] => [...log.flatMap(toPoints), ...sampled]

export const createDay = (seed = 1): Day => {
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
    const list: Reading[] = []
    for (let atMs = DAY_START_MS + index * 13; atMs < DAY_END_MS; atMs += MINUTE_MS) {
      // A device that boots begins to count again.
      const hasBooted = index === BOOTED_SLOT && atMs > BOOT_MS
      counter = hasBooted && atMs < BOOT_MS + MINUTE_MS ? 0 : counter + 1
      if (isSilent(index, atMs) || random.isOnceIn(200)) continue
      const push = isOccupied(index, atMs) ? 9_000 : 0
      const backfill = index === BACKFILL_SLOT && (counter / 60) % 8 > 7
      list.push({
        device: `70b3d57ed005${(4_096 + index).toString(16)}`,
        session: hasBooted ? 2 : 1,
        counter,
        trigger: counter % 15 === 0 ? 'change' : 'period',
        eventMs: atMs,
        receivedMs: atMs + (backfill ? 1_800_000 : 40 + random.below(400)),
        boot: 'b1',
        monotonicMs: atMs - DAY_START_MS,
        clock: 'device',
        backfill,
        link: 'tcp',
        slot,
        section,
        xNt: 21_000 + index * 300 + push + random.below(60),
        yNt: -4_000 - Math.round(push / 2) + random.below(60),
        zNt: 38_500 + Math.round(push / 3) + random.below(60),
        temperatureC: Math.round(120 + 80 * Math.sin((atMs - DAY_START_MS) / 1.4e7)) / 10,
        ...(counter % 10 === 0 && { batteryMv: (index === LOW_SLOT ? 3_050 : 3_500) - random.below(40) }),
        rssiDbm: -70 - index * 3 - random.below(6),
        snrDb: 9 - random.below(6),
      })
    }
    return list
  })

  const presences = SLOTS.flatMap(({ section, slot }, index) => {
    const changes = [
      { atMs: DAY_START_MS + index, presence: 'unknown' } as const,
      { atMs: DAY_START_MS + 5 * MINUTE_MS + index, presence: 'vacant' } as const,
      ...(stays[index] ?? []).flatMap(({ fromMs, toMs }) => [
        { atMs: fromMs, presence: 'occupied' } as const,
        { atMs: toMs + index, presence: 'vacant' } as const,
      ]),
      ...(index === SILENT_SLOT
        ? [{ atMs: DAY_START_MS + 9 * 3_600_000 + 1_800_123, presence: 'unknown' } as const]
        : []),
    ].filter(({ atMs, presence }) => presence === 'unknown' || !isSilent(index, atMs))
    return changes.map(({ atMs, presence }, nth): PresenceEvent => ({
      kind: 'presence',
      slot,
      section,
      presence,
      revision: nth + 1,
      sinceMs: atMs,
      decidedMs: atMs,
      evidence: {
        slot,
        reason: 'made for a test',
        baseline: [21_030 + index * 300 + nth, -3_970, 38_530 + nth],
        thresholdNt: 3_000,
        ...(presence !== 'unknown' && {
          residualNt: (presence === 'occupied' ? 10_500 : 90) + random.below(50),
        }),
      },
    }))
  })

  const episodes = SLOTS.flatMap(({ section }, index) =>
    (stays[index] ?? []).flatMap(({ fromMs, toMs }, nth) => {
      const hasDwelt = toMs - fromMs > 5 * MINUTE_MS
      const end = ENDS[(index + nth) % ENDS.length] ?? 'cleared'
      const told: readonly (readonly [number, Transition])[] = hasDwelt
        ? [
            [fromMs + 1_000, 'detected'],
            [fromMs + 181_000, 'confirmed'],
            ...(toMs - fromMs > 30 * MINUTE_MS ? [[fromMs + 1_381_000, 'escalated'] as const] : []),
            [toMs + 20_000, end],
          ]
        : [
            [fromMs + 1_000, 'detected'],
            [toMs + 20_000, 'passed'],
          ]
      return told.map(([atMs, transition], told): EpisodeEvent => ({
        kind: 'episode',
        transition,
        atMs: atMs + index,
        decidedMs: atMs,
        episode: {
          id: `${section}-${index}-${nth}`,
          revision: told + 1,
          lane: laneOf(section),
          sections: [section],
          suspect: index % 4 === 0 ? 'two-wheeler' : 'vehicle',
          detectedMs: fromMs,
          confirmed: told > 0,
          unobserved: transition === 'unobserved',
          rulesVersion: nth < 3 ? 4 : 5,
          layoutVersion: 1,
        },
        evidence: [],
      }))
    }),
  ).filter(({ atMs = 0 }) => atMs <= DAY_END_MS)

  const minutes = Array.from({ length: DAY_MS / MINUTE_MS }, (_, minute) => minute)
  const coverages = minutes.flatMap((minute) =>
    SECTIONS.map((section, nth): HistoryPoint => {
      const atMs = DAY_START_MS + minute * MINUTE_MS
      const slots = [nth * 2, nth * 2 + 1]
      const known = slots.filter((slot) => !isSilent(slot, atMs)).length
      const occupied = slots.filter((slot) => isOccupied(slot, atMs)).length
      // The last section stands blocked at the end of the day, so that a rule of alarm has what to find.
      const isBlocked = occupied > 0 || (nth === 5 && atMs > DAY_END_MS - 3_600_000)
      const state = isBlocked ? 'blocked' : known < slots.length ? 'unobserved' : 'clear'
      return {
        measurement: 'coverage',
        tags: { site: SITE, lane: laneOf(section), section },
        fields: { state: HISTORY_CODES.sectionState.indexOf(state), slots: slots.length, known, occupied },
        atUs: toPointUs(atMs, 0),
      }
    }),
  )
  const healths = minutes.flatMap((minute) =>
    ['gw-1', 'gw-2'].flatMap((gateway, nth): HistoryPoint[] => {
      const atMs = DAY_START_MS + minute * MINUTE_MS
      if (nth === 1 && atMs > LOST_GATEWAY_FROM_MS) return []
      const isDown = minute % 400 > 390
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
            linksUp: isDown ? 1 : 2,
            linksDown: isDown ? 1 : 0,
            unknownDevices: minute > 700 ? 1 : 0,
            devicesLowBattery: 1 - nth,
          },
          atUs: toPointUs(atMs, 0),
        },
      ]
    }),
  )
  return {
    log: [toEntry(1, 'readings', readings), toEntry(2, 'events', [...presences, ...episodes])],
    sampled: [...coverages, ...healths],
  }
}

const toEntry = (position: number, channel: 'readings' | 'events', rows: readonly object[]): StoredEntry => ({
  position,
  site: SITE,
  gateway: 'gw-1',
  epoch: 'e1',
  channel,
  first: 1,
  last: rows.length,
  receivedMs: DAY_END_MS,
  text: JSON.stringify(rows),
})
