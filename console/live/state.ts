import type { EpisodeView, GatewayView, LiveEvent, SectionView } from '@clearlane/protocol'

/** What the console knows. Server time is domain time, told by the server and carried on by the phone's own counter. */
export type ConsoleState = {
  readonly isConnected: boolean
  /** Set once a connection has failed or broken: until then, and before the first word, it is only being made. */
  readonly isLost: boolean
  /** Domain time when the server last spoke, and the phone's monotonic time then. */
  readonly heard:
    { readonly domainMs: number; readonly counterMs: number; readonly speed: number } | undefined
  readonly sections: ReadonlyMap<string, SectionView>
  readonly episodes: ReadonlyMap<string, EpisodeView>
  readonly gateways: ReadonlyMap<string, Omit<GatewayView, 'health'>>
  /** The layout's version, if another has come into force since the connection was made. */
  readonly layoutVersion: number | undefined
}

export type Change =
  { readonly kind: 'live'; readonly event: LiveEvent; readonly counterMs: number } | { readonly kind: 'lost' }

export const EMPTY_STATE: ConsoleState = {
  isConnected: false,
  isLost: false,
  heard: undefined,
  sections: new Map(),
  episodes: new Map(),
  gateways: new Map(),
  layoutVersion: undefined,
}

/** Ended episodes kept on the screen; older ones belong to the history. */
const MAX_ENDED = 100

export const reduce = (state: ConsoleState, change: Change): ConsoleState => {
  if (change.kind === 'lost') return { ...state, isConnected: false, isLost: true }
  const { event, counterMs } = change
  const speed = state.heard?.speed ?? 1
  const heard = { domainMs: event.nowMs, counterMs, speed }
  const next = { ...state, isConnected: true, isLost: false, heard }
  switch (event.kind) {
    case 'hello':
      return fromHello(next, event, counterMs)
    case 'section':
      return { ...next, sections: new Map(state.sections).set(event.section.section, event.section) }
    case 'episode':
      return { ...next, episodes: trim(new Map(state.episodes).set(event.episode.episode.id, event.episode)) }
    case 'gateway':
      return { ...next, gateways: new Map(state.gateways).set(event.gateway.gateway, event.gateway) }
    case 'heard':
      return hearAll(next, event)
    case 'layout':
      return { ...next, layoutVersion: event.version }
    case 'note':
    case 'alive':
      return next
  }
}

/** Only what was heard anew is made anew. */
const hearAll = (
  state: ConsoleState,
  { slots, gateways }: Extract<LiveEvent, { kind: 'heard' }>,
): ConsoleState => ({
  ...state,
  sections: new Map(
    [...state.sections].map(([id, section]) => [
      id,
      section.slots.some(({ slot }) => Object.hasOwn(slots, slot))
        ? {
            ...section,
            slots: section.slots.map((one) =>
              Object.hasOwn(slots, one.slot) ? { ...one, lastHeardMs: slots[one.slot] } : one,
            ),
          }
        : section,
    ]),
  ),
  gateways: new Map(
    [...state.gateways].map(([id, gateway]) => [
      id,
      Object.hasOwn(gateways, id) ? { ...gateway, lastHeardMs: gateways[id] } : gateway,
    ]),
  ),
})

/** Everything as one `hello` tells it. */
export const fromHello = (
  state: ConsoleState,
  hello: Extract<LiveEvent, { kind: 'hello' }>,
  counterMs: number,
): ConsoleState => ({
  ...state,
  heard: { domainMs: hello.nowMs, counterMs, speed: hello.speed },
  sections: new Map(hello.sections.map((section) => [section.section, section])),
  episodes: new Map(hello.episodes.map((view) => [view.episode.id, view])),
  gateways: new Map(hello.gateways.map((gateway) => [gateway.gateway, gateway])),
  layoutVersion: undefined,
})

const trim = (episodes: Map<string, EpisodeView>): Map<string, EpisodeView> => {
  const ended = [...episodes.values()].filter((view) => view.episode.end !== undefined)
  if (ended.length <= MAX_ENDED) return episodes
  ended.sort((a, b) => startOf(a) - startOf(b))
  for (const view of ended.slice(0, ended.length - MAX_ENDED)) episodes.delete(view.episode.id)
  return episodes
}

export const startOf = (view: EpisodeView): number => view.episode.detectedMs ?? view.firstReceivedMs

/** Domain time now: what the server said last, carried on at its speed; it stands still while nothing is heard. */
export const toNowMs = (state: ConsoleState, counterMs: number): number | undefined =>
  state.heard === undefined
    ? undefined
    : state.heard.domainMs + (counterMs - state.heard.counterMs) * state.heard.speed
