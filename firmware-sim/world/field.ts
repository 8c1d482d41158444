/** A vector in lane axes: x along the lane, y to its right, z down. Metres for places, nT for fields, A·m² for moments. */
export type Vector = readonly [number, number, number]

/** Earth's field at Shanghai, 31.23 N 121.47 E, epoch 2026.5: north, east, down in nT (World Magnetic Model 2025). */
export const EARTH_FIELD_NT: Vector = [33_084, -3_796, 36_234]

/** Turns a field given north, east, down into the axes of a lane that runs along `headingDegrees`. */
export const toLaneAxes = ([north, east, down]: Vector, headingDegrees: number): Vector => {
  const heading = (headingDegrees * Math.PI) / 180
  return [
    north * Math.cos(heading) + east * Math.sin(heading),
    -north * Math.sin(heading) + east * Math.cos(heading),
    down,
  ]
}

/** µ0 / 4π in nT·m³ per A·m². */
const MU0_OVER_4PI_NT = 100

/**
 * Field of a dipole, B = (µ0/4π) (3 (m·r̂) r̂ − m) / r³, added into `sum`. `r` points from the dipole to the place
 * where the field is felt.
 */
export const addDipole = (
  sum: [number, number, number],
  moment: Vector,
  x: number,
  y: number,
  z: number,
): void => {
  const squared = x * x + y * y + z * z
  const distance = Math.sqrt(squared)
  const cubed = squared * distance
  const along = (3 * (moment[0] * x + moment[1] * y + moment[2] * z)) / squared
  sum[0] += (MU0_OVER_4PI_NT * (along * x - moment[0])) / cubed
  sum[1] += (MU0_OVER_4PI_NT * (along * y - moment[1])) / cubed
  sum[2] += (MU0_OVER_4PI_NT * (along * z - moment[2])) / cubed
}
