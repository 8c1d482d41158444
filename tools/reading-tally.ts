/** Whether each reading was said and how often it is stored, in a byte each: a day of a large estate is millions. */
export type ReadingTally = {
  /** Saying it again is no other reading. */
  sent(key: ReadingKey): void
  /** Stored before it was said is stored and never sent. */
  stored(key: ReadingKey): void
  counts(): ReadingCounts
}
export type ReadingKey = { readonly device: string; readonly boot: number; readonly seq: number }
export type ReadingCounts = {
  readonly sent: number
  readonly stored: number
  readonly missing: number
  readonly duplicated: number
  /** Stored, and never sent. */
  readonly unknown: number
}

const FIRST_LENGTH = 256
const MAX_COUNT = 255

export const createReadingTally = (): ReadingTally => {
  /** For each boot of a device by sequence: 0 never sent, otherwise one more than it was stored. */
  const boots = new Map<string, Uint8Array>()
  const strangers = new Map<string, number>()
  const bootOf = ({ device, boot }: ReadingKey): string => `${device}/${boot}`

  return {
    sent: (key) => {
      let marks = boots.get(bootOf(key)) ?? new Uint8Array(FIRST_LENGTH)
      if (key.seq >= marks.length) {
        const longer = new Uint8Array(2 * key.seq)
        longer.set(marks)
        marks = longer
      }
      boots.set(bootOf(key), marks)
      marks[key.seq] ||= 1
    },
    stored: (key) => {
      const marks = boots.get(bootOf(key))
      const mark = marks?.[key.seq] ?? 0
      if (marks !== undefined && mark > 0) {
        marks[key.seq] = Math.min(MAX_COUNT, mark + 1)
      } else {
        const name = `${bootOf(key)}/${key.seq}`
        strangers.set(name, (strangers.get(name) ?? 0) + 1)
      }
    },
    counts: () => {
      const counts = { sent: 0, stored: 0, missing: 0, duplicated: 0, unknown: strangers.size }
      const add = (stored: number): void => {
        counts.stored += stored
        counts.duplicated += Math.max(0, stored - 1)
      }
      for (const marks of boots.values()) {
        for (const mark of marks) {
          if (mark === 0) continue
          counts.sent++
          if (mark === 1) counts.missing++
          add(mark - 1)
        }
      }
      for (const stored of strangers.values()) add(stored)
      return counts
    },
  }
}
