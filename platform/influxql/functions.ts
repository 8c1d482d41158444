import type { FieldType } from './point-source.ts'

/** What a function takes and gives. `same` is the type of what it is given. */
export type FunctionFacts = {
  readonly kind: 'aggregate' | 'selector' | 'transform'
  readonly takes: readonly FieldType[]
  readonly gives: FieldType | 'same'
}

const NUMBERS = ['float', 'integer'] as const
const ALL = [...NUMBERS, 'string', 'boolean'] as const

const facts = (
  kind: FunctionFacts['kind'],
  takes: readonly FieldType[],
  gives: FunctionFacts['gives'],
): FunctionFacts => ({ kind, takes, gives })

export const FUNCTIONS: ReadonlyMap<string, FunctionFacts> = new Map(
  Object.entries({
    count: facts('aggregate', ALL, 'integer'),
    distinct: facts('aggregate', ALL, 'same'),
    integral: facts('aggregate', NUMBERS, 'float'),
    mean: facts('aggregate', NUMBERS, 'float'),
    median: facts('aggregate', NUMBERS, 'float'),
    mode: facts('aggregate', ALL, 'same'),
    spread: facts('aggregate', NUMBERS, 'same'),
    stddev: facts('aggregate', NUMBERS, 'float'),
    sum: facts('aggregate', NUMBERS, 'same'),
    bottom: facts('selector', NUMBERS, 'same'),
    first: facts('selector', ALL, 'same'),
    last: facts('selector', ALL, 'same'),
    max: facts('selector', [...NUMBERS, 'boolean'], 'same'),
    min: facts('selector', [...NUMBERS, 'boolean'], 'same'),
    percentile: facts('selector', NUMBERS, 'same'),
    top: facts('selector', NUMBERS, 'same'),
    cumulative_sum: facts('transform', NUMBERS, 'same'),
    derivative: facts('transform', NUMBERS, 'float'),
    difference: facts('transform', NUMBERS, 'same'),
    elapsed: facts('transform', ALL, 'integer'),
    moving_average: facts('transform', NUMBERS, 'float'),
    non_negative_derivative: facts('transform', NUMBERS, 'float'),
    non_negative_difference: facts('transform', NUMBERS, 'same'),
  }),
)

/** InfluxDB has them, and here they are named as what is missing. */
export const UNSUPPORTED_FUNCTIONS: ReadonlySet<string> = new Set([
  'chande_momentum_oscillator',
  'count_hll',
  'double_exponential_moving_average',
  'exponential_moving_average',
  'holt_winters',
  'holt_winters_with_fit',
  'kaufmans_adaptive_moving_average',
  'kaufmans_efficiency_ratio',
  'relative_strength_index',
  'sample',
  'sum_hll',
  'triple_exponential_derivative',
  'triple_exponential_moving_average',
])

type MathFunction = {
  readonly args: 1 | 2
  /** Whether an integer stays one. */
  readonly keepsIntegers: boolean
  readonly apply: (x: number, y: number) => number
}
const real = (apply: (x: number) => number): MathFunction => ({ args: 1, keepsIntegers: false, apply })
const whole = (apply: (x: number) => number): MathFunction => ({ args: 1, keepsIntegers: true, apply })
const pair = (apply: (x: number, y: number) => number): MathFunction => ({
  args: 2,
  keepsIntegers: false,
  apply,
})

/** Halves go away from zero, where Math.round goes up. */
const roundAway = (x: number): number => Math.sign(x) * Math.floor(Math.abs(x) + 0.5)

export const MATH_FUNCTIONS: ReadonlyMap<string, MathFunction> = new Map(
  Object.entries({
    abs: whole(Math.abs),
    acos: real(Math.acos),
    asin: real(Math.asin),
    atan: real(Math.atan),
    atan2: pair(Math.atan2),
    ceil: whole(Math.ceil),
    cos: real(Math.cos),
    exp: real(Math.exp),
    floor: whole(Math.floor),
    ln: real(Math.log),
    log: pair((x, base) => Math.log(x) / Math.log(base)),
    log10: real(Math.log10),
    log2: real(Math.log2),
    pow: pair(Math.pow),
    round: whole(roundAway),
    sin: real(Math.sin),
    sqrt: real(Math.sqrt),
    tan: real(Math.tan),
  }),
)
