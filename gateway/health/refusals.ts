/** Everything refused, counted by reason, with one sample each; logged at most once a minute per reason. */
export type Refusals = {
  refuse(reason: string, sample: string): void
  list(): {
    readonly reason: string
    readonly count: number
    readonly lastMs: number
    readonly sample: string
  }[]
}

const LOG_EVERY_MS = 60_000
/** Reasons are constants of the code; the bound only guards against one that is not. */
const MAX_REASONS = 200
const MAX_SAMPLE_LENGTH = 200

export const createRefusals = (
  nowMs: () => number,
  log: (fields: { readonly reason: string; readonly count: number; readonly sample: string }) => void,
): Refusals => {
  const byReason = new Map<string, { count: number; lastMs: number; sample: string; loggedMs: number }>()
  return {
    refuse: (reason, sample) => {
      const now = nowMs()
      const known = byReason.get(reason)
      const entry = known ?? { count: 0, lastMs: now, sample: '', loggedMs: Number.NEGATIVE_INFINITY }
      if (known === undefined) {
        if (byReason.size >= MAX_REASONS) return
        byReason.set(reason, entry)
      }
      entry.count++
      entry.lastMs = now
      if (now - entry.loggedMs < LOG_EVERY_MS && now >= entry.loggedMs) return
      entry.loggedMs = now
      entry.sample = sample.slice(0, MAX_SAMPLE_LENGTH)
      log({ reason, count: entry.count, sample: entry.sample })
    },
    list: () =>
      [...byReason].map(([reason, { count, lastMs, sample }]) => ({ reason, count, lastMs, sample })),
  }
}
