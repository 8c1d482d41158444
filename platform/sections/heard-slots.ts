/** When each slot was heard last (domain time), and which of these times the live feed has not told yet. */
export type HeardSlots = {
  hear(slot: string, atMs: number): void
  lastMs(slot: string): number | undefined
  /** At most so many that wait to be told, who waits longest first; they wait no more. */
  take(max: number): Record<string, number>
  /** Nobody listens: whoever comes is told everything at once. */
  forgetWaiting(): void
}

export const createHeardSlots = (): HeardSlots => {
  const heardMs = new Map<string, number>()
  const waiting = new Set<string>()
  return {
    hear: (slot, atMs) => {
      if (atMs <= (heardMs.get(slot) ?? 0)) return
      heardMs.set(slot, atMs)
      waiting.add(slot)
    },
    lastMs: (slot) => heardMs.get(slot),
    take: (max) => {
      const taken = [...waiting].slice(0, max)
      for (const slot of taken) waiting.delete(slot)
      return Object.fromEntries(taken.map((slot) => [slot, heardMs.get(slot) ?? 0]))
    },
    forgetWaiting: () => waiting.clear(),
  }
}
