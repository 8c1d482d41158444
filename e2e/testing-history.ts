import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Layout, Reading } from '@clearlane/protocol'

const DAY_MS = 86_400_000
const EMPTY = { xNt: 33_000, yNt: -3_800, zNt: 36_200 }
const VEHICLE_NT = 8_000
/** Of a slot's readings, one in fifty is of a vehicle above it. */
const OCCUPIED_EVERY = 50

export type PastOptions = {
  readonly days: number
  readonly untilMs: number
  /** How far the readings of a slot are apart. */
  readonly everyMs: (slot: string) => number
}

/**
 * Fills the history of a platform that stands still with readings of the past, as its thread would have stored them:
 * two million through the log would take minutes. Returns how many they are.
 */
export const fillHistory = (
  platformDir: string,
  layout: Layout,
  { days, untilMs, everyMs }: PastOptions,
): number => {
  const db = new DatabaseSync(join(platformDir, 'history.sqlite'))
  db.exec('PRAGMA synchronous = OFF')
  const insert = db.prepare('INSERT OR IGNORE INTO reading VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)')
  let count = 0
  db.exec('BEGIN')
  for (const { id: slot, section, device } of layout.slots) {
    if (device === undefined) continue
    let counter = 0
    for (let atMs = untilMs - days * DAY_MS; atMs < untilMs; atMs += everyMs(slot)) {
      const reading = toReading(slot, section, device, counter++, atMs)
      const { session, xNt, yNt, zNt, temperatureC = null } = reading
      insert.run(
        slot,
        atMs,
        device,
        session,
        counter,
        null,
        xNt,
        yNt,
        zNt,
        temperatureC,
        JSON.stringify(reading),
      )
      count++
    }
  }
  db.exec('COMMIT')
  db.close()
  return count
}

/** The field drifts with the day's warmth, and a vehicle stands on it now and then. */
const toReading = (slot: string, section: string, device: string, counter: number, atMs: number): Reading => {
  const warmth = Math.sin((2 * Math.PI * atMs) / DAY_MS)
  const drift = Math.round(60 * warmth) + (counter % 23)
  return {
    device,
    session: 9_999,
    counter,
    trigger: 'period',
    eventMs: atMs,
    receivedMs: atMs + 200,
    boot: 'past',
    monotonicMs: counter,
    clock: 'device',
    backfill: false,
    link: 'tcp',
    slot,
    section,
    xNt: EMPTY.xNt + drift,
    yNt: EMPTY.yNt - drift,
    zNt: EMPTY.zNt + (counter % OCCUPIED_EVERY === 0 ? VEHICLE_NT : 0),
    temperatureC: Math.round(200 + 80 * warmth) / 10,
    batteryMv: 3_600,
    health: 1,
  }
}
