import { z } from 'zod'

/** What was refused for one reason: how often since start, when last (domain time, ms UTC), and one sample. */
export const RefusalSchema = z.looseObject({
  reason: z.string(),
  count: z.int(),
  lastMs: z.int(),
  sample: z.string(),
})
export type Refusal = z.infer<typeof RefusalSchema>

/** Everything refused, counted by reason, with one sample each; logged at most once a minute per reason. */
export type Refusals = {
  refuse(reason: string, sample: string): void
  list(): Refusal[]
}

export type RefusalsOptions = {
  /** Domain time, ms UTC. */
  readonly nowMs: () => number
  /** Never steps: it says when a reason may be logged again. */
  readonly monotonicMs: () => number
  readonly log: (refusal: Pick<Refusal, 'reason' | 'count' | 'sample'>) => void
}

const LOG_EVERY_MS = 60_000
/** Reasons are constants of the code; the bound only guards against one that is not. */
const MAX_REASONS = 200
const MAX_SAMPLE_LENGTH = 300

export const createRefusals = ({ nowMs, monotonicMs, log }: RefusalsOptions): Refusals => {
  const byReason = new Map<string, { count: number; lastMs: number; sample: string; loggedMs: number }>()
  return {
    refuse: (reason, sample) => {
      let entry = byReason.get(reason)
      if (entry === undefined) {
        if (byReason.size >= MAX_REASONS) return
        entry = { count: 0, lastMs: 0, sample: '', loggedMs: Number.NEGATIVE_INFINITY }
        byReason.set(reason, entry)
      }
      entry.count++
      entry.lastMs = Math.floor(nowMs())
      const monotonic = monotonicMs()
      if (monotonic - entry.loggedMs < LOG_EVERY_MS) return
      entry.loggedMs = monotonic
      entry.sample = sample.slice(0, MAX_SAMPLE_LENGTH)
      log({ reason, count: entry.count, sample: entry.sample })
    },
    list: () =>
      [...byReason].map(([reason, { count, lastMs, sample }]) => ({ reason, count, lastMs, sample })),
  }
}
