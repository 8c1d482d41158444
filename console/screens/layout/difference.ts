import type { Layout } from '@clearlane/protocol'
import type { Kind } from './edits.ts'

export type FieldChange = { readonly field: string; readonly before: unknown; readonly after: unknown }
/** What one layout has that another has not, thing by thing. `site` stands for the fields of the layout itself. */
export type Difference =
  | { readonly change: 'added' | 'removed'; readonly of: Kind; readonly id: string; readonly name: string }
  | {
      readonly change: 'changed'
      readonly of: Kind | 'site'
      readonly id: string
      readonly name: string
      readonly fields: readonly FieldChange[]
    }

type Thing = Readonly<Record<string, unknown>> & { readonly id: string; readonly name?: unknown }
export const KINDS = ['lanes', 'sections', 'slots'] as const satisfies readonly Kind[]

export const diffLayouts = (before: Layout, after: Layout): Difference[] => [
  ...changed('site', { ...fieldsOf(before), id: before.site }, { ...fieldsOf(after), id: after.site }),
  ...KINDS.flatMap((kind) => diffThings(kind, before[kind], after[kind])),
]

/** True where one part of a layout says the same as another. */
export const isSame = (a: unknown, b: unknown): boolean => {
  if (Object.is(a, b)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const [left, right] = [
    new Map<string, unknown>(Object.entries(a)),
    new Map<string, unknown>(Object.entries(b)),
  ]
  return [...new Set([...left.keys(), ...right.keys()])].every((key) => isSame(left.get(key), right.get(key)))
}

/** The layout's own fields; its version is not one of them: every saved layout has another. */
export const fieldsOf = (layout: Layout): Readonly<Record<string, unknown>> => {
  const { lanes: _lanes, sections: _sections, slots: _slots, version: _version, ...fields } = layout
  return fields
}

const diffThings = (of: Kind, before: readonly Thing[], after: readonly Thing[]): Difference[] => {
  if (before === after) return []
  const known = new Map(before.map((thing) => [thing.id, thing]))
  const left = new Map(after.map((thing) => [thing.id, thing]))
  const removed = before.filter(({ id }) => !left.has(id))
  return [
    ...removed.map((thing) => ({ change: 'removed', of, id: thing.id, name: nameOf(thing) }) as const),
    ...after.flatMap((thing): Difference[] => {
      const was = known.get(thing.id)
      if (was === undefined) return [{ change: 'added', of, id: thing.id, name: nameOf(thing) }]
      return was === thing ? [] : changed(of, was, thing)
    }),
  ]
}

const changed = (of: Kind | 'site', before: Thing, after: Thing): Difference[] => {
  const fields = [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((field) =>
    isSame(before[field], after[field]) ? [] : [{ field, before: before[field], after: after[field] }],
  )
  return fields.length === 0 ? [] : [{ change: 'changed', of, id: after.id, name: nameOf(after), fields }]
}

const nameOf = ({ id, name }: Thing): string => (typeof name === 'string' && name !== '' ? name : id)
