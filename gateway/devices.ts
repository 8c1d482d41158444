import type { Layout, LaneRules, RuleSet } from '@clearlane/protocol'
import { rulesOfLane, toShortId } from '@clearlane/protocol'

/** The devices that stand in a slot, what was last heard of each, and the way back to it. */
export type Devices = {
  configure(layout: Layout, rules: RuleSet): void
  find(shortId: number): Device | undefined
  byEui(device: string): Device | undefined
  all(): Iterable<Device>
}
export type Device = {
  readonly device: string
  readonly shortId: number
  readonly slot: string
  readonly section: string
  /** Another gateway decides its section: readings are kept and published, never judged. */
  readonly isForeign: boolean
  readonly rules: LaneRules
  lastHeardMs: number
  batteryMv: number | undefined
  rssiDbm: number | undefined
  /** Sends to the link that heard it last. */
  send: ((bytes: Uint8Array) => void) | undefined
}

export const createDevices = (gateway: string): Devices => {
  let byShortId = new Map<number, Device>()
  let byEui = new Map<string, Device>()
  return {
    configure: (layout, rules) => {
      const before = byEui
      const sections = new Map(layout.sections.map((section) => [section.id, section]))
      byShortId = new Map()
      byEui = new Map()
      for (const slot of layout.slots) {
        const section = sections.get(slot.section)
        if (slot.device === undefined || section === undefined) continue
        const known = before.get(slot.device)
        const device: Device = {
          device: slot.device,
          shortId: toShortId(slot.device),
          slot: slot.id,
          section: section.id,
          isForeign: section.gateway !== gateway,
          rules: rulesOfLane(rules, section.lane),
          lastHeardMs: known?.lastHeardMs ?? 0,
          batteryMv: known?.batteryMv,
          rssiDbm: known?.rssiDbm,
          send: known?.send,
        }
        byShortId.set(device.shortId, device)
        byEui.set(device.device, device)
      }
    },
    find: (shortId) => byShortId.get(shortId),
    byEui: (device) => byEui.get(device),
    all: () => byEui.values(),
  }
}
