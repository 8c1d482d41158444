import type { Budget } from './budget.ts'
import { createFilling } from './fill-windows.ts'
import { FUNCTIONS } from './functions.ts'
import type { FieldType } from './point-source.ts'
import { createWindowReduction } from './reduce-windows.ts'
import { createReducer } from './reducers.ts'
import type { Stage } from './stages.ts'
import type { Call, Expression, Fill } from './syntax.ts'
import { createIntegral, createTransform } from './transforms.ts'
import type { Grouping } from './windows.ts'
import { windowOf } from './windows.ts'

/** What a call of a selection is told of its surroundings. */
export type PipelineOptions = {
  readonly grouping: Grouping | undefined
  readonly fill: Fill
  /** Without a lower end there is none in the data either. */
  readonly fromUs: number | undefined
  readonly toUs: number
  readonly descending: boolean
  /** A selector alone in a selection without windows keeps the time of what it selects. */
  readonly keepsTime: boolean
  readonly typeOf: (expression: Expression) => FieldType | undefined
  readonly budget: Budget
  /** The time of an answer that has no window. */
  readonly wholeUs: number
}

/** Where the points of a series enter a pipeline: a field of them, within a span. */
export type Tap = {
  readonly field: string
  readonly fromUs: number
  readonly toUs: number
  readonly stage: Stage
}

/** The stages of a call, from its field to the last one. */
export const createPipeline = (call: Call, last: Stage, options: PipelineOptions): Tap => {
  const [first] = call.args
  if (FUNCTIONS.get(call.name)?.kind === 'transform') return createTransformPipeline(call, last, options)
  if (call.name === 'integral')
    return tapOf(
      first,
      createIntegral(last, {
        unitUs: unitOf(call, 1_000_000),
        windowOf: windowsOf(options),
        descending: options.descending,
      }),
      options,
    )
  if (call.name === 'top' || call.name === 'bottom') return createPickPipeline(call, last, options)
  const isKeeping = options.keepsTime && options.grouping === undefined
  const filling = call.name === 'distinct' ? last : fillBefore(call, last, options)
  const reducing = createReduction(call, filling, { ...options, keepsTime: isKeeping })
  if (first?.kind === 'call' || first?.kind === 'distinct') {
    const field = first.kind === 'call' ? first.args[0] : { kind: 'reference' as const, name: first.name }
    const distinct: Call = { kind: 'call', name: 'distinct', args: field === undefined ? [] : [field] }
    return createPipeline(distinct, reducing, { ...options, keepsTime: false })
  }
  return tapOf(first, reducing, options)
}

const tapOf = (field: Expression | undefined, stage: Stage, { fromUs, toUs }: PipelineOptions): Tap => ({
  field: field?.kind === 'reference' ? field.name : '',
  fromUs: fromUs ?? Number.NEGATIVE_INFINITY,
  toUs,
  stage,
})

const windowsOf = ({ grouping }: PipelineOptions) =>
  grouping === undefined ? undefined : (atUs: number) => windowOf(atUs, grouping)

/** The second argument as a number, a duration in microseconds. */
const unitOf = ({ args }: Call, otherwise: number): number => {
  const second = args.length < 2 ? undefined : args.at(-1)
  switch (second?.kind) {
    case 'duration':
      return Number(second.nanoseconds) / 1_000
    case 'integer':
      return Number(second.value)
    case 'number':
      return second.value
    default:
      return otherwise
  }
}

const createReduction = (call: Call, next: Stage, options: PipelineOptions): Stage =>
  createWindowReduction(next, {
    windowOf: windowsOf(options),
    createReducer: () => createReducer(call.name, unitOf(call, 0), options.budget, options.descending),
    timeOf: options.keepsTime ? undefined : (window) => window?.startUs ?? options.wholeUs,
    descending: options.descending,
  })

const fillBefore = (call: Call, next: Stage, options: PipelineOptions): Stage => {
  const { grouping, fill, fromUs, toUs, descending, budget } = options
  if (grouping === undefined || fill.kind === 'none') return next
  let windows = 0
  return createFilling(next, {
    // A window without points has a count, namely none.
    fill: fill.kind === 'null' && call.name === 'count' ? { kind: 'value', value: 0, isInteger: true } : fill,
    type: options.typeOf(call) ?? 'float',
    windowOf: (atUs) => windowOf(atUs, grouping),
    intervalUs: grouping.intervalUs,
    zone: grouping.zone,
    fromUs,
    toUs,
    descending,
    count: () => budget.checkBuckets(++windows),
  })
}

/** A transformation over windows begins one window earlier, so that the first has one before it. */
const createTransformPipeline = (call: Call, last: Stage, options: PipelineOptions): Tap => {
  const { grouping, descending } = options
  const [first] = call.args
  const unit = call.name === 'elapsed' ? 0.001 : (grouping?.intervalUs ?? 1_000_000)
  const stage = createTransform(last, { name: call.name, unit: unitOf(call, unit), descending })
  if (first?.kind !== 'call') return tapOf(first, stage, options)
  const earlierUs = call.name === 'cumulative_sum' ? 0 : (grouping?.intervalUs ?? 0)
  return createPipeline(first, stage, {
    ...options,
    keepsTime: false,
    ...(descending
      ? { toUs: options.toUs + earlierUs }
      : { fromUs: options.fromUs === undefined ? undefined : options.fromUs - earlierUs }),
  })
}

/** With tags, top and bottom pick among the best of each combination of them. */
const createPickPipeline = (call: Call, last: Stage, options: PipelineOptions): Tap => {
  const [field] = call.args
  const picking = createReduction(call, last, { ...options, keepsTime: true })
  const tags = call.args.length - 2
  if (tags === 0) return tapOf(field, picking, options)
  const name = call.name === 'top' ? 'max' : 'min'
  const perTags = createWindowReduction(picking, {
    windowOf: windowsOf(options),
    createReducer: () => {
      const groups = new Map<string, ReturnType<typeof createReducer>>()
      return {
        take: (point) => {
          // The tags that are picked by stand first among the cells of a point.
          const key = JSON.stringify(point.cells?.slice(0, tags))
          let group = groups.get(key)
          if (group === undefined) {
            options.budget.hold(1)
            group = createReducer(name, 0, options.budget, options.descending)
            groups.set(key, group)
          }
          group.take(point)
        },
        end: () => {
          options.budget.hold(-groups.size)
          return [...groups.values()].flatMap((group) => group.end())
        },
      }
    },
    timeOf: undefined,
    descending: options.descending,
  })
  return tapOf(field, perTags, options)
}
