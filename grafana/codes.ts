import { HISTORY_CODES } from '@clearlane/protocol'
import type { ValueMapping } from '@grafana/grafana-foundation-sdk/dashboard'
import { MappingType } from '@grafana/grafana-foundation-sdk/dashboard'
import type { Language } from './language.ts'

/** A code's word in both languages, and its colour where it has one. State words carry their shape, as in the console. */
type CodeWord = { readonly zh: string; readonly en: string; readonly color?: string }
type CodeWords = {
  readonly [Name in keyof typeof HISTORY_CODES]: {
    readonly [Word in (typeof HISTORY_CODES)[Name][number]]: CodeWord
  }
}

export const BLOCKED = '#C4162A'
export const PRE_ALARM = '#E0752D'
export const CLEAR = '#37872D'
export const UNOBSERVED = '#70757D'
const NOTABLE = '#3274D9'

const CODE_WORDS: CodeWords = {
  trigger: {
    period: { zh: '定时', en: 'Period' },
    change: { zh: '变化', en: 'Change' },
    poll: { zh: '查询', en: 'Poll' },
    boot: { zh: '启动', en: 'Boot' },
  },
  clock: {
    device: { zh: '地磁', en: 'Device' },
    gateway: { zh: '网关', en: 'Gateway' },
    unknown: { zh: '未知', en: 'Unknown' },
  },
  presence: {
    vacant: { zh: '● 无车', en: '● Vacant', color: CLEAR },
    occupied: { zh: '■ 有车', en: '■ Occupied', color: BLOCKED },
    unknown: { zh: '? 未监测', en: '? Unknown', color: UNOBSERVED },
  },
  suspect: {
    vehicle: { zh: '机动车', en: 'Vehicle' },
    'two-wheeler': { zh: '电动自行车', en: 'Two-wheeler' },
    unknown: { zh: '未知', en: 'Unknown' },
  },
  transition: {
    detected: { zh: '▲ 发现', en: '▲ Detected', color: PRE_ALARM },
    confirmed: { zh: '■ 告警', en: '■ Alarm', color: BLOCKED },
    escalated: { zh: '⬆ 升级', en: '⬆ Escalated', color: BLOCKED },
    cleared: { zh: '✓ 已清空', en: '✓ Cleared', color: CLEAR },
    passed: { zh: '✓ 未到判定时长已离开', en: '✓ Left before the dwell', color: CLEAR },
    voided: { zh: '✗ 已撤销', en: '✗ Withdrawn', color: UNOBSERVED },
    extended: { zh: '↔ 扩大到别的路段', en: '↔ Grew to another section', color: PRE_ALARM },
    unobserved: { zh: '? 失去监测', en: '? No longer observed', color: UNOBSERVED },
    resumed: { zh: '↻ 恢复监测', en: '↻ Observed again', color: NOTABLE },
    'ended-by-hand': { zh: '✓ 人工结束', en: '✓ Ended by hand', color: NOTABLE },
  },
  sectionState: {
    clear: { zh: '● 畅通', en: '● Clear', color: CLEAR },
    'pre-alarm': { zh: '▲ 预警', en: '▲ Pre-alarm', color: PRE_ALARM },
    blocked: { zh: '■ 占用', en: '■ Blocked', color: BLOCKED },
    unobserved: { zh: '? 未监测', en: '? Unobserved', color: UNOBSERVED },
  },
}

/** The words and colours of a field that holds codes. */
export const toMappings = (name: keyof typeof HISTORY_CODES, language: Language): ValueMapping[] => {
  const words: Readonly<Record<string, CodeWord>> = CODE_WORDS[name]
  const options = HISTORY_CODES[name].flatMap((key, code) => {
    const word = words[key]
    if (word === undefined) return []
    return [[code, { text: word[language], index: code, ...(word.color && { color: word.color }) }]]
  })
  return [{ type: MappingType.ValueToText, options: Object.fromEntries(options) }]
}

/** The code of a word, for a condition. */
export const codeOf = <Name extends keyof typeof HISTORY_CODES>(
  name: Name,
  word: (typeof HISTORY_CODES)[Name][number],
): number => (HISTORY_CODES[name] as readonly string[]).indexOf(word)
