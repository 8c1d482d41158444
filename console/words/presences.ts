import type { Presence } from '@clearlane/protocol'
import { translated } from './language.ts'

/** What is known of one slot. */
export const PRESENCE_WORDS = translated(
  { occupied: '有车', vacant: '无车', unknown: '未知' },
  { occupied: 'Occupied', vacant: 'Vacant', unknown: 'Unknown' },
)

export const PRESENCE_SHAPES: Readonly<Record<Presence, string>> = {
  occupied: '■',
  vacant: '●',
  unknown: '?',
}
