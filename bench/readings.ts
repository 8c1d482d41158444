import { toGeneratedDevice } from '@clearlane/firmware-sim/sites/generated.ts'
import type { Reading } from '@clearlane/protocol'

const SLOTS = 1_000
const SLOTS_PER_SECTION = 20
const EVERY_MS = 30_000

/** Readings of a thousand slots as gateways send them, all fields known, in pages; no two of a slot at one time. */
export const createBenchReadings = (count: number, perPage: number): Reading[][] => {
  const startMs = Date.now() - (count / SLOTS) * EVERY_MS - 3_600_000
  const pages: Reading[][] = []
  for (let from = 0; from < count; from += perPage) {
    const length = Math.min(perPage, count - from)
    pages.push(Array.from({ length }, (_, index) => toReading(from + index, Math.floor(startMs))))
  }
  return pages
}

const toReading = (index: number, startMs: number): Reading => {
  const slot = index % SLOTS
  const round = Math.floor(index / SLOTS)
  const eventMs = startMs + round * EVERY_MS + slot
  return {
    device: toGeneratedDevice(slot),
    session: 1,
    counter: round,
    trigger: 'period',
    eventMs,
    receivedMs: eventMs + 180,
    boot: 'bench',
    monotonicMs: index,
    clock: 'device',
    backfill: false,
    link: 'tcp',
    slot: `s${slot}`,
    section: `section-${Math.floor(slot / SLOTS_PER_SECTION)}`,
    xNt: 33_000 + ((index * 7) % 200),
    yNt: -3_800 + ((index * 11) % 200),
    zNt: 36_200 + ((index * 13) % 200),
    temperatureC: 20 + (round % 50) / 10,
    batteryMv: 3_600 - (round % 10),
    rssiDbm: -70 - (slot % 40),
    snrDb: 7.5,
  }
}
