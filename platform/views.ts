import type {
  DeviceView,
  EpisodeView,
  GatewayView,
  HealthMessage,
  LiveEvent,
  SectionView,
  UnknownDevice,
} from '@clearlane/protocol'
import { toSectionState } from '@clearlane/protocol'
import type { Documents } from './documents/documents.ts'
import type { Episodes } from './episodes/episodes.ts'
import type { Live } from './live.ts'
import type { Log } from './log/log.ts'
import { createHeardSlots } from './sections/heard-slots.ts'

/** What people see now: sections and gateways, derived from the projections and from who has been heard lately. */
export type Views = {
  sections(): SectionView[]
  gateways(): GatewayView[]
  /** Every device that stands in a slot, as the gateway that decides its section last spoke of it. */
  devices(): DeviceView[]
  unknownDevices(): (UnknownDevice & { readonly gateway: string })[]
  heardGateway(gateway: string, health: HealthMessage, isRetained: boolean): void
  heardSlot(slot: string, atMs: number): void
  /** Tells the live feed of sections whose slots or episodes changed. */
  tell(slots: readonly string[], episodes: readonly EpisodeView[]): void
  /** Tells the live feed when slots and gateways were heard last, of slots a bounded number at a time. */
  tellHeard(): void
  /** Looks whether a gateway has fallen silent. */
  checkGateways(): void
  hello(): Extract<LiveEvent, { kind: 'hello' }>
}

export type ViewsOptions = {
  readonly site: string
  readonly documents: Documents
  readonly episodes: Episodes
  readonly log: Log
  readonly live: Live
  readonly speed: number
  /** Domain time. */
  readonly nowMs: () => number
  readonly wallMs: () => number
  /** Never steps: who is silent is judged by it. */
  readonly monotonicMs: () => number
}

/** Gateways say how they are every 10 s of wall time; three times unheard is silent. */
export const GATEWAY_SILENT_AFTER_MS = 30_000
const RECENT_EPISODES = 50
/** Some 15 kB: 10,000 slots that all speak are told in 20 turns. */
const MAX_HEARD_SLOTS = 500

type HeardGateway = {
  readonly health: HealthMessage
  readonly monotonicMs: number
  readonly wallMs: number
  readonly domainMs: number
  isConnected: boolean
}

