/** How much of something may pass: `burst` at once, and `perSecond` on average. */
export type RateLimit = {
  /** Whether `count` may pass now; what may not is the caller's to count. */
  take(count?: number): boolean
}

export const createRateLimit = (options: {
  readonly burst: number
  readonly perSecond: number
  /** Never steps. */
  readonly monotonicMs: () => number
}): RateLimit => {
  const { burst, perSecond, monotonicMs } = options
  let tokens = burst
  let atMs = monotonicMs()
  return {
    take: (count = 1) => {
      const nowMs = monotonicMs()
      tokens = Math.min(burst, tokens + ((nowMs - atMs) / 1_000) * perSecond)
      atMs = nowMs
      if (tokens < count) return false
      tokens -= count
      return true
    },
  }
}
