import { CalibrationSchema } from '@clearlane/protocol'
import type { Language } from '../../words/language.ts'
import { useLanguage, useWords } from '../../words/language.ts'
import { toMoment } from '../../words/time.ts'
import type { Difference, FieldChange } from './difference.ts'
import { CHANGE_WORDS, KIND_WORDS, WORDS } from './words.ts'

const MAX_SHOWN = 100
const SHAPES = { added: '+', removed: '−', changed: '≠' } as const
const OF_WORD = { lanes: 'lane', sections: 'section', slots: 'slot', site: 'site' } as const
const FIELD_WORD: Readonly<Record<string, keyof (typeof WORDS)['zh']>> = {
  name: 'name',
  timeZone: 'timeZone',
  plan: 'plan',
  kind: 'kind',
  lengthM: 'lengthM',
  headingDegrees: 'headingDegrees',
  path: 'path',
  lane: 'ofLane',
  fromM: 'fromM',
  toM: 'toM',
  gateway: 'gateway',
  section: 'ofSection',
  offsetM: 'offsetM',
  device: 'device',
  calibration: 'calibration',
}

/** What was added, removed and changed, thing by thing, in people's words. */
export const DifferenceList = ({ differences }: { readonly differences: readonly Difference[] }) => {
  const words = useWords(WORDS)
  const changes = useWords(CHANGE_WORDS)
  if (differences.length === 0) return <p>{words.noDifference}</p>
  return (
    <ul className="differences" data-testid="differences">
      {differences.slice(0, MAX_SHOWN).map((one) => (
        <li key={`${one.of} ${one.id}`} data-change={one.change} data-id={one.id}>
          <b>
            <span aria-hidden="true">{SHAPES[one.change]}</span> {changes[one.change]}
          </b>{' '}
          {words[OF_WORD[one.of]]} <bdi>{one.name}</bdi>
          {one.change === 'changed' && (
            <ul>
              {one.fields.map((field) => (
                <FieldLine key={field.field} change={field} />
              ))}
            </ul>
          )}
        </li>
      ))}
      {differences.length > MAX_SHOWN && (
        <li>
          {words.more} {differences.length - MAX_SHOWN} {words.moreChanges}
        </li>
      )}
    </ul>
  )
}

const FieldLine = ({ change: { field, before, after } }: { readonly change: FieldChange }) => {
  const words = useWords(WORDS)
  const language = useLanguage()
  const word = FIELD_WORD[field]
  return (
    <li>
      {word === undefined ? field : words[word]}
      {': '}
      <bdi>{toValueText(field, before, language)}</bdi> → <bdi>{toValueText(field, after, language)}</bdi>
    </li>
  )
}

const toValueText = (field: string, value: unknown, language: Language): string => {
  if (value === undefined || value === '') return '–'
  if (field === 'kind' && typeof value === 'string' && value in KIND_WORDS[language])
    return new Map<string, string>(Object.entries(KIND_WORDS[language])).get(value) ?? value
  const calibration = CalibrationSchema.safeParse(value)
  if (calibration.success) {
    const { xNt, yNt, zNt, temperatureC, atMs } = calibration.data
    return `${toMicrotesla([xNt, yNt, zNt])}, ${temperatureC} °C, ${toMoment(atMs, language)}`
  }
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** Axes of a field as people read them. */
export const toMicrotesla = (axesNt: readonly number[]): string =>
  `${axesNt.map((nT) => (nT / 1000).toFixed(1)).join(' / ')} µT`
