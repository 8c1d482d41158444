import type { Layout } from '@clearlane/protocol'
import { fieldsOf, isSame } from './difference.ts'
import type { Kind } from './edits.ts'

/** What two people have both changed; mine stands. Without a field it is the whole thing: one took it out. */
export type Clash = { readonly of: Kind | 'site'; readonly id: string; readonly field: string | undefined }
export type Rebased = { readonly layout: Layout; readonly clashes: readonly Clash[] }

type Fields = Readonly<Record<string, unknown>>
type Thing = Fields & { readonly id: string }

/**
 * What I have changed of `base`, put onto what others have made of it meanwhile. Fields are taken one by one, so two
 * people may work on one slot; where both changed the same field, mine stands and is named.
 */
export const rebase = (base: Layout, mine: Layout, theirs: Layout): Rebased => {
  const clashes: Clash[] = []
  const things = <T extends Thing>(
    of: Kind,
    was: readonly T[],
    own: readonly T[],
    their: readonly T[],
  ): T[] => rebaseThings(was, own, their, (id, field) => clashes.push({ of, id, field }))
  const layout = {
    ...mergeFields(fieldsOf(base), fieldsOf(mine), theirs, (field) =>
      clashes.push({ of: 'site', id: theirs.site, field }),
    ),
    lanes: things('lanes', base.lanes, mine.lanes, theirs.lanes),
    sections: things('sections', base.sections, mine.sections, theirs.sections),
    slots: things('slots', base.slots, mine.slots, theirs.slots),
  }
  return { layout, clashes }
}

const rebaseThings = <T extends Thing>(
  base: readonly T[],
  mine: readonly T[],
  theirs: readonly T[],
  clash: (id: string, field: string | undefined) => void,
): T[] => {
  const before = new Map(base.map((thing) => [thing.id, thing]))
  const own = new Map(mine.map((thing) => [thing.id, thing]))
  const there = new Set(theirs.map(({ id }) => id))
  const kept = theirs.flatMap((their) => {
    const [was, changed] = [before.get(their.id), own.get(their.id)]
    if (changed !== undefined)
      return [mergeFields(was ?? {}, changed, their, (field) => clash(their.id, field))]
    if (was === undefined) return [their]
    if (!isSame(was, their)) clash(their.id, undefined)
    return []
  })
  // What I added, and what I changed although they took it out.
  const added = mine.filter((thing) => !there.has(thing.id) && !isSame(before.get(thing.id), thing))
  for (const { id } of added) if (before.has(id)) clash(id, undefined)
  return [...kept, ...added]
}

const mergeFields = <T extends Fields>(
  was: Fields,
  own: Fields,
  their: T,
  clash: (field: string) => void,
): T => {
  const changed = [...new Set([...Object.keys(was), ...Object.keys(own)])].filter(
    (field) => !isSame(was[field], own[field]),
  )
  for (const field of changed)
    if (!isSame(was[field], their[field]) && !isSame(own[field], their[field])) clash(field)
  return changed.length === 0
    ? their
    : { ...their, ...Object.fromEntries(changed.map((field) => [field, own[field]])) }
}
