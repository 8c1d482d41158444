import type { Episode, GatewayEvent, LanEpisodeMessage, LanSectionMessage, Layout } from '@clearlane/protocol'
import { isOpen, toSectionState } from '@clearlane/protocol'
import type { Decide } from '../decide-port.ts'

/**
 * The estate as its events tell it, for those on the box. Each event touches a few sections, and only these are looked
 * at again: on a small machine ten thousand slots are too many to compare at every change.
 */
export type EstateView = {
  /** Takes a new layout, and gives every section that it has or had. */
  configure(layout: Layout): string[]
  take(event: GatewayEvent): Touched
  /** Undefined where there is no such section at this gateway. */
  section(id: string): LanSectionMessage | undefined
  episode(id: string): LanEpisodeMessage | undefined
  /** What is told of an ended one has been told. */
  forgetEpisode(id: string): void
  sections(): string[]
  episodes(): string[]
}
export type Touched = { readonly sections: readonly string[]; readonly episode?: string | undefined }

type Place = Pick<LanSectionMessage, 'name' | 'lane' | 'laneName'> & { readonly slots: readonly string[] }
type Known = Pick<ReturnType<Decide['active']>['slots'][number], 'presence' | 'sinceMs'>

export const createEstateView = (
  gateway: string,
  { episodes, slots }: Pick<ReturnType<Decide['active']>, 'episodes' | 'slots'>,
): EstateView => {
  let places = new Map<string, Place>()
  const known = new Map<string, Known>(slots.map(({ slot, ...rest }) => [slot, rest]))
  const told = new Map<string, LanEpisodeMessage>()
  const openOf = new Map<string, Episode>()
  const keep = (message: LanEpisodeMessage): readonly string[] => {
    const { episode } = message
    const before = told.get(episode.id)?.episode.sections ?? []
    told.set(episode.id, message)
    for (const section of before) if (openOf.get(section)?.id === episode.id) openOf.delete(section)
    if (isOpen(episode)) for (const section of episode.sections) openOf.set(section, episode)
    return [...new Set([...before, ...episode.sections])]
  }
  for (const episode of episodes) keep({ v: 1, episode })

  return {
    configure: (layout) => {
      const before = [...places.keys()]
      const laneNames = new Map(layout.lanes.map(({ id, name }) => [id, name]))
      const slotsOf = Map.groupBy(layout.slots, (slot) => slot.section)
      places = new Map(
        layout.sections
          .filter((section) => section.gateway === gateway)
          .map(({ id, name, lane }) => [
            id,
            {
              name,
              lane,
              laneName: laneNames.get(lane) ?? lane,
              slots: (slotsOf.get(id) ?? []).map((slot) => slot.id),
            },
          ]),
      )
      return [...new Set([...before, ...places.keys()])]
    },
    take: (event) => {
      switch (event.kind) {
        case 'episode':
          return {
            sections: keep({ v: 1, transition: event.transition, episode: event.episode }),
            episode: event.episode.id,
          }
        case 'presence': {
          const { slot, presence, sinceMs, section } = event
          known.set(slot, { presence, ...(sinceMs !== undefined && { sinceMs }) })
          return { sections: [section] }
        }
        case 'correction':
          return { sections: [] }
      }
    },
    section: (id) => {
      const place = places.get(id)
      if (place === undefined) return undefined
      const own = place.slots.map((slot) => ({
        slot,
        ...(known.get(slot) ?? { presence: 'unknown' as const }),
      }))
      const episode = openOf.get(id)
      const state = toSectionState({
        isGatewayHeard: true,
        presences: own.map(({ presence }) => presence),
        episode,
      })
      return {
        v: 1,
        section: id,
        ...place,
        state,
        ...(episode !== undefined && { episode: episode.id }),
        slots: own,
      }
    },
    episode: (id) => told.get(id),
    forgetEpisode: (id) => {
      const message = told.get(id)
      if (message !== undefined && !isOpen(message.episode)) told.delete(id)
    },
    sections: () => [...places.keys()],
    episodes: () => [...told.keys()],
  }
}
