import { z } from 'zod'
import { IdSchema } from './ids.ts'
import type { Layout } from './layout.ts'
import type { Fault, Result } from './result.ts'
import { fault, ok } from './result.ts'
import { toFault } from './parse.ts'

const durationMs = (min: number, max: number) => z.int().min(min).max(max)
const DAY_MS = 86_400_000

/** The parameters of one lane's rules. Durations in ms, magnetic thresholds in nT, hours local to the site. */
export const LaneRulesSchema = z.object({
  dayFromHour: z.number().min(0).max(24).default(6).describe('local hour at which the day dwell begins'),
  dayToHour: z.number().min(0).max(24).default(22).describe('local hour at which the night dwell begins'),
  dwellDayMs: durationMs(0, DAY_MS).default(180_000).describe('blocked this long by day is an alarm'),
  dwellNightMs: durationMs(0, DAY_MS).default(60_000).describe('blocked this long by night is an alarm'),
  holdOffMs: durationMs(0, DAY_MS).default(10_000).describe('vacant this long before the episode is cleared'),
  escalateAfterMs: durationMs(0, 30 * DAY_MS)
    .default(1_800_000)
    .describe('after confirmed; 0 never escalates'),
  silenceAfterMs: durationMs(1_000, 30 * DAY_MS)
    .default(600_000)
    .describe('a device not heard this long leaves its slot unknown'),
  lowBatteryMv: z.int().min(0).max(10_000).default(3_100),
  onNt: z
    .int()
    .min(50)
    .max(1_000_000)
    .default(900)
    .describe('residual from the empty field that is a vehicle'),
  offNt: z.int().min(50).max(1_000_000).default(600).describe('residual below which the slot is empty again'),
})
export type LaneRules = Readonly<z.infer<typeof LaneRulesSchema>>

const { shape } = LaneRulesSchema
/** What one lane has of its own. Nothing here has a default: what a lane does not say, the site says. */
const LaneOwnRulesSchema = z
  .object({
    dayFromHour: shape.dayFromHour.unwrap(),
    dayToHour: shape.dayToHour.unwrap(),
    dwellDayMs: shape.dwellDayMs.unwrap(),
    dwellNightMs: shape.dwellNightMs.unwrap(),
    holdOffMs: shape.holdOffMs.unwrap(),
    escalateAfterMs: shape.escalateAfterMs.unwrap(),
    silenceAfterMs: shape.silenceAfterMs.unwrap(),
    lowBatteryMv: shape.lowBatteryMv.unwrap(),
    onNt: shape.onNt.unwrap(),
    offNt: shape.offNt.unwrap(),
  } satisfies Record<keyof LaneRules, z.ZodType>)
  .partial()

/** The document that says when a site's lanes are blocked. `lanes` overrides `rules` for a lane by its id. */
export const RuleSetSchema = z.looseObject({
  v: z.literal(1),
  site: IdSchema,
  version: z.int().min(1),
  allowanceMs: durationMs(0, DAY_MS)
    .default(900_000)
    .describe('how late a reading may come and still be merged'),
  rules: LaneRulesSchema.prefault({}),
  lanes: z.record(IdSchema, LaneOwnRulesSchema).default({}),
})
export type RuleSet = Readonly<z.infer<typeof RuleSetSchema>>

export const parseRuleSet = (value: unknown): Result<RuleSet, Fault> => {
  const parsed = RuleSetSchema.safeParse(value)
  if (!parsed.success) return { ok: false, fault: toFault('rules-shape', parsed.error) }
  const problems = [undefined, ...Object.keys(parsed.data.lanes)].flatMap((lane) => {
    const { offNt, onNt } = rulesOfLane(parsed.data, lane)
    const place = lane === undefined ? 'rules' : `lanes.${lane}`
    return offNt < onNt ? [] : [`${place}: offNt (${offNt}) must be less than onNt (${onNt})`]
  })
  return problems.length === 0 ? ok(parsed.data) : fault('rules-invalid', problems.slice(0, 20).join('; '))
}

/** Rules for a lane that the layout lacks would never be in force. */
export const checkLanes = (rules: RuleSet, layout: Layout): Result<undefined> => {
  const unknown = findLaneLeftOut(rules, layout)
  return unknown === undefined
    ? ok(undefined)
    : fault('rules-invalid', `lanes.${unknown}: the layout has no such lane: add it, or take its rules out`)
}

/** A lane that has rules of its own and that the layout lacks. */
export const findLaneLeftOut = (rules: RuleSet, layout: Layout): string | undefined => {
  const lanes = new Set(layout.lanes.map(({ id }) => id))
  return Object.keys(rules.lanes).find((id) => !lanes.has(id))
}

/** The rules in force for a lane: the site's, with the lane's own on top. */
export const rulesOfLane = (ruleSet: RuleSet, lane: string | undefined): LaneRules => {
  const own: Partial<Record<keyof LaneRules, number | undefined>> | undefined =
    lane === undefined ? undefined : ruleSet.lanes[lane]
  if (own === undefined) return ruleSet.rules
  const merged = { ...ruleSet.rules }
  for (const key of Object.keys(merged) as (keyof LaneRules)[]) merged[key] = own[key] ?? merged[key]
  return merged
}
