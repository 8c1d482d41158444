import type { EpisodeView, SectionState } from '@clearlane/protocol'
import { translated } from './language.ts'

/** The words for states, the same on every screen. */
export const STATE_WORDS = translated(
  {
    blocked: '占用',
    'pre-alarm': '预警',
    clear: '畅通',
    unobserved: '未监测',
    cleared: '已清空',
    passed: '未到判定时长已离开',
    voided: '已撤销',
    'ended-by-hand': '人工结束',
  },
  {
    blocked: 'Blocked',
    'pre-alarm': 'Pre-alarm',
    clear: 'Clear',
    unobserved: 'Unobserved',
    cleared: 'Cleared',
    passed: 'Left before the dwell',
    voided: 'Withdrawn',
    'ended-by-hand': 'Ended by hand',
  },
)

/** State is shape and word and colour, never colour alone. */
export const SHAPES: Readonly<Record<SectionState, string>> = {
  blocked: '■',
  'pre-alarm': '▲',
  clear: '●',
  unobserved: '?',
}
const ENDED_SHAPE = '✓'

export type EpisodeStatus = SectionState | NonNullable<EpisodeView['episode']['end']>

export const toStatus = ({ episode }: EpisodeView): EpisodeStatus => {
  if (episode.end !== undefined) return episode.end
  if (episode.unobserved) return 'unobserved'
  return episode.confirmed ? 'blocked' : 'pre-alarm'
}

const isSectionState = (status: EpisodeStatus): status is SectionState => status in SHAPES
export const shapeOf = (status: EpisodeStatus): string =>
  isSectionState(status) ? SHAPES[status] : ENDED_SHAPE
/** The name under which a style knows a state: everything that has ended looks alike. */
export const styleOf = (status: EpisodeStatus): string => (isSectionState(status) ? status : 'ended')
