/**
 * Many due times, one timer: a binary heap by due time. A key that moves later is left where it is and moved when
 * it comes up, since most timers (silence) are postponed again and again and never fire.
 */
export type TimerHeap<Key> = {
  /** The key is due at `dueMs`; a later call replaces an earlier one. Infinity takes it out. */
  set(key: Key, dueMs: number): void
  /** The earliest due time, or Infinity. It may be early by keys that were postponed. */
  nextMs(): number
  /** Takes out a key that is due at or before `nowMs`. */
  takeDue(nowMs: number): { readonly key: Key; readonly dueMs: number } | undefined
  size(): number
}

export const createTimerHeap = <Key>(): TimerHeap<Key> => {
  /** What each key is due at now; the heap may hold older, earlier entries of it. */
  const dueOf = new Map<Key, { dueMs: number; queuedMs: number }>()
  const keys: Key[] = []
  const times: number[] = []

  const siftUp = (from: number): void => {
    const key = keys[from]!
    const time = times[from]!
    let at = from
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (times[parent]! <= time) break
      keys[at] = keys[parent]!
      times[at] = times[parent]!
      at = parent
    }
    keys[at] = key
    times[at] = time
  }

  const popRoot = (): void => {
    const key = keys.pop()!
    const time = times.pop()!
    if (keys.length === 0) return
    let at = 0
    for (;;) {
      const left = 2 * at + 1
      if (left >= keys.length) break
      const child = left + 1 < keys.length && times[left + 1]! < times[left]! ? left + 1 : left
      if (times[child]! >= time) break
      keys[at] = keys[child]!
      times[at] = times[child]!
      at = child
    }
    keys[at] = key
    times[at] = time
  }

  const push = (key: Key, dueMs: number): void => {
    keys.push(key)
    times.push(dueMs)
    siftUp(keys.length - 1)
  }

  return {
    set: (key, dueMs) => {
      const entry = dueOf.get(key)
      if (dueMs === Number.POSITIVE_INFINITY) {
        if (entry !== undefined) entry.dueMs = dueMs
        return
      }
      if (entry === undefined) {
        dueOf.set(key, { dueMs, queuedMs: dueMs })
        push(key, dueMs)
        return
      }
      entry.dueMs = dueMs
      if (dueMs < entry.queuedMs) {
        entry.queuedMs = dueMs
        push(key, dueMs)
      }
    },
    nextMs: () => times[0] ?? Number.POSITIVE_INFINITY,
    takeDue: (nowMs) => {
      while (times.length > 0 && times[0]! <= nowMs) {
        const key = keys[0]!
        const queuedMs = times[0]!
        popRoot()
        const entry = dueOf.get(key)
        // An entry that a nearer one has overtaken: the nearer one speaks for the key.
        if (entry === undefined || entry.queuedMs !== queuedMs) continue
        if (entry.dueMs <= nowMs) {
          dueOf.delete(key)
          return { key, dueMs: entry.dueMs }
        }
        if (entry.dueMs === Number.POSITIVE_INFINITY) {
          dueOf.delete(key)
        } else {
          entry.queuedMs = entry.dueMs
          push(key, entry.dueMs)
        }
      }
      return undefined
    },
    size: () => dueOf.size,
  }
}
