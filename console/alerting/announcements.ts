import type { EpisodeView } from '@clearlane/protocol'
import type { EpisodeStatus } from '../words/states.ts'
import { toStatus } from '../words/states.ts'

export type Announcement = {
  readonly episode: string
  readonly sections: readonly string[]
  readonly status: EpisodeStatus
}

/** What a screen reader is told: episodes whose state is another than before, and no ages, which change all the time. */
export const toAnnouncements = (
  before: ReadonlyMap<string, EpisodeView>,
  now: ReadonlyMap<string, EpisodeView>,
): Announcement[] =>
  [...now].flatMap(([id, view]) => {
    const known = before.get(id)
    const status = toStatus(view)
    if (known === view || (known !== undefined && toStatus(known) === status)) return []
    // One that was over before it was known is history.
    if (known === undefined && view.episode.end !== undefined) return []
    return [{ episode: id, sections: view.episode.sections, status }]
  })
