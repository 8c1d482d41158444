/** What was refused, by reason, with one sample each; handed to the log at most once a minute per reason. */
export type Refusals = {
  refuse(reason: string, sample: string): void
  list(): { readonly reason: string; readonly count: number; readonly sample: string }[]
}

const LOG_EVERY_MS = 60_000
const MAX_SAMPLE_LENGTH = 300

export const createRefusals = (
  nowMs: () => number,
  log: (fields: { readonly reason: string; readonly count: number; readonly sample: string }) => void,
): Refusals => {
  const entries = new Map<string, { count: number; sample: string; loggedMs: number }>()
  return {
    refuse: (reason, sample) => {
      const entry = entries.get(reason) ?? { count: 0, sample: '', loggedMs: Number.NEGATIVE_INFINITY }
      entries.set(reason, entry)
      entry.count++
      if (nowMs() - entry.loggedMs < LOG_EVERY_MS) return
      entry.loggedMs = nowMs()
      entry.sample = sample.slice(0, MAX_SAMPLE_LENGTH)
      log({ reason, count: entry.count, sample: entry.sample })
    },
    list: () => [...entries].map(([reason, { count, sample }]) => ({ reason, count, sample })),
  }
}
