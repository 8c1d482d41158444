import type { EpisodeView } from '@clearlane/protocol'
import { EpisodeViewSchema } from '@clearlane/protocol'
import { createContext, useContext, useEffect, useMemo, useReducer, useRef, useState } from 'react'
import type { Answer } from '../live/ask.ts'
import { tell } from '../live/ask.ts'
import type { Change } from '../live/state.ts'
import { createAlarms, stepAlarms, toAlert } from './alarms.ts'
import type { Note } from './notes.ts'
import { addNotes, recallNotes, removeNote } from './notes.ts'
import type { Siren } from './siren.ts'
import { createSiren } from './siren.ts'
import type { WakeLockState } from './use-wake-lock.ts'
import { useWakeLock } from './use-wake-lock.ts'

/** `waiting`: wanted, but the browser asks for one tap first. `unasked`: nobody has said yet whether it is wanted. */
export type SoundState = 'unasked' | 'off' | 'waiting' | 'on'

export type Alerting = {
  readonly unseen: readonly EpisodeView[]
  readonly isSounding: boolean
  readonly sound: SoundState
  readonly wakeLock: WakeLockState
  /** Notes that the server does not have yet. */
  readonly notes: readonly Note[]
  /** Who takes note on this device, once said. */
  readonly name: string | undefined
  readonly hear: (change: Change) => void
  readonly wantSound: (isWanted: boolean) => void
  readonly silence: () => void
  /** Everything unseen is noted by this person, who is remembered. */
  readonly note: (by: string) => void
  readonly rename: (name: string) => void
}

const SOUND_KEPT_AS = 'clearlane.sound'
const NAME_KEPT_AS = 'clearlane.name'
const RETRY_MS = 5_000

/** Alarms as this device has them: what is unseen, whether it sounds, and who says here that they were seen. */
export const useAlerting = (isConnected: boolean, counterMs: number): Alerting => {
  const [alarms, step] = useReducer(stepAlarms, undefined, () =>
    createAlarms(recallNotes().map((note) => note.episode)),
  )
  const [name, setName] = useState(() => localStorage.getItem(NAME_KEPT_AS) ?? undefined)
  const [notes, setNotes] = useState(recallNotes)
  useSending(isConnected, notes, setNotes)

  const { isSounding, unseen } = useMemo(() => toAlert(alarms, counterMs), [alarms, counterMs])
  const { sound, wantSound } = useSound(isSounding)
  const wakeLock = useWakeLock(sound === 'on' || sound === 'waiting')

  const rename = (next: string): void => {
    localStorage.setItem(NAME_KEPT_AS, next)
    setName(next)
  }
  return {
    unseen,
    isSounding,
    sound,
    wakeLock,
    notes,
    name,
    hear: (change) => {
      if (change.kind === 'live') step(change)
    },
    wantSound,
    silence: () => step({ kind: 'silenced' }),
    note: (by) => {
      rename(by)
      const episodes = unseen.map(({ episode }) => episode.id)
      step({ kind: 'noted', episodes })
      setNotes(addNotes(episodes.map((episode) => ({ episode, by }))))
    },
    rename,
  }
}

const AlertingContext = createContext<Alerting | undefined>(undefined)
export const AlertingProvider = AlertingContext.Provider
export const useAlertingHere = (): Alerting => {
  const alerting = useContext(AlertingContext)
  if (alerting === undefined) throw new Error('no alerting around this screen')
  return alerting
}

/** Sounds while it should, once it is wanted here and the browser lets it; any tap will do for the browser. */
const useSound = (
  isSounding: boolean,
): { readonly sound: SoundState; readonly wantSound: Alerting['wantSound'] } => {
  const [wish, setWish] = useState(() => localStorage.getItem(SOUND_KEPT_AS))
  const [isAllowed, setAllowed] = useState(false)
  const siren = useRef<Siren>(undefined)
  const allow = (): void => {
    siren.current ??= createSiren(() => setAllowed(siren.current?.isAllowed() ?? false))
    void siren.current.allow().catch(() => undefined)
    setAllowed(siren.current.isAllowed())
  }
  const isWanted = wish === 'on'
  useEffect(() => {
    if (!isWanted || isAllowed) return undefined
    // An installed page may sound without a tap; others learn of one here.
    allow()
    for (const kind of ['pointerdown', 'keydown'] as const) document.addEventListener(kind, allow)
    return () => {
      for (const kind of ['pointerdown', 'keydown'] as const) document.removeEventListener(kind, allow)
    }
  }, [isWanted, isAllowed])
  useEffect(() => siren.current?.sound(isSounding && isWanted), [isSounding, isWanted, isAllowed])
  return {
    sound: isWanted ? (isAllowed ? 'on' : 'waiting') : wish === 'off' ? 'off' : 'unasked',
    wantSound: (wanted) => {
      localStorage.setItem(SOUND_KEPT_AS, wanted ? 'on' : 'off')
      setWish(wanted ? 'on' : 'off')
      if (wanted) allow()
    },
  }
}

/** Brings the notes to the server, and again until it has them. */
const useSending = (
  isConnected: boolean,
  notes: readonly Note[],
  setNotes: (notes: readonly Note[]) => void,
): void => {
  useEffect(() => {
    if (!isConnected || notes.length === 0) return undefined
    let isOver = false
    const send = async (): Promise<void> => {
      for (const { episode, by } of notes) {
        const answer = await tell('POST', `/episodes/${episode}/seen`, { by }, EpisodeViewSchema)
        if (isOver) return
        if (isFinal(answer)) setNotes(removeNote(episode))
      }
    }
    void send()
    const timer = window.setInterval(() => void send(), RETRY_MS)
    return () => {
      isOver = true
      window.clearInterval(timer)
    }
  }, [isConnected, notes])
}

/** What the server has, or will never take: an episode it does not know. */
const isFinal = (answer: Answer<unknown>): boolean =>
  answer.kind === 'answer' ||
  (answer.kind === 'refused' && (answer.code === 'not-found' || answer.code === 'bad-request'))
