import type { Vector } from '../world/field.ts'
import { createRandom } from '../world/random.ts'
import type { Random } from '../world/random.ts'
import type { Vehicle, VehicleKind } from '../world/vehicle.ts'
import { addVehicle, drawVehicle } from '../world/vehicle.ts'

/**
 * One vehicle at one section, in world time (ms since the scenario began). It comes along the traffic lane beside the
 * fire lane, pulls in, stands, pulls out and is gone.
 *
 * ```
 *   across │  ─────────.            .───────────▶
 *     3 m  │            `.        .'
 *          │              `.____.'
 *       0  │               stop
 *          └───┬────────┬──┬────┬──┬─────────┬── time
 *            enter           from  to        gone
 * ```
 */
export type Visit = {
  readonly id: string
  readonly section: string
  readonly vehicle: Vehicle
  readonly stopM: number
  readonly acrossM: number
  readonly fromMs: number
  readonly toMs: number
}

export type VisitOptions = {
  readonly seed: number
  readonly section: string
  readonly fromM: number
  readonly toM: number
  readonly earthInLane: Vector
  readonly momentScale: number
  readonly arrivalsPerHour: number
  readonly dwellMs: number
  /** Places of the section's sensors along the lane. */
  readonly sensorsM: readonly number[]
}

const SPEED_M_PER_MS = 0.004
const APPROACH_M = 12
const PULL_IN_M = 5
const TRAFFIC_LANE_M = 3
/** How long a vehicle moves before it stands and after it leaves. */
export const MOVING_MS = APPROACH_M / SPEED_M_PER_MS

/** How long a vehicle is between the traffic lane and its place. */
export const PULLING_MS = PULL_IN_M / SPEED_M_PER_MS

const MIN_GAP_MS = 30_000
/** Ends of the section that a vehicle keeps clear of, so that the truth about its section is sharp. */
const MARGIN_M = 2.5
const NEAR_DWELL_MS = 5_000
const SHARE_OF_PASSES = 0.12
const SHARE_OF_TWO_WHEELERS = 0.02
const SHARE_OF_SHORT_STAYS = 0.18
const SHARE_OF_VANS = 0.25
const MAX_OFF_CENTRE_M = 0.4

/** The endless visits of one section, in order, one vehicle at a time. The same seed gives the same visits. */
export function* visitsOf(options: VisitOptions): Generator<Visit> {
  const { seed, section, earthInLane, momentScale, arrivalsPerHour, dwellMs } = options
  const random = createRandom(`${seed}/${section}/visits`)
  const cycleMs = 3_600_000 / arrivalsPerHour
  let freeMs = -MIN_GAP_MS + random() * Math.min(cycleMs, 60_000)
  for (let count = 0; ; count++) {
    const kind = drawKind(random)
    const stayMs = Math.round(drawStayMs(random, dwellMs))
    const fromMs = Math.round(freeMs + MIN_GAP_MS + MOVING_MS)
    const vehicle = drawVehicle(
      kind,
      createRandom(`${seed}/${section}/vehicle/${count}`),
      earthInLane,
      momentScale,
    )
    yield {
      id: `${section}-${count}`,
      section,
      vehicle,
      ...drawPlace(options, vehicle, createRandom(`${seed}/${section}/place/${count}`)),
      fromMs,
      toMs: fromMs + stayMs,
    }
    const restMs = Math.max(0, cycleMs - MIN_GAP_MS - 2 * MOVING_MS - stayMs)
    freeMs = fromMs + stayMs + MOVING_MS - Math.log(1 - random()) * restMs
  }
}

/**
 * Where a vehicle stops. Three dipoles can cancel at a sensor; a place where no sensor of the section sees the
 * vehicle clearly is drawn again, because the scenario is about the way of an alarm and not about dead zones.
 */
const drawPlace = (
  { fromM, toM, sensorsM, momentScale }: VisitOptions,
  vehicle: Vehicle,
  random: Random,
): Pick<Visit, 'stopM' | 'acrossM'> => {
  for (let attempt = 1; ; attempt++) {
    const stopM = fromM + MARGIN_M + random() * (toM - fromM - 2 * MARGIN_M)
    const acrossM = (random() * 2 - 1) * MAX_OFF_CENTRE_M
    const isSeen = sensorsM.some((sensorM) => {
      const sum: [number, number, number] = [0, 0, 0]
      addVehicle(sum, vehicle, stopM, acrossM, sensorM)
      return Math.hypot(...sum) >= CLEARLY_SEEN_NT * momentScale
    })
    if (isSeen || vehicle.kind === 'two-wheeler' || attempt === MAX_ATTEMPTS) return { stopM, acrossM }
  }
}
const CLEARLY_SEEN_NT = 2_000
const MAX_ATTEMPTS = 100

const drawKind = (random: Random): VehicleKind => {
  const share = random()
  if (share < SHARE_OF_TWO_WHEELERS) return 'two-wheeler'
  return share < SHARE_OF_TWO_WHEELERS + SHARE_OF_VANS ? 'van' : 'car'
}

/** Passes of a few seconds, stops well under the dwell, and stays well over it with a long tail. */
const drawStayMs = (random: Random, dwellMs: number): number => {
  const share = random()
  if (share < SHARE_OF_PASSES) return 500 + random() * 2_500
  const under = dwellMs - NEAR_DWELL_MS
  if (share < SHARE_OF_PASSES + SHARE_OF_SHORT_STAYS && under > 4_000)
    return 4_000 + random() * (under - 4_000)
  return dwellMs + NEAR_DWELL_MS - Math.log(1 - random()) * 40_000
}

/** Where a vehicle is at a world time; undefined while it is not there. */
export const placeOf = (
  visit: Visit,
  atMs: number,
): { readonly alongM: number; readonly acrossM: number } | undefined => {
  const offMs = atMs < visit.fromMs ? atMs - visit.fromMs : atMs > visit.toMs ? atMs - visit.toMs : 0
  if (Math.abs(offMs) > MOVING_MS) return undefined
  const offM = offMs * SPEED_M_PER_MS
  const pulled = Math.min(1, Math.abs(offM) / PULL_IN_M)
  return { alongM: visit.stopM + offM, acrossM: visit.acrossM + (TRAFFIC_LANE_M - visit.acrossM) * pulled }
}
