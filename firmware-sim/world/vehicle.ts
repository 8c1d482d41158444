import type { Vector } from './field.ts'
import { addDipole } from './field.ts'
import type { Random } from './random.ts'
import { gaussian } from './random.ts'

export type VehicleKind = 'car' | 'van' | 'two-wheeler'

/** Dipoles of a vehicle: place along it from its middle and height above the sensor in m, moment in A·m². */
export type Vehicle = {
  readonly kind: VehicleKind
  readonly dipoles: readonly { readonly alongM: number; readonly heightM: number; readonly moment: Vector }[]
}

/**
 * Vertical moments (A·m², down) by class: a car of three dipoles, an SUV or van, an e-bike of one. Chosen so that a
 * car over the sensor gives 23 to 61 µT and a two-wheeler 2 to 18 µT, as reported of sensors in the field.
 */
const CLASSES: Record<VehicleKind, readonly (readonly [number, number, number])[]> = {
  car: [
    [1.3, 0.45, 28],
    [0, 0.4, 6],
    [-1.3, 0.45, 14],
  ],
  van: [
    [1.4, 0.6, 50],
    [0, 0.55, 15],
    [-1.5, 0.6, 30],
  ],
  'two-wheeler': [[0, 0.35, 1.6]],
}
const SIGMA_LOG_MOMENT = 0.3
const MIN_SCALE = 0.7
const MAX_SCALE = 1.5
/** Horizontal part that the body keeps, and the part that the Earth's field induces and that turns with heading. */
const PERMANENT_HORIZONTAL = 0.1
const INDUCED_HORIZONTAL = 0.12

/** One vehicle of a class. `earthInLane` is Earth's field in lane axes; `momentScale` 0 takes all magnetism away. */
export const drawVehicle = (
  kind: VehicleKind,
  random: Random,
  earthInLane: Vector,
  momentScale: number,
): Vehicle => {
  const scale =
    Math.min(MAX_SCALE, Math.max(MIN_SCALE, Math.exp(SIGMA_LOG_MOMENT * gaussian(random)))) * momentScale
  const angle = random() * 2 * Math.PI
  const horizontal = Math.hypot(earthInLane[0], earthInLane[1])
  return {
    kind,
    dipoles: CLASSES[kind].map(([alongM, heightM, vertical]) => ({
      alongM,
      heightM,
      moment: [
        vertical *
          scale *
          (PERMANENT_HORIZONTAL * Math.cos(angle) + (INDUCED_HORIZONTAL * earthInLane[0]) / horizontal),
        vertical *
          scale *
          (PERMANENT_HORIZONTAL * Math.sin(angle) + (INDUCED_HORIZONTAL * earthInLane[1]) / horizontal),
        vertical * scale,
      ],
    })),
  }
}

/** Adds the field of a vehicle with its middle at (`alongM`, `acrossM`) to that of a sensor at (`sensorM`, 0). */
export const addVehicle = (
  sum: [number, number, number],
  vehicle: Vehicle,
  alongM: number,
  acrossM: number,
  sensorM: number,
): void => {
  for (const dipole of vehicle.dipoles) {
    addDipole(sum, dipole.moment, sensorM - (alongM + dipole.alongM), -acrossM, dipole.heightM)
  }
}
