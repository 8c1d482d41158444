import type { Transition } from '@clearlane/protocol'
import { translated } from './language.ts'

/** What happened to an episode, the same on every screen. */
export const TRANSITION_WORDS = translated(
  {
    detected: '发现',
    confirmed: '告警',
    escalated: '升级',
    cleared: '已清空',
    passed: '未到判定时长已离开',
    voided: '已撤销',
    extended: '扩大到别的路段',
    unobserved: '失去监测',
    resumed: '恢复监测',
    'ended-by-hand': '人工结束',
  },
  {
    detected: 'Detected',
    confirmed: 'Alarm',
    escalated: 'Escalated',
    cleared: 'Cleared',
    passed: 'Left before the dwell',
    voided: 'Withdrawn',
    extended: 'Grew to another section',
    unobserved: 'No longer observed',
    resumed: 'Observed again',
    'ended-by-hand': 'Ended by hand',
  },
)

/** One sign for each, for places where a word has no room; the word stands beside or below. */
export const TRANSITION_SHAPES: Readonly<Record<Transition, string>> = {
  detected: '▲',
  confirmed: '■',
  escalated: '⬆',
  cleared: '✓',
  passed: '✓',
  voided: '✗',
  extended: '↔',
  unobserved: '?',
  resumed: '↻',
  'ended-by-hand': '✓',
}
