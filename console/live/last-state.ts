import type { Layout, LiveEvent } from '@clearlane/protocol'
import { LayoutSchema, LiveEventSchema } from '@clearlane/protocol'
import type { ConsoleState } from './state.ts'
import { EMPTY_STATE, fromHello } from './state.ts'

/** What was known last, kept on this device, so that the console opens without a server and says how old that is. */
const KEPT_STATE = 'clearlane.last-state'
const KEPT_LAYOUT = 'clearlane.last-layout'
/** A browser gives a site some 5 MB, at two bytes a character; what is larger is not kept. */
const MAX_CHARACTERS = 1_000_000

type Hello = Extract<LiveEvent, { kind: 'hello' }>

/** Keeps the state as the `hello` that would tell it, with the device's own time when the server last spoke. */
export const keepState = (state: ConsoleState): void => {
  if (state.heard === undefined) return
  const { domainMs, counterMs, speed } = state.heard
  const hello: Hello = {
    kind: 'hello',
    nowMs: domainMs,
    speed,
    sections: [...state.sections.values()],
    episodes: [...state.episodes.values()],
    gateways: [...state.gateways.values()],
  }
  const wallMs = Date.now() - (performance.now() - counterMs)
  keep(KEPT_STATE, JSON.stringify({ wallMs, hello }))
}

/** The state that was kept, as old as it is, and not connected; an empty one where there is none. */
export const recallState = (): ConsoleState => {
  const kept = recall(KEPT_STATE)
  if (!isRecord(kept) || typeof kept['wallMs'] !== 'number') return EMPTY_STATE
  const hello = LiveEventSchema.safeParse(kept['hello'])
  if (!hello.success || hello.data.kind !== 'hello') return EMPTY_STATE
  // The device's clock may have been set back since.
  const ageMs = Math.max(0, Date.now() - kept['wallMs'])
  return { ...fromHello(EMPTY_STATE, hello.data, performance.now() - ageMs), isConnected: false }
}

export const keepLayout = (layout: Layout): void => keep(KEPT_LAYOUT, JSON.stringify(layout))

export const recallLayout = (): Layout | undefined => LayoutSchema.safeParse(recall(KEPT_LAYOUT)).data

const keep = (key: string, text: string): void => {
  try {
    if (text.length <= MAX_CHARACTERS) localStorage.setItem(key, text)
    else localStorage.removeItem(key)
  } catch {
    // The browser's room is full, or it keeps nothing at all: the console opens offline without a last state.
  }
}

const recall = (key: string): unknown => {
  try {
    return JSON.parse(localStorage.getItem(key) ?? 'null')
  } catch {
    return null
  }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null
