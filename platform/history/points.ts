import type { EpisodeEvent, GatewayEvent, HistoryPoint, PresenceEvent, Reading } from '@clearlane/protocol'
import { HISTORY_CODES, toPointUs } from '@clearlane/protocol'
import type { StoredEntry } from '../log/log.ts'
import type { Sample } from './samples.ts'

/**
 * The points of one entry of the log, as `HISTORY_TABLE` describes them. What has no event time yet stands at the
 * time at which the platform received it, for its gateway's clock may stand at 1970; the field `clock` says so.
 */
export const toPoints = ({ site, channel, receivedMs, text }: StoredEntry): HistoryPoint[] => {
  switch (channel) {
    case 'readings':
      return (JSON.parse(text) as Reading[]).map((reading) => toReadingPoint(site, reading, receivedMs))
    case 'events':
      return (JSON.parse(text) as GatewayEvent[]).flatMap((event) => {
        switch (event.kind) {
          case 'presence':
            return [toPresencePoint(site, event, receivedMs)]
          case 'episode':
            return toEpisodePoints(site, event, receivedMs)
          case 'correction':
            return []
        }
      })
    case 'samples':
      return (JSON.parse(text) as Sample[]).flatMap((sample) => toSamplePoints(site, sample))
    case 'active':
      return []
  }
}

const codeOf = <Name extends keyof typeof HISTORY_CODES>(
  name: Name,
  word: (typeof HISTORY_CODES)[Name][number],
): number => (HISTORY_CODES[name] as readonly string[]).indexOf(word)

export const toReadingPoint = (site: string, reading: Reading, receivedMs: number): HistoryPoint => {
  const atMs = reading.eventMs ?? receivedMs
  return {
    measurement: 'reading',
    tags: { site, section: reading.section, slot: reading.slot },
    fields: withoutUnknown({
      xNt: reading.xNt,
      yNt: reading.yNt,
      zNt: reading.zNt,
      temperatureC: reading.temperatureC,
      batteryMv: reading.batteryMv,
      rssiDbm: reading.rssiDbm,
      snrDb: reading.snrDb,
      trigger: codeOf('trigger', reading.trigger),
      clock: codeOf('clock', reading.clock),
      backfill: reading.backfill ? 1 : 0,
      delayMs: reading.eventMs === undefined ? 0 : reading.receivedMs - reading.eventMs,
      counter: reading.counter,
      session: reading.session,
      device: reading.device,
    }),
    atUs: toPointUs(atMs, reading.counter),
  }
}

const toPresencePoint = (site: string, event: PresenceEvent, receivedMs: number): HistoryPoint => {
  const { baseline, residualNt, thresholdNt } = event.evidence
  return {
    measurement: 'presence',
    tags: { site, section: event.section, slot: event.slot },
    fields: withoutUnknown({
      presence: codeOf('presence', event.presence),
      residualNt,
      thresholdNt,
      baselineXNt: baseline?.[0],
      baselineYNt: baseline?.[1],
      baselineZNt: baseline?.[2],
      revision: event.revision,
    }),
    atUs: toPointUs(event.sinceMs ?? receivedMs, event.revision),
  }
}

/** One point for each section that the episode blocks. */
const toEpisodePoints = (site: string, event: EpisodeEvent, receivedMs: number): HistoryPoint[] => {
  const { episode, transition } = event
  const atMs = event.atMs ?? receivedMs
  const fields = withoutUnknown({
    transition: codeOf('transition', transition),
    suspect: codeOf('suspect', episode.suspect),
    revision: episode.revision,
    durationMs: episode.detectedMs === undefined ? undefined : Math.max(0, atMs - episode.detectedMs),
    rulesVersion: episode.rulesVersion,
    layoutVersion: episode.layoutVersion,
    id: episode.id,
  })
  return episode.sections.map((section) => ({
    measurement: 'episode',
    tags: { site, lane: episode.lane, section },
    fields,
    atUs: toPointUs(atMs, episode.revision),
  }))
}

const toSamplePoints = (site: string, { atMs, coverage, health }: Sample): HistoryPoint[] => [
  ...coverage.map(([lane, section, state, slots, known, occupied]) => ({
    measurement: 'coverage' as const,
    tags: { site, lane, section },
    fields: { state: codeOf('sectionState', state), slots, known, occupied },
    atUs: toPointUs(atMs, 0),
  })),
  ...health.map(({ gateway, ...fields }) => ({
    measurement: 'health' as const,
    tags: { site, gateway },
    fields,
    atUs: toPointUs(atMs, 0),
  })),
]

/** A loop: each of a hundred thousand readings a second passes here. */
const withoutUnknown = (fields: Readonly<Record<string, number | string | undefined>>) => {
  const known: Record<string, number | string> = {}
  for (const name in fields) {
    const value = fields[name]
    if (value !== undefined) known[name] = value
  }
  return known
}
