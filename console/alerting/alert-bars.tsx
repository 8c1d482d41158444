import type { EpisodeView } from '@clearlane/protocol'
import { useEffect, useRef, useState } from 'react'
import { Link } from 'wouter'
import { startOf } from '../live/state.ts'
import { useConsole } from '../live/use-console.ts'
import { ROUTES, toEpisode } from '../routes.ts'
import { useLanguage, useWords } from '../words/language.ts'
import { shapeOf, STATE_WORDS, toStatus } from '../words/states.ts'
import { toAge } from '../words/time.ts'
import type { Announcement } from './announcements.ts'
import { toAnnouncements } from './announcements.ts'
import { toTitle } from './alarms.ts'
import { NameDialog } from './name-dialog.tsx'
import { toIcon } from './page-icon.ts'
import { useAlertingHere } from './use-alerting.ts'
import { ALERTING_WORDS } from './words.ts'
import { Tap } from '../parts/tap.tsx'
import './alerting.css'

/** Above every screen: whether an alarm would be heard, and what is still on its way to the server. */
export const SoundBar = () => {
  const words = useWords(ALERTING_WORDS)
  const { sound, wakeLock, wantSound, notes } = useAlertingHere()
  const isAsking = sound === 'unasked' || sound === 'waiting'
  return (
    <>
      {isAsking && (
        <section className="sound-bar" data-testid="sound-bar" aria-label={words.soundBar}>
          <p>
            <b>{words.soundOff}</b> <span className="why-sound">{words.whySound}</span>
          </p>
          <Tap look="main" onClick={() => wantSound(true)}>
            {words.allowSound}
          </Tap>
          {sound === 'unasked' && (
            <Tap look="quiet" onClick={() => wantSound(false)}>
              {words.noSound}
            </Tap>
          )}
        </section>
      )}
      {sound === 'off' && (
        <p className="quiet-bar" data-testid="sound-off">
          {words.soundOff}
          <Tap look="quiet" onClick={() => wantSound(true)}>
            {words.turnOn}
          </Tap>
        </p>
      )}
      {sound === 'on' && wakeLock !== 'held' && wakeLock !== 'off' && (
        <p className="quiet-bar" data-testid="wake-lock">
          {wakeLock === 'none' ? words.noWakeLock : words.wakeLockRefused}
        </p>
      )}
      {notes.length > 0 && (
        <p className="quiet-bar" role="status" data-testid="notes-waiting">
          {words.notesWaiting} ({notes.length})
        </p>
      )}
    </>
  )
}

/** Within the thumb's reach on every screen: what nobody has seen yet, and the one button that says it was seen. */
export const AlarmBar = () => {
  const words = useWords(ALERTING_WORDS)
  const { unseen, name, silence, note } = useAlertingHere()
  const [isAskingName, setAskingName] = useState(false)
  const take = (): void => {
    silence()
    if (name === undefined) setAskingName(true)
    else note(name)
  }
  return (
    <>
      {unseen.length > 0 && (
        <section className="alarm-bar" data-testid="alarm-bar" aria-label={words.unseenBar}>
          <AlarmText unseen={unseen} />
          <Tap look="main" data-testid="take-note" onClick={take}>
            {words.seen}
          </Tap>
        </section>
      )}
      {isAskingName && (
        <NameDialog
          onName={(by) => {
            note(by)
            setAskingName(false)
          }}
          onLeave={() => setAskingName(false)}
        />
      )}
      <Announcer />
      <PageMarks unseen={unseen.length} />
    </>
  )
}

const AlarmText = ({ unseen }: { readonly unseen: readonly EpisodeView[] }) => {
  const words = useWords(ALERTING_WORDS)
  const states = useWords(STATE_WORDS)
  const language = useLanguage()
  const { nowMs } = useConsole()
  const toNames = useSectionNames()
  const [first] = unseen
  if (first === undefined) return null
  const status = toStatus(first)
  const age = nowMs === undefined ? '' : toAge(nowMs - startOf(first), language)
  return (
    <Link href={unseen.length === 1 ? toEpisode(first.episode.id) : ROUTES.episodes} className="alarm-text">
      <b>
        <span aria-hidden="true">{shapeOf(status)}</span> {unseen.length} {words.unseen}
      </b>
      <span>
        {toNames(first.episode.sections)} ·{' '}
        <span className="no-break">
          {states[status]} {age}
        </span>
      </span>
    </Link>
  )
}

const MAX_ANNOUNCED = 5

/** Says to a screen reader what has changed, and only that. */
const Announcer = () => {
  const words = useWords(STATE_WORDS)
  const { state } = useConsole()
  const toNames = useSectionNames()
  const known = useRef<typeof state.episodes>(undefined)
  const [said, setSaid] = useState<readonly Announcement[]>([])
  useEffect(() => {
    if (!state.isConnected) return
    const news = known.current === undefined ? [] : toAnnouncements(known.current, state.episodes)
    known.current = state.episodes
    if (news.length > 0) setSaid((before) => [...before, ...news].slice(-MAX_ANNOUNCED))
  }, [state.episodes, state.isConnected])
  return (
    <div className="for-screen-readers" role="log" data-testid="announcements">
      {said.map(({ episode, sections, status }) => (
        <p key={`${episode} ${status}`}>
          {toNames(sections)} {words[status]}
        </p>
      ))}
    </div>
  )
}

/** The page's title and icon, also where it is one tab of many or an icon on a phone's screen. */
const PageMarks = ({ unseen }: { readonly unseen: number }) => {
  const words = useWords(ALERTING_WORDS)
  useEffect(() => {
    document.title = toTitle(unseen, { title: words.title, alarms: words.alarms })
  }, [unseen, words])
  useEffect(() => {
    document.querySelector('link[rel="icon"]')?.setAttribute('href', toIcon(unseen))
    if ('setAppBadge' in navigator) void navigator.setAppBadge(unseen).catch(() => undefined)
  }, [unseen])
  return null
}

/** Sections by the names that people know. */
const useSectionNames = (): ((sections: readonly string[]) => string) => {
  const { state } = useConsole()
  return (sections) => sections.map((section) => state.sections.get(section)?.name ?? section).join(', ')
}
