import { InfluxqlFault } from './fault.ts'

const UNITS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  u: 1_000n,
  µ: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
  d: 86_400_000_000_000n,
  w: 604_800_000_000_000n,
}
export const MAX_INT64 = 2n ** 63n - 1n
const PART = /(\d+)(ns|ms|[uµsmhdw])/y

/** `1h30m` in nanoseconds. */
export const parseDuration = (text: string): bigint => {
  let sum = 0n
  PART.lastIndex = 0
  let end = 0
  while (end < text.length) {
    const [, digits, unit] = PART.exec(text) ?? []
    if (digits === undefined || unit === undefined || BigInt(digits) > MAX_INT64)
      throw new InfluxqlFault('invalid duration')
    sum += BigInt(digits) * (UNITS[unit] ?? 0n)
    end = PART.lastIndex
  }
  if (sum > MAX_INT64)
    throw new InfluxqlFault(`overflowed duration ${text}: choose a smaller duration or INF`)
  return sum
}

/** In the largest unit that says it exactly. */
export const formatDuration = (nanoseconds: bigint): string => {
  if (nanoseconds === 0n) return '0s'
  for (const unit of ['w', 'd', 'h', 'm', 's', 'ms', 'u'] as const) {
    const size = UNITS[unit] ?? 1n
    if (nanoseconds % size === 0n) return `${nanoseconds / size}${unit}`
  }
  return `${nanoseconds}ns`
}
