import type { Layout } from '@clearlane/protocol'

const SLOTS_PER_SECTION = 2
const SECTIONS_PER_LANE = 4
const SECTION_M = 8
const FIRST_SLOT_M = 2
const BETWEEN_SLOTS_M = 4

export const toGeneratedDevice = (slot: number): string => `70b3d57e${slot.toString(16).padStart(8, '0')}`

/** An estate of any size, uncalibrated: two sensors in each section of eight metres, four sections in each lane. */
export const generateLayout = (site: string, gateway: string, slots: number): Layout => {
  const sections = Math.ceil(slots / SLOTS_PER_SECTION)
  return {
    v: 1,
    site,
    name: site,
    version: 1,
    timeZone: 'Asia/Shanghai',
    lanes: Array.from({ length: Math.ceil(sections / SECTIONS_PER_LANE) }, (_, lane) => ({
      id: `l${lane}`,
      name: `${lane}`,
      kind: 'fire-lane' as const,
      lengthM: SECTIONS_PER_LANE * SECTION_M,
    })),
    sections: Array.from({ length: sections }, (_, section) => ({
      id: `s${section}`,
      name: `${section}`,
      lane: `l${Math.floor(section / SECTIONS_PER_LANE)}`,
      fromM: (section % SECTIONS_PER_LANE) * SECTION_M,
      toM: ((section % SECTIONS_PER_LANE) + 1) * SECTION_M,
      gateway,
    })),
    slots: Array.from({ length: slots }, (_, slot) => ({
      id: `p${slot}`,
      section: `s${Math.floor(slot / SLOTS_PER_SECTION)}`,
      offsetM:
        (Math.floor(slot / SLOTS_PER_SECTION) % SECTIONS_PER_LANE) * SECTION_M +
        FIRST_SLOT_M +
        (slot % SLOTS_PER_SECTION) * BETWEEN_SLOTS_M,
      device: toGeneratedDevice(slot),
    })),
  }
}
