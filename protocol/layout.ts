import { z } from 'zod'
import { EuiSchema, IdSchema, toShortId } from './ids.ts'
import type { Fault, Result } from './result.ts'
import { fault, ok } from './result.ts'
import { toFault } from './parse.ts'

export const LaneKindSchema = z.enum(['fire-lane', 'aerial-operation-area', 'gate'])

const NameSchema = z.string().max(200).describe('name shown to people; data, never an id')

export const CalibrationSchema = z
  .object({
    xNt: z.int(),
    yNt: z.int(),
    zNt: z.int(),
    temperatureC: z.number(),
    atMs: z.int(),
  })
  .describe('the field of the slot known to be empty, nT on the sensor axes, and the temperature then')
export type Calibration = Readonly<z.infer<typeof CalibrationSchema>>

export const LaneSchema = z.looseObject({
  id: IdSchema,
  name: NameSchema,
  kind: LaneKindSchema,
  lengthM: z.number().positive().max(10_000),
  headingDegrees: z.number().min(0).max(360).optional(),
  path: z
    .array(z.tuple([z.number().min(-100_000).max(100_000), z.number().min(-100_000).max(100_000)]))
    .min(2)
    .max(200)
    .optional()
    .describe('the lane on the plan, metres from its top left corner to the right and down, start to end'),
})
export const SectionSchema = z.looseObject({
  id: IdSchema,
  name: NameSchema,
  lane: IdSchema,
  fromM: z.number().min(0),
  toM: z.number().min(0),
  gateway: IdSchema.describe('the one gateway that decides this section'),
})
export const SlotSchema = z.looseObject({
  id: IdSchema,
  section: IdSchema,
  offsetM: z.number().min(0),
  device: EuiSchema.optional(),
  calibration: CalibrationSchema.optional(),
})

/** The document that says what a site consists of. Ids are unique within their kind. */
export const LayoutSchema = z.looseObject({
  v: z.literal(1),
  site: IdSchema,
  name: NameSchema,
  version: z.int().min(1),
  timeZone: z.string().refine(isTimeZone, 'an IANA time zone, for example Asia/Shanghai'),
  plan: z
    .object({ widthM: z.number().positive(), heightM: z.number().positive() })
    .optional()
    .describe('metres that the image or drawing spans'),
  lanes: z.array(LaneSchema).max(10_000),
  sections: z.array(SectionSchema).max(50_000),
  slots: z.array(SlotSchema).max(100_000),
})
export type Layout = Readonly<z.infer<typeof LayoutSchema>>
export type Lane = Layout['lanes'][number]
export type Section = Layout['sections'][number]
export type Slot = Layout['slots'][number]

/** Checks shape first, then what the shape cannot say; each problem names its place. */
export const parseLayout = (value: unknown): Result<Layout, Fault> => {
  const parsed = LayoutSchema.safeParse(value)
  if (!parsed.success) return { ok: false, fault: toFault('layout-shape', parsed.error) }
  const problems = problemsOf(parsed.data)
  return problems.length === 0 ? ok(parsed.data) : fault('layout-invalid', problems.slice(0, 20).join('; '))
}

const problemsOf = (layout: Layout): string[] => {
  const problems: string[] = []
  const lanes = new Map(layout.lanes.map((lane) => [lane.id, lane]))
  const sections = new Map(layout.sections.map((section) => [section.id, section]))
  const duplicates = (kind: string, ids: readonly string[]) => {
    const seen = new Set<string>()
    for (const [index, id] of ids.entries()) {
      if (seen.has(id)) problems.push(`${kind}[${index}]: the id ${id} is used twice; give it another`)
      seen.add(id)
    }
  }
  duplicates(
    'lanes',
    layout.lanes.map((lane) => lane.id),
  )
  duplicates(
    'sections',
    layout.sections.map((section) => section.id),
  )
  duplicates(
    'slots',
    layout.slots.map((slot) => slot.id),
  )

  for (const [index, section] of layout.sections.entries()) {
    const lane = lanes.get(section.lane)
    if (lane === undefined) {
      problems.push(`sections[${index}].lane: there is no lane ${section.lane}; add it or name another`)
    } else if (section.fromM >= section.toM || section.toM > lane.lengthM) {
      problems.push(
        `sections[${index}]: ${section.fromM} m to ${section.toM} m is not a stretch of the lane's 0 to ${lane.lengthM} m`,
      )
    }
  }
  const slotOfDevice = new Map<string, string>()
  const deviceOfShortId = new Map<number, string>()
  for (const [index, slot] of layout.slots.entries()) {
    const section = sections.get(slot.section)
    if (section === undefined) {
      problems.push(`slots[${index}].section: there is no section ${slot.section}; add it or name another`)
    } else if (slot.offsetM < section.fromM || slot.offsetM > section.toM) {
      problems.push(
        `slots[${index}].offsetM: ${slot.offsetM} m lies outside its section, ${section.fromM} m to ${section.toM} m`,
      )
    }
    if (slot.device === undefined) continue
    const other = slotOfDevice.get(slot.device)
    if (other !== undefined) {
      problems.push(
        `slots[${index}].device: ${slot.device} is already in slot ${other}; unbind it there first`,
      )
      continue
    }
    const twin = deviceOfShortId.get(toShortId(slot.device))
    if (twin !== undefined) {
      problems.push(
        `slots[${index}].device: ${slot.device} and ${twin} end in the same 8 digits; swap one of them`,
      )
    }
    slotOfDevice.set(slot.device, slot.id)
    deviceOfShortId.set(toShortId(slot.device), slot.device)
  }
  return problems
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch {
    return false
  }
}
