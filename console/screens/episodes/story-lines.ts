import type { EpisodeDetail, EpisodeEvent, Seen } from '@clearlane/protocol'

export type StoryLine = { readonly atMs: number; readonly key: string } & (
  { readonly kind: 'event'; readonly event: EpisodeEvent } | { readonly kind: 'seen'; readonly seen: Seen }
)

/** Events and who has seen it, in order of time; of one moment in order of revision. An undated event stands when it came. */
export const toStory = ({ events, seen }: Pick<EpisodeDetail, 'events' | 'seen'>): StoryLine[] =>
  [
    ...[...events]
      .sort((a, b) => a.event.episode.revision - b.event.episode.revision)
      .map(({ event, receivedMs }) => ({
        kind: 'event' as const,
        key: `${event.episode.revision} ${event.transition}`,
        atMs: event.atMs ?? receivedMs,
        event,
      })),
    ...seen.map((one) => ({
      kind: 'seen' as const,
      key: `${one.by} ${one.atMs}`,
      atMs: one.atMs,
      seen: one,
    })),
  ].sort((a, b) => a.atMs - b.atMs)
