import type { HealthMessage } from '@clearlane/protocol'

type LinkState = HealthMessage['links'][number]

/** Which links are up, since when, and what was last wrong with them. */
export type LinkStates = {
  opened(link: string): void
  lost(link: string, cause: unknown): void
  list(): LinkState[]
}

export const createLinkStates = (
  links: readonly string[],
  nowMs: () => number,
  onChange: (state: LinkState) => void,
): LinkStates => {
  const states = new Map<string, LinkState>(
    links.map((id) => [id, { id, state: 'down', sinceMs: nowMs(), detail: 'not opened yet' }]),
  )
  const set = (next: LinkState): void => {
    const before = states.get(next.id)
    const isChange = before?.state !== next.state
    states.set(next.id, isChange ? next : { ...next, sinceMs: before.sinceMs })
    if (isChange || before.detail === 'not opened yet') onChange(next)
  }
  return {
    opened: (id) => set({ id, state: 'up', sinceMs: nowMs() }),
    lost: (id, cause) =>
      set({
        id,
        state: 'down',
        sinceMs: nowMs(),
        detail: cause instanceof Error ? cause.message : String(cause),
      }),
    list: () => [...states.values()],
  }
}
