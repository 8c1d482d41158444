import { join } from 'node:path'
import type { EpisodeEvent, Layout } from '@clearlane/protocol'
import { openEpisodes } from '@clearlane/platform/episodes/episodes.ts'
import { openSeenBook } from '@clearlane/platform/episodes/seen.ts'

const PER_COMMIT = 1_000
/** One stay every five minutes: 100,000 of them are a year of a large estate. */
const EVERY_MS = 300_000

/**
 * Fills the episodes of a platform that stands still with as many stays that ended before `untilMs`, through the
 * projection itself, as a gateway of long ago would have told them.
 */
export const fillEpisodes = (platformDir: string, layout: Layout, count: number, untilMs: number): void => {
  const seenBook = openSeenBook(join(platformDir, 'seen.sqlite'))
  const episodes = openEpisodes(join(platformDir, 'episodes.sqlite'), seenBook, () => undefined)
  for (let first = 0; first < count; first += PER_COMMIT) {
    const rows = Array.from({ length: Math.min(PER_COMMIT, count - first) }, (_, index) =>
      toEnded(layout, first + index, untilMs),
    )
    const entry = {
      position: first + 1,
      site: layout.site,
      gateway: 'gw-old',
      epoch: 'old',
      channel: 'events' as const,
      first: first + 1,
      last: first + rows.length,
      receivedMs: untilMs,
      text: JSON.stringify(rows),
    }
    // What stands in the platform's log is no further along for this.
    episodes.apply([entry], episodes.cursor())
  }
  episodes.close()
  seenBook.close()
}

const toEnded = ({ sections }: Layout, index: number, untilMs: number): EpisodeEvent => {
  const section = sections[index % sections.length]!
  const detectedMs = untilMs - (index + 2) * EVERY_MS
  const endedMs = detectedMs + 60_000 + (index % 7) * 30_000
  const confirmed = index % 3 !== 0
  return {
    kind: 'episode',
    transition: confirmed ? 'cleared' : 'passed',
    atMs: endedMs,
    decidedMs: endedMs,
    evidence: [],
    episode: {
      id: `old-${index}`,
      revision: 1,
      lane: section.lane,
      sections: [section.id],
      suspect: 'vehicle',
      detectedMs,
      confirmed,
      ...(confirmed && { confirmedMs: detectedMs + 30_000 }),
      unobserved: false,
      end: confirmed ? 'cleared' : 'passed',
      endedMs,
      rulesVersion: 1,
      layoutVersion: 1,
    },
  }
}
