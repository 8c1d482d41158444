import type { Log, StoredEntry } from './log/log.ts'

/** Something made from the log, which keeps its cursor in the same transaction as its result. */
export type Projection = {
  readonly name: string
  /** The position up to which it has been made, as far as it is known: 0 while nobody could look. */
  cursor(): number
  /** Takes entries in order, and stores them and the new cursor together; when it fails it stores nothing. */
  apply(entries: readonly StoredEntry[], cursor: number): void | Promise<void>
  /** How much it takes at once; what is not said is `MAX_ENTRIES`. */
  readonly slice?: { readonly maxEntries: number; readonly maxBytes: number }
}

const MAX_ENTRIES = 50
const RETRY_MS = 1_000

/**
 * Lets projections follow the log, each at its own pace. A projection that fails holds itself up and nothing else:
 * it is tried again, and ingest and acknowledgement go on. While it works on one slice the next is not read, so one that
 * takes long costs the memory of one slice.
 */
export const followLog = (
  log: Log,
  projections: readonly Projection[],
  onFailure: (name: string, cause: unknown) => void,
) => {
  let isClosed = false
  const waiting = new Map<string, () => void>()
  const wake = (): void => {
    for (const resume of waiting.values()) resume()
    waiting.clear()
  }
  const follow = async (projection: Projection): Promise<void> => {
    while (!isClosed) {
      const cursor = projection.cursor()
      if (cursor >= log.position()) {
        await new Promise<void>((resolve) => waiting.set(projection.name, resolve))
        continue
      }
      try {
        const { maxEntries = MAX_ENTRIES, maxBytes } = projection.slice ?? {}
        const entries = await log.read(cursor, maxEntries, undefined, maxBytes)
        if (isClosed) return
        const last = entries.at(-1)
        if (last !== undefined) await projection.apply(entries, last.position)
      } catch (cause) {
        if (isClosed) return
        onFailure(projection.name, cause)
        await new Promise<void>((resolve) => setTimeout(resolve, RETRY_MS).unref())
      }
      // Between two slices the live feed and the API have their turn.
      await new Promise<void>((resolve) => setImmediate(resolve))
    }
  }
  const running = Promise.all(projections.map(follow))
  return {
    wake,
    close: async (): Promise<void> => {
      isClosed = true
      wake()
      await running
    },
  }
}
