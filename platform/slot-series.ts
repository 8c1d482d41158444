import type { Slot, SlotSeries } from '@clearlane/protocol'
import { rulesOfLane } from '@clearlane/protocol'
import type { Documents } from './documents/documents.ts'
import type { Episodes } from './episodes/episodes.ts'
import type { BoundHistory } from './history/bound-history.ts'

export type SlotSeriesQuery = {
  readonly slot: Slot
  readonly fromMs: number
  readonly toMs: number
  readonly points: number
}
export type SlotSeriesParts = {
  readonly documents: Documents
  readonly episodes: Episodes
  readonly history: BoundHistory
  /** Domain time. */
  readonly nowMs: () => number
}

/** What a chart of one slot shows, judged by the rules in force; undefined while the history does not answer. */
export const findSlotSeries = async (
  { documents, episodes, history, nowMs }: SlotSeriesParts,
  { slot, fromMs, toMs, points }: SlotSeriesQuery,
): Promise<SlotSeries | undefined> => {
  const lane = documents.layout().sections.find(({ id }) => id === slot.section)?.lane
  const { silenceAfterMs, onNt, offNt } = rulesOfLane(documents.rules(), lane)
  const series = await history.series({ slot: slot.id, fromMs, toMs, points, silenceAfterMs, nowMs: nowMs() })
  if (series === undefined) return undefined
  return {
    slot: slot.id,
    fromMs,
    toMs,
    ...series,
    presence: [...episodes.presences(slot.id, fromMs, toMs)],
    marks: episodes.marks(slot.section, fromMs, toMs),
    onNt,
    offNt,
  }
}
