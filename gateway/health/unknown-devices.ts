import type { UnknownDevice } from '@clearlane/protocol'

/** Devices that are heard but stand in no slot. Bounded: the ones heard least recently make room. */
export type UnknownDevices = {
  hear(
    heard: {
      readonly shortId: number
      readonly device: string | undefined
      readonly link: string
      readonly rssiDbm?: number | undefined
    },
    nowMs: number,
  ): void
  forget(shortId: number): void
  list(): UnknownDevice[]
  /** Unknown devices heard since start; one that made room and came back counts again. */
  count(): number
}

const MAX_KEPT = 1_000
const MAX_LISTED = 200

export const createUnknownDevices = (): UnknownDevices => {
  const kept = new Map<number, UnknownDevice>()
  let count = 0
  return {
    hear: ({ shortId, device, link, rssiDbm }, nowMs) => {
      const known = kept.get(shortId)
      kept.delete(shortId)
      if (known === undefined) count++
      const eui = device ?? known?.device
      const strength = rssiDbm ?? known?.rssiDbm
      kept.set(shortId, {
        shortId,
        ...(eui !== undefined && { device: eui }),
        link,
        count: (known?.count ?? 0) + 1,
        ...(strength !== undefined && { rssiDbm: strength }),
        firstHeardMs: known?.firstHeardMs ?? nowMs,
        lastHeardMs: nowMs,
      })
      const [oldest] = kept.keys()
      if (kept.size > MAX_KEPT && oldest !== undefined) kept.delete(oldest)
    },
    forget: (shortId) => {
      kept.delete(shortId)
    },
    // Who has said hello can be bound, so they come first.
    list: () =>
      [...kept.values()]
        .sort(
          (a, b) =>
            Number(b.device !== undefined) - Number(a.device !== undefined) || b.lastHeardMs - a.lastHeardMs,
        )
        .slice(0, MAX_LISTED),
    count: () => count,
  }
}