export const createViews = (options: ViewsOptions): Views => {
  const { site, documents, episodes, log, live, speed, nowMs, wallMs, monotonicMs } = options
  const gateways = new Map<string, HeardGateway>()
  const heardSlots = createHeardSlots()
  const isHeard = (gateway: string): boolean => {
    const heard = gateways.get(gateway)
    return heard !== undefined && monotonicMs() - heard.monotonicMs < GATEWAY_SILENT_AFTER_MS
  }

  const sections = (only?: ReadonlySet<string>): SectionView[] => {
    const { lanes, sections: all, slots } = documents.layout()
    const laneNames = new Map(lanes.map((lane) => [lane.id, lane.name]))
    const slotsOf = Map.groupBy(slots, (slot) => slot.section)
    // Two open episodes of one section are of two epochs: the one that says most about the lane now counts.
    const ranked = [...episodes.open()].sort((a, b) => rankOf(a) - rankOf(b))
    const openOf = new Map(
      ranked.flatMap((view) => view.episode.sections.map((section) => [section, view] as const)),
    )
    return all
      .filter((section) => only === undefined || only.has(section.id))
      .map((section) => {
        const isGatewayHeard = isHeard(section.gateway)
        const own = (slotsOf.get(section.id) ?? []).map((slot) => {
          const known = episodes.presence(slot.id)
          const lastHeardMs = heardSlots.lastMs(slot.id)
          // What a gateway said before it was lost is not known now: since then, unless it was not known before.
          const isLost = !isGatewayHeard && known?.presence !== 'unknown'
          const sinceMs = isLost ? gateways.get(section.gateway)?.domainMs : known?.sinceMs
          const isKnown = isGatewayHeard && known?.gateway === section.gateway
          return {
            slot: slot.id,
            presence: isKnown ? known.presence : ('unknown' as const),
            ...(sinceMs !== undefined && { sinceMs }),
            ...(lastHeardMs !== undefined && { lastHeardMs }),
          }
        })
        const episode = openOf.get(section.id)?.episode
        const state = toSectionState({
          isGatewayHeard,
          presences: own.map((slot) => slot.presence),
          episode,
        })
        const sinceMs = sinceOf(state, episode, own, gateways.get(section.gateway)?.domainMs)
        return {
          section: section.id,
          name: section.name,
          lane: section.lane,
          laneName: laneNames.get(section.lane) ?? section.lane,
          state,
          ...(sinceMs !== undefined && { sinceMs }),
          ...(episode !== undefined && { episode: episode.id }),
          slots: own,
        }
      })
  }

  const gatewayViews = (): GatewayView[] => {
    const ids = new Set([
      ...documents.layout().sections.map((section) => section.gateway),
      ...gateways.keys(),
    ])
    return [...ids].map((gateway) => {
      const heard = gateways.get(gateway)
      const skipped = (channel: 'readings' | 'events') =>
        log
          .progress()
          .reduce(
            (sum, one) => (one.gateway === gateway && one.channel === channel ? sum + one.skipped : sum),
            0,
          )
      return {
        site,
        gateway,
        connected: isHeard(gateway),
        ...(heard !== undefined && {
          lastHeardMs: heard.domainMs,
          lastHeardWallMs: heard.wallMs,
          health: heard.health,
        }),
        skippedRows: { readings: skipped('readings'), events: skipped('events') },
      }
    })
  }
  const briefGateways = () => gatewayViews().map(({ health: _health, ...brief }) => brief)

  const tellSections = (only: ReadonlySet<string>): void => {
    for (const section of sections(only)) live.publish({ kind: 'section', nowMs: nowMs(), section })
  }
  const tellGateway = (gateway: string): void => {
    for (const view of briefGateways()) {
      if (view.gateway === gateway) live.publish({ kind: 'gateway', nowMs: nowMs(), gateway: view })
    }
    tellSections(
      new Set(
        documents.layout().sections.flatMap((section) => (section.gateway === gateway ? [section.id] : [])),
      ),
    )
  }

  return {
    sections: () => sections(),
    gateways: gatewayViews,
    devices: () => {
      const layout = documents.layout()
      const laneNames = new Map(layout.lanes.map((lane) => [lane.id, lane.name]))
      const sectionOf = new Map(layout.sections.map((section) => [section.id, section]))
      const told = new Map(
        [...gateways].map(([gateway, { health }]) => [
          gateway,
          new Map(health.devices.map((one) => [one.device, one])),
        ]),
      )
      return layout.slots.flatMap(({ id: slot, section: sectionId, device }) => {
        const section = sectionOf.get(sectionId)
        if (device === undefined || section === undefined) return []
        const { lane, name: sectionName, gateway } = section
        const known = told.get(gateway)?.get(device)
        return {
          device,
          slot,
          section: sectionId,
          sectionName,
          laneName: laneNames.get(lane) ?? lane,
          gateway,
          isGatewayConnected: isHeard(gateway),
          // A gateway that has not heard a device since its start says 0.
          ...(known !== undefined && known.lastHeardMs > 0 && { lastHeardMs: known.lastHeardMs }),
          ...(known?.batteryMv !== undefined && { batteryMv: known.batteryMv }),
          lowBattery: known?.lowBattery ?? false,
          ...(known?.rssiDbm !== undefined && { rssiDbm: known.rssiDbm }),
          missing: known?.missing ?? 0,
        }
      })
    },
    unknownDevices: () =>
      [...gateways].flatMap(([gateway, { health }]) =>
        health.unknownDevices.map((device) => ({ ...device, gateway })),
      ),
    heardGateway: (gateway, health, isRetained) => {
      const wasHeard = isHeard(gateway)
      if (isRetained && wasHeard) return
      // Its word on its sensors also tells of those that have sent no reading since this platform's start.
      for (const { slot, lastHeardMs } of health.devices) heardSlots.hear(slot, lastHeardMs)
      gateways.set(gateway, {
        health,
        monotonicMs: isRetained ? Number.NEGATIVE_INFINITY : monotonicMs(),
        wallMs: wallMs(),
        // A retained word is as old as it says.
        domainMs: isRetained ? Math.min(health.atMs, nowMs()) : nowMs(),
        isConnected: true,
      })
      if (!wasHeard && !isRetained) tellGateway(gateway)
    },
    heardSlot: heardSlots.hear,
    tell: (slots, changed) => {
      if (live.count() === 0) return
      for (const episode of changed) live.publish({ kind: 'episode', nowMs: nowMs(), episode })
      const sectionOf = new Map(documents.layout().slots.map((slot) => [slot.id, slot.section]))
      const touched = new Set(changed.flatMap((view) => view.episode.sections))
      for (const slot of slots) {
        const section = sectionOf.get(slot)
        if (section !== undefined) touched.add(section)
      }
      tellSections(touched)
    },
    tellHeard: () => {
      if (live.count() === 0) return heardSlots.forgetWaiting()
      live.publish({
        kind: 'heard',
        nowMs: nowMs(),
        slots: heardSlots.take(MAX_HEARD_SLOTS),
        gateways: Object.fromEntries([...gateways].map(([gateway, { domainMs }]) => [gateway, domainMs])),
      })
    },
    checkGateways: () => {
      for (const [gateway, heard] of gateways) {
        if (!heard.isConnected || isHeard(gateway)) continue
        heard.isConnected = false
        tellGateway(gateway)
      }
    },
    hello: () => ({
      kind: 'hello',
      nowMs: nowMs(),
      speed,
      sections: sections(),
      episodes: [...episodes.open(), ...episodes.list({ state: 'ended', limit: RECENT_EPISODES }).items],
      gateways: briefGateways(),
    }),
  }
}

const rankOf = ({ episode }: EpisodeView): number => (episode.unobserved ? 0 : episode.confirmed ? 2 : 1)

const sinceOf = (
  state: SectionView['state'],
  episode: EpisodeView['episode'] | undefined,
  slots: SectionView['slots'],
  gatewayHeardMs: number | undefined,
): number | undefined => {
  const changes = slots.flatMap((slot) => slot.sinceMs ?? [])
  const newest = changes.length === 0 ? undefined : Math.max(...changes)
  switch (state) {
    case 'blocked':
    case 'pre-alarm':
      return episode?.detectedMs ?? newest
    case 'clear':
      return newest
    case 'unobserved':
      return (
        episode?.unobservedMs ?? slots.find((slot) => slot.presence === 'unknown')?.sinceMs ?? gatewayHeardMs
      )
  }
}
