/** Turns for a few at a time, behind a line of bounded length and patience. */
export type Turns = {
  /** `full` when the line is, or did not move in time; `left` when whoever waited has gone. */
  take(signal: AbortSignal): Promise<'granted' | 'full' | 'left'>
  /** Gives a granted turn to the first in the line. */
  leave(): void
  /** How many have a turn or wait for one. */
  count(): number
}

export type TurnsOptions = {
  readonly atOnce: number
  readonly maxWaiting: number
  readonly patienceMs: number
}

export const createTurns = ({ atOnce, maxWaiting, patienceMs }: TurnsOptions): Turns => {
  let taken = 0
  const line = new Set<() => void>()
  return {
    take: async (signal) => {
      if (signal.aborted) return 'left'
      if (taken < atOnce) {
        taken++
        return 'granted'
      }
      if (line.size >= maxWaiting) return 'full'
      const { promise, resolve } = Promise.withResolvers<'granted' | 'full' | 'left'>()
      const grant = (): void => resolve('granted')
      const abort = (): void => resolve('left')
      const timer = setTimeout(resolve, patienceMs, 'full')
      signal.addEventListener('abort', abort)
      line.add(grant)
      // Out of the line at once, so that no turn goes to whoever has left.
      const leaveLine = (): void => {
        line.delete(grant)
        clearTimeout(timer)
        signal.removeEventListener('abort', abort)
      }
      const answer = await promise
      leaveLine()
      return answer
    },
    leave: () => {
      const [first] = line
      if (first === undefined) {
        taken--
        return
      }
      line.delete(first)
      first()
    },
    count: () => taken + line.size,
  }
}
