import type { Evidence } from '@clearlane/protocol'
import type { Language } from './language.ts'
import { localeOf, translated } from './language.ts'

/** What a gateway gives as its reason. */
const REASONS = translated(
  {
    'the field left the empty band': '磁场超过有车线',
    'the field is back in the empty band': '磁场回到无车范围',
    'the sensor says so itself': '地磁自己判断',
    'not calibrated: its empty field is not known': '尚未标定，不知道无车时的磁场',
    'not heard for longer than its silence limit': '太久没有上报',
    'the device still holds what it saw since': '地磁恢复后还有数据没传完',
    'a late reading shows that it was not so': '迟到的数据表明并非如此',
    'its gateway no longer holds it open': '网关已不再保留此事件',
  },
  {
    'the field left the empty band': 'the field left the empty band',
    'the field is back in the empty band': 'the field is back in the empty band',
    'the sensor says so itself': 'the sensor says so itself',
    'not calibrated: its empty field is not known': 'not calibrated: its empty field is not known',
    'not heard for longer than its silence limit': 'not heard for longer than its silence limit',
    'the device still holds what it saw since': 'the device still holds what it saw since',
    'a late reading shows that it was not so': 'a late reading shows that it was not so',
    'its gateway no longer holds it open': 'its gateway no longer holds it open',
  },
)
const isKnown = (reason: string): reason is keyof typeof REASONS.en => reason in REASONS.en

/** A reason in the reader's language; one that is not known here is shown as it came. */
export const toReason = (reason: string, language: Language): string =>
  isKnown(reason) ? REASONS[language][reason] : reason

const MICROTESLA = { minimumFractionDigits: 1, maximumFractionDigits: 1 } as const

/** A length of a field, given in nT. */
export const toField = (nt: number, language: Language): string =>
  `${(nt / 1000).toLocaleString(localeOf(language), MICROTESLA)} µT`

/** The three axes of a field, given in nT. */
export const toAxes = (field: NonNullable<Evidence['after']>, language: Language): string =>
  `${field.map((nt) => (nt / 1000).toLocaleString(localeOf(language), MICROTESLA)).join(' / ')} µT`
