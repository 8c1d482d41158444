/**
 * One reading per (device, session, counter), over any number of links and retransmissions; and how far each
 * session is without a hole, which is what a device is told.
 */
export type Dedupe = {
  /**
   * `past`: of a session long over, of which the device has said that it holds nothing. `too-far`: it cannot be
   * remembered, so the reading is left with its device until there is room.
   */
  isNew(device: string, session: number, counter: number): 'new' | 'seen' | 'past' | 'too-far'
  /** Enters a reading under the log row it got. */
  enter(device: string, session: number, counter: number, row: number, eventMs: number | undefined): void
  /** Everything up to this row is on disk; the sessions whose acknowledgement moved. */
  commit(row: number): readonly DeviceSession[]
  /** How many readings of a session are on disk without a hole. */
  acknowledged(device: string, session: number): number
  /** The device holds nothing before (session, counter): what is missing there is lost, and counted. */
  skipTo(device: string, session: number, counter: number): void
  /** Event time of the last reading before a hole that the device can still fill, in one session or between two. */
  holeSinceMs(device: string): number | undefined
  missing(device: string): number
  /** How often `isNew` was asked since the start, and how often the answer was `seen`. */
  counters(): { readonly heard: number; readonly seen: number }
  /** The memory of what is on disk, as text. */
  save(): string
}
export type DeviceSession = { readonly device: string; readonly session: number }

/** Counters ahead of a hole that are remembered: twice the ring of a device. */
const WINDOW = 8_192
/** Sessions of a device that may be unfinished at once: a device that booted more often meanwhile waits with the rest. */
const MAX_SESSIONS_PER_DEVICE = 64
/** Sessions remembered although the device holds nothing of them any more: late copies of another link. */
const KEPT_SESSIONS_PER_DEVICE = 4

type Session = {
  readonly session: number
  /** Every counter below is seen. */
  next: number
  nextEventMs: number | undefined
  /** Counters seen beyond `next`, with the event time of each; most sessions have none. */
  beyond: Map<number, number | undefined> | undefined
  /** Every counter below is on disk. */
  acknowledged: number
  /** Counter and row, in turn, of what is not yet on disk; most sessions have none or one. */
  waiting: number[] | undefined
}
type Device = {
  /** In order of their numbers. */
  sessions: Session[]
  /** The oldest session of which the device holds anything, as it last said; 0 before it has said so. */
  heldSession: number
  missing: number
}
/** Device, missing, oldest session held, and of each session its number, next counter, event time before it, counters beyond. */
type Saved = readonly (readonly [
  string,
  number,
  number,
  readonly (readonly [number, number, number, readonly number[]])[],
])[]

