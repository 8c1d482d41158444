import type { GatewayView, HistoryPoint, SectionState } from '@clearlane/protocol'
import type { Log } from '../log/log.ts'
import type { Views } from '../views.ts'

/** What the platform itself sees at the beginning of a minute; of the gateways only those that are heard. */
export type Sample = {
  readonly atMs: number
  /** An estate of a thousand sections says this each minute: in a list each is a third as long as by name. */
  readonly coverage: readonly (readonly [
    lane: string,
    section: string,
    state: SectionState,
    slots: number,
    known: number,
    occupied: number,
  ])[]
  readonly health: readonly ({ readonly gateway: string } & HistoryPoint['fields'])[]
}

export type SamplesOptions = {
  readonly site: string
  readonly views: Pick<Views, 'sections' | 'gateways'>
  readonly log: Pick<Log, 'append'>
  /** Domain time. */
  readonly nowMs: () => number
  readonly onCommitted: () => void
}

const MINUTE_MS = 60_000

/**
 * Writes into the log once a minute how much of the estate is seen and how its gateways are: nobody tells that, and
 * made from the log, as everything is, it can be shown of any day. A minute in which the platform was down has none.
 */
export const createSamples = ({ site, views, log, nowMs, onCommitted }: SamplesOptions) => {
  let doneMs = minuteOf(nowMs())
  return {
    /** To be called some times a minute. */
    look: (): void => {
      const atMs = minuteOf(nowMs())
      if (atMs <= doneMs) return
      doneMs = atMs
      const sample: Sample = {
        atMs,
        coverage: views
          .sections()
          .map(({ lane, section, state, slots }) => [
            lane,
            section,
            state,
            slots.length,
            slots.filter(({ presence }) => presence !== 'unknown').length,
            slots.filter(({ presence }) => presence === 'occupied').length,
          ]),
        health: views.gateways().flatMap(toHealth),
      }
      void log
        .append({
          site,
          gateway: '',
          epoch: '',
          channel: 'samples',
          after: 0,
          first: 0,
          last: 0,
          receivedMs: nowMs(),
          text: JSON.stringify([sample]),
        })
        .then(onCommitted)
    },
  }
}

const minuteOf = (atMs: number): number => Math.floor(atMs / MINUTE_MS) * MINUTE_MS

const toHealth = ({ gateway, connected, health }: GatewayView): Sample['health'] => {
  if (!connected || health === undefined) return []
  const { readings, events, refusals, links, unknownDeviceCount, devices } = health
  const linksUp = links.filter(({ state }) => state === 'up').length
  return [
    {
      gateway,
      readingsWaiting: readings.committedRow - readings.acknowledgedRow,
      eventsWaiting: events.committedRow - events.acknowledgedRow,
      logBytes: readings.bytes + events.bytes,
      droppedRows: readings.droppedRows + events.droppedRows,
      parkedRows: readings.parkedRows + events.parkedRows,
      refused: refusals.reduce((sum, { count }) => sum + count, 0),
      linksUp,
      linksDown: links.length - linksUp,
      unknownDevices: unknownDeviceCount,
      devicesLowBattery: devices.filter(({ lowBattery }) => lowBattery).length,
    },
  ]
}
