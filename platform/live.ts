import type { LiveEvent } from '@clearlane/protocol'

/** Hands each change to everyone who listens; a listener that does not keep up is dropped, and connects anew. */
export type Live = {
  publish(event: LiveEvent): void
  /** Undefined when there are as many listeners as there may be. */
  listen(listener: LiveListener): (() => void) | undefined
  count(): number
}
/** `send` answers how many bytes the listener still has to take. */
export type LiveListener = { readonly send: (text: string) => number; readonly drop: () => void }

export const MAX_LISTENERS = 1_000
const MAX_WAITING_BYTES = 1024 * 1024

export const createLive = (onDropped: () => void): Live => {
  const listeners = new Set<LiveListener>()
  return {
    publish: (event) => {
      if (listeners.size === 0) return
      const text = JSON.stringify(event)
      for (const listener of listeners) {
        if (listener.send(text) <= MAX_WAITING_BYTES) continue
        listeners.delete(listener)
        listener.drop()
        onDropped()
      }
    },
    listen: (listener) => {
      if (listeners.size >= MAX_LISTENERS) return undefined
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    count: () => listeners.size,
  }
}
