import type { MetricTable } from '@clearlane/protocol'
import { expect } from 'vitest'

/** Prometheus' text format, read strictly: every line has to be of one of its kinds. */
export type Family = { readonly kind: string; readonly help: string; readonly samples: readonly Sample[] }
export type Sample = {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\\n]|\\["\\n])*)"/g
const SAMPLE = /^([a-zA-Z_:][\w:]*)(?:\{((?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (\S+)$/
const PARTS_OF_HISTOGRAM = /_(bucket|sum|count)$/

export const parseMetrics = (text: string): ReadonlyMap<string, Family> => {
  const families = new Map<string, { kind: string; help: string; samples: Sample[] }>()
  for (const line of text.split('\n')) {
    if (line === '') continue
    const [, comment, name, rest] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? []
    if (comment === 'HELP') families.set(name!, { kind: '', help: rest!, samples: [] })
    else if (comment === 'TYPE') families.get(name!)!.kind = rest!
    else {
      const [, sample, labels = '', value] = SAMPLE.exec(line) ?? expect.unreachable(`no sample: ${line}`)
      const family = families.get(sample!) ?? families.get(sample!.replace(PARTS_OF_HISTOGRAM, ''))
      expect(family, `${sample} has no type`).toBeDefined()
      family!.samples.push({
        name: sample!,
        labels: Object.fromEntries([...labels.matchAll(LABEL)].map((match) => [match[1]!, match[2]!])),
        value: Number(value),
      })
    }
  }
  return families
}

export type Scrape = {
  readonly text: string
  readonly families: ReadonlyMap<string, Family>
  /** The value of the one sample with these labels, among others. */
  value(name: string, labels?: Readonly<Record<string, string>>): number | undefined
}

export const scrape = async (port: number): Promise<Scrape> => {
  const response = await fetch(`http://127.0.0.1:${port}/metrics`)
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
  const text = await response.text()
  const families = parseMetrics(text)
  return {
    text,
    families,
    value: (name, labels = {}) =>
      (families.get(name) ?? families.get(name.replace(PARTS_OF_HISTOGRAM, '')))?.samples.find(
        (sample) =>
          sample.name === name &&
          Object.entries(labels).every(([label, held]) => sample.labels[label] === held),
      )?.value,
  }
}

/** Everything that the table has is exposed as it says, and nothing else. */
export const expectTable = ({ families }: Scrape, table: MetricTable): void => {
  expect([...families.keys()]).toEqual(Object.keys(table))
  for (const [name, { kind, help, labels = {} }] of Object.entries(table)) {
    const family = families.get(name)!
    expect(family).toMatchObject({ kind, help })
    for (const sample of family.samples) {
      expect(Object.keys(sample.labels).filter((label) => label !== 'le')).toEqual(Object.keys(labels))
      expect(sample.value, JSON.stringify(sample)).toBeGreaterThanOrEqual(0)
    }
  }
}
