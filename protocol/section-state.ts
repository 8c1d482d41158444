import type { SectionState } from './api.ts'
import type { Episode } from './episode.ts'
import type { Presence } from './reading.ts'

/**
 * What people are told of a section. Clear needs every slot known to be vacant by a gateway that is heard: whoever
 * cannot see is never told that all is well.
 */
export const toSectionState = (facts: {
  readonly isGatewayHeard: boolean
  readonly presences: readonly Presence[]
  readonly episode: Episode | undefined
}): SectionState => {
  const { isGatewayHeard, presences, episode } = facts
  if (!isGatewayHeard) return 'unobserved'
  if (episode !== undefined) {
    if (episode.unobserved) return 'unobserved'
    return episode.confirmed ? 'blocked' : 'pre-alarm'
  }
  if (presences.length === 0 || presences.includes('unknown')) return 'unobserved'
  // Occupied without an open episode: ended by hand, or its event is still on the way.
  return presences.includes('occupied') ? 'pre-alarm' : 'clear'
}
