import { generateLayout, toGeneratedDevice } from '@clearlane/firmware-sim/sites/generated.ts'
import { createRandom } from '@clearlane/firmware-sim/world/random.ts'
import type { Layout, MeasurementFrame, RuleSet } from '@clearlane/protocol'
import { encodeFrame, RuleSetSchema, toShortId } from '@clearlane/protocol'

/**
 * A large estate and its bytes: heartbeats once a minute, and one reading in fifty a change of state. As in the
 * simulator most vehicles are gone within minutes, and a few stay long.
 */
const EMPTY = { xNt: 33_000, yNt: -3_800, zNt: 36_200 }
const VEHICLE_NT = 8_000
export const TRAFFIC_START_MS = Date.UTC(2026, 0, 1)
export const HEARTBEAT_MS = 60_000
const STAY_EVERY_READINGS = 100
/** Mean length of a stay. */
const STAY_READINGS = 3

export const createBenchLayout = (slots: number, gateway: string): Layout => {
  const layout = generateLayout('bench', gateway, slots)
  const calibration = { ...EMPTY, temperatureC: 20, atMs: 1 }
  return { ...layout, slots: layout.slots.map((slot) => ({ ...slot, calibration })) }
}

export const createBenchRules = (over: Partial<RuleSet['rules']> = {}): RuleSet =>
  RuleSetSchema.parse({ v: 1, site: 'bench', version: 1, rules: over })

export const toBenchFrame = (
  slot: number,
  sequence: number,
  timeMs: number,
  isOccupied: boolean,
): MeasurementFrame => ({
  kind: 'state',
  shortId: toShortId(toGeneratedDevice(slot)),
  boot: 1,
  sequence,
  timeMs,
  clockSynced: true,
  ackWanted: true,
  retransmission: false,
  backfill: false,
  presence: 'unknown',
  trigger: 'period',
  confidence: 0,
  xNt: EMPTY.xNt + (sequence % 23),
  yNt: EMPTY.yNt - (sequence % 17),
  zNt: EMPTY.zNt + (isOccupied ? VEHICLE_NT : 0),
  temperatureC: 20,
  batteryMv: 3_600,
  health: 1,
  tlvs: [],
})

/** The bytes of the estate's readings, one after another: every slot in turn, once a heartbeat. */
export const createTraffic = (slots: number, startMs: number) => {
  const sequences = new Uint32Array(slots)
  const occupied = new Uint8Array(slots)
  const random = createRandom('traffic')
  let count = 0
  return (): Uint8Array => {
    const slot = count % slots
    const timeMs = Math.floor(startMs + (count / slots) * HEARTBEAT_MS)
    if (random() * (occupied[slot] === 1 ? STAY_READINGS : STAY_EVERY_READINGS) < 1)
      occupied[slot] = 1 - occupied[slot]!
    count++
    return encodeFrame(toBenchFrame(slot, sequences[slot]!++, timeMs, occupied[slot] === 1))
  }
}
