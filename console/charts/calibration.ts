import type { Layout } from '@clearlane/protocol'
import type { Field } from './figures.ts'

/** The empty field of a slot as the layout has it. */
export const findCalibration = (layout: Layout | undefined, slot: string): Field | undefined => {
  const calibration = layout?.slots.find(({ id }) => id === slot)?.calibration
  return calibration === undefined ? undefined : [calibration.xNt, calibration.yNt, calibration.zNt]
}
