import type { Layout, Result } from '@clearlane/protocol'
import { fromJson, LayoutSchema, ok, parseLayout, toFault } from '@clearlane/protocol'
import { z } from 'zod'
import type { Vector } from './world/field.ts'
import { EARTH_FIELD_NT, toLaneAxes } from './world/field.ts'
import { PARTS } from './world/sensor.ts'

/** A site file of the simulator: the layout, and what only the simulator knows. */
export const SiteFileSchema = z.object({
  layout: LayoutSchema,
  part: z.enum(Object.keys(PARTS) as [keyof typeof PARTS]).default('mmc5983'),
})
export type SiteFile = z.output<typeof SiteFileSchema>

export const parseSiteFile: (text: string) => Result<SiteFile> = fromJson((value) => {
  const site = SiteFileSchema.safeParse(value)
  if (!site.success) return { ok: false, fault: toFault('site-shape', site.error) }
  const layout = parseLayout(site.data.layout)
  return layout.ok ? ok(site.data) : layout
})

/** One sensor in the ground, as the simulator needs it. */
export type SimulatedSlot = {
  readonly slot: string
  readonly device: string
  readonly section: string
  readonly lane: string
  readonly offsetM: number
  readonly emptyFieldNt: Vector
}

/** Every slot of a layout that has a device. A layout without a heading has lanes that run north. */
export const toSimulatedSlots = (layout: Layout, headingOffsetDegrees: number): SimulatedSlot[] => {
  const sections = new Map(layout.sections.map((section) => [section.id, section]))
  const lanes = new Map(layout.lanes.map((lane) => [lane.id, lane]))
  return layout.slots.flatMap((slot) => {
    const section = sections.get(slot.section)
    const lane = lanes.get(section?.lane ?? '')
    if (slot.device === undefined || section === undefined || lane === undefined) return []
    const heading = (lane.headingDegrees ?? 0) + headingOffsetDegrees
    return [
      {
        slot: slot.id,
        device: slot.device,
        section: section.id,
        lane: lane.id,
        offsetM: slot.offsetM,
        emptyFieldNt: toLaneAxes(EARTH_FIELD_NT, heading),
      },
    ]
  })
}

/** The same layout with each slot calibrated to what its sensor reads while the lane is empty. */
export const calibrate = (layout: Layout, headingOffsetDegrees: number, atMs: number): Layout => {
  const fields = new Map(
    toSimulatedSlots(layout, headingOffsetDegrees).map((one) => [one.slot, one.emptyFieldNt]),
  )
  return {
    ...layout,
    slots: layout.slots.map((slot) => {
      const field = fields.get(slot.id)
      if (field === undefined) return slot
      const [xNt, yNt, zNt] = field.map(Math.round) as [number, number, number]
      return { ...slot, calibration: { xNt, yNt, zNt, temperatureC: 20, atMs } }
    }),
  }
}