export const createDedupe = (saved?: string): Dedupe => {
  const devices = new Map<string, Device>()
  let touched = new Map<Session, string>()
  let heard = 0
  let seen = 0

  for (const [device, missing, heldSession, sessions] of saved === undefined
    ? []
    : (JSON.parse(saved) as Saved)) {
    devices.set(device, {
      missing,
      heldSession,
      sessions: sessions.map(([session, next, nextEventMs, beyond]) => ({
        session,
        next,
        nextEventMs: nextEventMs === 0 ? undefined : nextEventMs,
        beyond: beyond.length === 0 ? undefined : new Map(beyond.map((counter) => [counter, undefined])),
        acknowledged: next,
        waiting: undefined,
      })),
    })
  }

  const find = (device: string, session: number): Session | undefined => {
    const entry = devices.get(device)
    if (entry !== undefined) for (const one of entry.sessions) if (one.session === session) return one
    return undefined
  }
  const open = (device: string, session: number): Session => {
    let entry = devices.get(device)
    if (entry === undefined) devices.set(device, (entry = { sessions: [], heldSession: 0, missing: 0 }))
    const known = find(device, session)
    if (known !== undefined) return known
    const created: Session = {
      session,
      next: 0,
      nextEventMs: undefined,
      beyond: undefined,
      acknowledged: 0,
      waiting: undefined,
    }
    entry.sessions = entry.sessions.concat(created).sort((a, b) => a.session - b.session)
    return created
  }
  const closeUp = (session: Session): void => {
    const { beyond } = session
    if (beyond === undefined) return
    while (beyond.has(session.next)) {
      session.nextEventMs = beyond.get(session.next) ?? session.nextEventMs
      beyond.delete(session.next)
      session.next++
    }
    if (beyond.size === 0) session.beyond = undefined
  }

  return {
    isNew: (device, session, counter) => {
      heard++
      const known = find(device, session)
      if (known !== undefined) {
        if (counter < known.next || known.beyond?.has(counter) === true) {
          seen++
          return 'seen'
        }
        return counter < known.next + WINDOW ? 'new' : 'too-far'
      }
      const { heldSession = 0, sessions = [] } = devices.get(device) ?? {}
      if (session < heldSession) return 'past'
      return counter < WINDOW && sessions.length < MAX_SESSIONS_PER_DEVICE ? 'new' : 'too-far'
    },
    enter: (device, session, counter, row, eventMs) => {
      const entry = open(device, session)
      if (counter === entry.next && entry.beyond === undefined) {
        entry.next++
        entry.nextEventMs = eventMs ?? entry.nextEventMs
      } else if (counter >= entry.next) {
        entry.beyond ??= new Map()
        entry.beyond.set(counter, eventMs)
        closeUp(entry)
      }
      if (entry.waiting === undefined) entry.waiting = [counter, row]
      else entry.waiting.push(counter, row)
      touched.set(entry, device)
    },
    commit: (row) => {
      const moved: DeviceSession[] = []
      const still = new Map<Session, string>()
      for (const [entry, device] of touched) {
        entry.waiting = waitingBehind(entry.waiting, row)
        let acknowledged = entry.next
        for (let at = 0; at < (entry.waiting?.length ?? 0); at += 2)
          acknowledged = Math.min(acknowledged, entry.waiting![at]!)
        if (acknowledged > entry.acknowledged) {
          entry.acknowledged = acknowledged
          moved.push({ device, session: entry.session })
        }
        if (entry.waiting !== undefined) still.set(entry, device)
      }
      touched = still
      return moved
    },
    acknowledged: (device, session) => find(device, session)?.acknowledged ?? 0,
    skipTo: (device, session, counter) => {
      const isFirstHeard = !devices.has(device)
      const current = open(device, session)
      const owner = devices.get(device)!
      for (const older of owner.sessions) {
        if (older.session >= session || older.beyond === undefined) continue
        const last = Math.max(...older.beyond.keys())
        owner.missing += last + 1 - older.next - older.beyond.size
        older.next = last + 1
        older.beyond = undefined
        if (older.waiting === undefined) older.acknowledged = older.next
        touched.set(older, device)
      }
      owner.heldSession = Math.max(owner.heldSession, session)
      forgetFinished(owner)
      if (counter <= current.next) return
      let missing = counter - current.next
      for (const kept of current.beyond?.keys() ?? []) {
        if (kept >= counter) continue
        current.beyond?.delete(kept)
        missing--
      }
      if (!isFirstHeard) owner.missing += missing
      current.next = counter
      closeUp(current)
      touched.set(current, device)
    },
    holeSinceMs: (device) => {
      const { heldSession = 0, sessions = [] } = devices.get(device) ?? {}
      const newest = sessions.at(-1)?.session ?? 0
      for (const { session, beyond, nextEventMs } of sessions) {
        // Of a session before its newest one a device says when it holds nothing any more.
        const isHeld = session === heldSession && session < newest
        if (beyond !== undefined || isHeld) return nextEventMs ?? 0
      }
      return undefined
    },
    missing: (device) => devices.get(device)?.missing ?? 0,
    counters: () => ({ heard, seen }),
    save: () => {
      const saved: Saved = [...devices].map(([device, { missing, heldSession, sessions }]) => [
        device,
        missing,
        heldSession,
        sessions.map(({ session, next, nextEventMs, beyond, waiting = [] }) => {
          const open = new Set(waiting.filter((_, at) => at % 2 === 0))
          const onDisk = Math.min(next, ...open)
          const ahead = new Set(beyond?.keys())
          for (let counter = onDisk; counter < next; counter++) ahead.add(counter)
          return [
            session,
            onDisk,
            nextEventMs ?? 0,
            [...ahead].filter((counter) => !open.has(counter)),
          ] as const
        }),
      ])
      return JSON.stringify(saved)
    },
  }
}

/** Drops the oldest sessions that the device no longer holds, beyond the few that late copies may name. */
const forgetFinished = (device: Device): void => {
  const spare = device.sessions.length - KEPT_SESSIONS_PER_DEVICE
  const finished = device.sessions.filter(
    ({ session, waiting }) => session < device.heldSession && waiting === undefined,
  )
  if (spare <= 0 || finished.length === 0) return
  const gone = new Set(finished.slice(0, spare))
  device.sessions = device.sessions.filter((one) => !gone.has(one))
}

/** Pairs of counter and row whose row is not on disk when `row` is. */
const waitingBehind = (waiting: number[] | undefined, row: number): number[] | undefined => {
  // Rows only grow, so the last one tells whether anything is left; mostly nothing is.
  if (waiting === undefined || waiting.at(-1)! <= row) return undefined
  const left = waiting.filter((_, at) => waiting[at - (at % 2) + 1]! > row)
  return left.length === 0 ? undefined : left
}
