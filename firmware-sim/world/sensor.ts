import type { Vector } from './field.ts'
import { gaussianAt, hash } from './random.ts'

/**
 * Magnetometers by name: noise (nT RMS), resolution (nT), offset by temperature (nT/°C) and range (nT), as their data
 * sheets give them: PNI RM3100 at 200 cycles, Memsic MMC5983MA at its lowest bandwidth with SET/RESET.
 */
export const PARTS = {
  rm3100: { code: 1, noiseNt: 15, lsbNt: 13, offsetNtPerC: 0, rangeNt: 800_000 },
  mmc5983: { code: 2, noiseNt: 40, lsbNt: 6.25, offsetNtPerC: 1, rangeNt: 800_000 },
} as const
export type PartName = keyof typeof PARTS

const CALIBRATION_C = 20
const DAY_MS = 86_400_000
const SWING_C = 6
const HOTTEST_HOUR = 15

/** Temperature of the ground at a domain time: a daily sine around 20 °C, hottest in the afternoon. */
export const temperatureAt = (atMs: number): number => {
  const localMs = atMs + 8 * 3_600_000
  return CALIBRATION_C + SWING_C * Math.cos(2 * Math.PI * (localMs / DAY_MS - HOTTEST_HOUR / 24))
}

/** What a part reads of a field, in integer nT, for its n-th sample. */
export const readField = (
  part: PartName,
  stream: string,
  index: number,
  field: Vector,
  temperatureC: number,
): Vector => {
  const { noiseNt, lsbNt, offsetNtPerC, rangeNt } = PARTS[part]
  const seed = hash(stream)
  return field.map((component, axis) => {
    const noisy =
      component +
      offsetNtPerC * (temperatureC - CALIBRATION_C) +
      noiseNt * gaussianAt(seed + axis * 0x1000_0001, index)
    const clipped = Math.min(rangeNt, Math.max(-rangeNt, noisy))
    return Math.round(Math.round(clipped / lsbNt) * lsbNt)
  }) as unknown as Vector
}
