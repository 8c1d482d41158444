import type { ReactNode } from 'react'
import { useId, useState } from 'react'
import { translated, useWords } from '../words/language.ts'

const WORDS = translated(
  { yourName: '你的名字', yourNameHint: '会写在你做的事旁边，让别人知道是谁' },
  { yourName: 'Your name', yourNameHint: 'Stands beside what you do, so that others know who it was' },
)

/** A field with its name above it, and below it what belongs in it, or what is wrong with what stands in it. */
const Field = ({
  label,
  hint,
  problem,
  children,
}: {
  readonly label: string
  readonly hint?: string | undefined
  readonly problem?: string | undefined
  readonly children: (attributes: {
    readonly id: string
    readonly 'aria-describedby': string
    readonly 'aria-invalid': boolean
  }) => ReactNode
}) => {
  const id = useId()
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children({ id, 'aria-describedby': `${id}-note`, 'aria-invalid': problem !== undefined })}
      <p id={`${id}-note`} aria-live="polite">
        {problem !== undefined && <b className="problem">▲ {problem} </b>}
        <span className="hint">{hint}</span>
      </p>
    </div>
  )
}

type FieldProps<T> = {
  readonly label: string
  readonly hint?: string | undefined
  readonly problem?: string | undefined
  readonly value: T
  readonly onChange: (value: T) => void
  readonly testId?: string
}

export const TextField = ({
  label,
  hint,
  problem,
  value,
  onChange,
  testId,
  maxLength,
}: FieldProps<string> & { readonly maxLength?: number }) => (
  <Field label={label} hint={hint} problem={problem}>
    {(attributes) => (
      <input
        {...attributes}
        type="text"
        dir="auto"
        autoComplete="off"
        value={value}
        maxLength={maxLength}
        data-testid={testId}
        onChange={(event) => onChange(event.target.value)}
      />
    )}
  </Field>
)

/** A number with its unit. What is typed stays as it is typed; text that is no number is NaN. Arrows step it. */
export const NumberField = ({
  label,
  hint,
  problem,
  value,
  onChange,
  testId,
  unit,
  step,
}: FieldProps<number> & { readonly unit: string; readonly step: number }) => {
  const [text, setText] = useState('')
  const shown = Object.is(toNumber(text), value) ? text : Number.isNaN(value) ? '' : String(value)
  const stepBy = (by: number): void =>
    onChange(Number((Math.round(((Number.isNaN(value) ? 0 : value) + by) / step) * step).toFixed(3)))
  return (
    <Field label={`${label} (${unit})`} hint={hint} problem={problem}>
      {(attributes) => (
        <input
          {...attributes}
          type="text"
          inputMode="decimal"
          autoComplete="off"
          value={shown}
          data-testid={testId}
          onChange={(event) => {
            setText(event.target.value)
            onChange(toNumber(event.target.value))
          }}
          onKeyDown={(event) => {
            if (event.key !== 'ArrowUp' && event.key !== 'ArrowDown') return
            event.preventDefault()
            stepBy(event.key === 'ArrowUp' ? step : -step)
          }}
        />
      )}
    </Field>
  )
}

export const ChoiceField = ({
  label,
  hint,
  problem,
  value,
  onChange,
  testId,
  choices,
}: FieldProps<string> & {
  readonly choices: readonly { readonly value: string; readonly label: string }[]
}) => (
  <Field label={label} hint={hint} problem={problem}>
    {(attributes) => (
      <select
        {...attributes}
        value={value}
        data-testid={testId}
        onChange={(event) => onChange(event.target.value)}
      >
        {choices.map((choice) => (
          <option key={choice.value} value={choice.value}>
            {choice.label}
          </option>
        ))}
      </select>
    )}
  </Field>
)

/** A keyboard may write full-width digits, and a decimal comma. */
const toNumber = (text: string): number => {
  const plain = text.normalize('NFKC').replace(',', '.').trim()
  return plain === '' ? Number.NaN : Number(plain)
}

/** Who uses this device: their name stands beside what they do. */
export const WhoField = ({
  who: [name, setName],
}: {
  readonly who: readonly [string, (name: string) => void]
}) => {
  const words = useWords(WORDS)
  return (
    <TextField
      label={words.yourName}
      hint={words.yourNameHint}
      value={name}
      maxLength={200}
      onChange={setName}
      testId="who"
    />
  )
}
