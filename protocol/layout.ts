import { z } from 'zod'
import { EuiSchema, IdSchema, toShortId } from './ids.ts'
import type { Fault, Result } from './result.ts'
import { fault, ok } from './result.ts'
import { toFault, toPlace } from './parse.ts'

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
    .object({ widthM: z.number().positive().max(100_000), heightM: z.number().positive().max(100_000) })
    .optional()
    .describe('the stretch of ground, in metres, that the plan spans'),
  lanes: z.array(LaneSchema).max(10_000),
  sections: z.array(SectionSchema).max(50_000),
  slots: z.array(SlotSchema).max(100_000),
})
export type Layout = Readonly<z.infer<typeof LayoutSchema>>
export type Lane = Layout['lanes'][number]
export type Section = Layout['sections'][number]
export type Slot = Layout['slots'][number]

/** What can be wrong in a layout: `shape` is one field or thing by itself, all others are contradictions. */
export type LayoutProblemKind =
  | 'shape'
  | 'id-twice'
  | 'no-lane'
  | 'not-a-stretch'
  | 'no-section'
  | 'outside-section'
  | 'device-twice'
  | 'device-twin'
/** Where something stands in a layout: names and indices from the outside in. */
export type LayoutPlace = readonly (string | number)[]
export type LayoutProblem = {
  readonly kind: LayoutProblemKind
  readonly place: LayoutPlace
  readonly text: string
}

const MAX_PROBLEMS_IN_TEXT = 20

/** Checks shape first, then what the shape cannot say; each problem names its place. */
export const parseLayout = (value: unknown): Result<Layout, Fault> => {
  const parsed = LayoutSchema.safeParse(value)
  if (!parsed.success) return { ok: false, fault: toFault('layout-shape', parsed.error) }
  const problems = problemsOf(parsed.data)
  if (problems.length === 0) return ok(parsed.data)
  const texts = problems.slice(0, MAX_PROBLEMS_IN_TEXT).map(({ place, text }) => `${toPlace(place)}: ${text}`)
  return fault('layout-invalid', texts.join('; '))
}

/** Every problem that `parseLayout` sees, with its place, for whoever leads people to it. */
export const findLayoutProblems = (value: unknown): LayoutProblem[] => {
  const parsed = LayoutSchema.safeParse(value)
  if (parsed.success) return problemsOf(parsed.data)
  return parsed.error.issues.map(({ path, message }) => ({
    kind: 'shape',
    place: path.filter((part) => typeof part !== 'symbol'),
    text: message,
  }))
}

/** The places in what `parseLayout` says, with what is said of each. Text without a place is left out. */
export const readLayoutPlaces = (detail: string): Omit<LayoutProblem, 'kind'>[] =>
  detail.split('; ').flatMap((one) => {
    const [, place, text] = /^(\w+(?:\[\d+\]|\.\w+)*): (.+)$/s.exec(one) ?? []
    if (place === undefined || text === undefined) return []
    const steps = place.match(/\d+(?=\])|\w+/g) ?? []
    return [{ place: steps.map((step) => (/^\d+$/.test(step) ? Number(step) : step)), text }]
  })

const problemsOf = (layout: Layout): LayoutProblem[] => {
  const problems: LayoutProblem[] = []
  const add = (kind: LayoutProblemKind, place: LayoutPlace, text: string): void => {
    problems.push({ kind, place, text })
  }
  const lanes = new Map(layout.lanes.map((lane) => [lane.id, lane]))
  const sections = new Map(layout.sections.map((section) => [section.id, section]))
  const duplicates = (kind: string, ids: readonly string[]) => {
    const seen = new Set<string>()
    for (const [index, id] of ids.entries()) {
      if (seen.has(id)) add('id-twice', [kind, index], `the id ${id} is used twice: give it another`)
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
      add('no-lane', ['sections', index, 'lane'], `there is no lane ${section.lane}: add it or name another`)
    } else if (section.fromM >= section.toM || section.toM > lane.lengthM) {
      add(
        'not-a-stretch',
        ['sections', index],
        `${section.fromM} m to ${section.toM} m is not a stretch of the lane's 0 to ${lane.lengthM} m`,
      )
    }
  }
  const slotOfDevice = new Map<string, string>()
  const deviceOfShortId = new Map<number, string>()
  for (const [index, slot] of layout.slots.entries()) {
    const section = sections.get(slot.section)
    if (section === undefined) {
      add(
        'no-section',
        ['slots', index, 'section'],
        `there is no section ${slot.section}: add it or name another`,
      )
    } else if (slot.offsetM < section.fromM || slot.offsetM > section.toM) {
      add(
        'outside-section',
        ['slots', index, 'offsetM'],
        `${slot.offsetM} m lies outside its section, ${section.fromM} m to ${section.toM} m`,
      )
    }
    if (slot.device === undefined) continue
    const other = slotOfDevice.get(slot.device)
    if (other !== undefined) {
      add(
        'device-twice',
        ['slots', index, 'device'],
        `${slot.device} is already in slot ${other}: unbind it there first`,
      )
      continue
    }
    const twin = deviceOfShortId.get(toShortId(slot.device))
    if (twin !== undefined) {
      add(
        'device-twin',
        ['slots', index, 'device'],
        `${slot.device} and ${twin} end in the same 8 digits: swap one of them`,
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

const draftNumber = z
  .number()
  .nullable()
  .transform((value) => value ?? Number.NaN)

/**
 * A layout while somebody edits it: the same fields, whatever stands in them. A number that is not yet one is NaN in
 * memory and null in JSON.
 */
export const LayoutDraftSchema = LayoutSchema.extend({
  name: z.string(),
  plan: z.object({ widthM: draftNumber, heightM: draftNumber }).optional(),
  lanes: z.array(
    LaneSchema.extend({
      id: z.string(),
      name: z.string(),
      lengthM: draftNumber,
      headingDegrees: draftNumber.optional(),
      path: z.array(z.tuple([draftNumber, draftNumber])).optional(),
    }),
  ),
  sections: z.array(
    SectionSchema.extend({
      id: z.string(),
      name: z.string(),
      lane: z.string(),
      fromM: draftNumber,
      toM: draftNumber,
      gateway: z.string(),
    }),
  ),
  slots: z.array(
    SlotSchema.extend({
      id: z.string(),
      section: z.string(),
      offsetM: draftNumber,
      device: z.string().optional(),
    }),
  ),
})
