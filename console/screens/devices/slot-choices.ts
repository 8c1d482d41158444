import type { Layout } from '@clearlane/protocol'

export type SlotChoice = {
  readonly slot: string
  readonly laneName: string
  readonly sectionName: string
  /** The device that would have to make room. */
  readonly device: string | undefined
}

/** Nobody reads further; a part of the name leads there. */
const MAX_CHOICES = 60

/** The slots that a device can go to: empty ones first, else in the layout's order; narrowed by a part of any name. */
export const findSlotChoices = (
  layout: Layout,
  device: string,
  text: string,
): { readonly choices: readonly SlotChoice[]; readonly hasMore: boolean } => {
  const lanes = new Map(layout.lanes.map((lane) => [lane.id, lane.name]))
  const sections = new Map(layout.sections.map((section) => [section.id, section]))
  const wanted = text.trim().toLowerCase()
  const all = layout.slots
    .filter((slot) => slot.device !== device)
    .map((slot) => {
      const section = sections.get(slot.section)
      return {
        slot: slot.id,
        laneName: lanes.get(section?.lane ?? '') ?? '',
        sectionName: section?.name ?? slot.section,
        device: slot.device,
      }
    })
    .filter(({ slot, laneName, sectionName }) =>
      `${slot} ${laneName} ${sectionName}`.toLowerCase().includes(wanted),
    )
  const sorted = [
    ...all.filter((one) => one.device === undefined),
    ...all.filter((one) => one.device !== undefined),
  ]
  return { choices: sorted.slice(0, MAX_CHOICES), hasMore: sorted.length > MAX_CHOICES }
}
