import type { Layout } from '@clearlane/protocol'

export type Neighbour = { readonly slot: string; readonly section: string; readonly sectionName: string }

/** The other slots of a slot's section, then those of the sections that touch it along the lane, in order of place. */
export const findNeighbours = (layout: Layout, slot: string): Neighbour[] => {
  const own = layout.slots.find(({ id }) => id === slot)
  const section = layout.sections.find(({ id }) => id === own?.section)
  if (section === undefined) return []
  const along = layout.sections
    .filter(({ lane }) => lane === section.lane)
    .sort((a, b) => a.fromM - b.fromM || a.toM - b.toM)
  const place = along.indexOf(section)
  const beside = [along[place - 1], along[place + 1]].filter((one) => one !== undefined)
  return [section, ...beside].flatMap(({ id, name }) =>
    layout.slots
      .filter((one) => one.section === id && one.id !== slot)
      .sort((a, b) => a.offsetM - b.offsetM)
      .map((one) => ({ slot: one.id, section: id, sectionName: name })),
  )
}
