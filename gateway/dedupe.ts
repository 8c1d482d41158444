/**
 * One reading per (device, session, counter), over any number of links and retransmissions; and how far each
 * session is without a hole, which is what a device is told.
 */
export type Dedupe = {
  /** True the first time a counter is seen. False also where a counter is too far ahead to be remembered. */
  isNew(device: string, session: number, counter: number): 'new' | 'seen' | 'too-far'
  /** Enters a reading under the log row it got. */
  enter(device: string, session: number, counter: number, row: number, eventMs: number | undefined): void
  /** Everything up to this row is on disk; the sessions whose acknowledgement moved. */
  commit(row: number): readonly DeviceSession[]
  /** How many readings of a session are on disk without a hole. */
  acknowledged(device: string, session: number): number
  /** The device no longer holds anything before (session, counter): what is missing there is lost, and counted. */
  skipTo(device: string, session: number, counter: number): void
  /** Event time of the last reading before a hole that the device can still fill. */
  holeSinceMs(device: string): number | undefined
  missing(device: string): number
  /** The memory of what is on disk, as text. */
  save(): string
}
export type DeviceSession = { readonly device: string; readonly session: number }

/** Counters ahead of a hole that are remembered: twice the ring of a device. */
const WINDOW = 8_192
const MAX_SESSIONS_PER_DEVICE = 4

type Session = {
  readonly session: number
  /** Every counter below is seen. */
  next: number
  nextEventMs: number | undefined
  /** Counters seen beyond `next`, with the event time of each. */
  beyond: Map<number, number | undefined>
  /** Every counter below is on disk. */
  acknowledged: number
  /** Rows not yet on disk, by counter. */
  waiting: Map<number, number>
}
type Device = { sessions: Session[]; missing: number }
type Saved = readonly (readonly [
  string,
  number,
  readonly (readonly [number, number, number, readonly number[]])[],
])[]

export const createDedupe = (saved?: string): Dedupe => {
  const devices = new Map<string, Device>()
  let touched = new Map<Session, string>()

  for (const [device, missing, sessions] of saved === undefined ? [] : (JSON.parse(saved) as Saved)) {
    devices.set(device, {
      missing,
      sessions: sessions.map(([session, next, nextEventMs, beyond]) => ({
        session,
        next,
        nextEventMs: nextEventMs === 0 ? undefined : nextEventMs,
        beyond: new Map(beyond.map((counter) => [counter, undefined])),
        acknowledged: next,
        waiting: new Map(),
      })),
    })
  }

  const find = (device: string, session: number): Session | undefined =>
    devices.get(device)?.sessions.find((one) => one.session === session)
  const open = (device: string, session: number): Session => {
    let entry = devices.get(device)
    if (entry === undefined) devices.set(device, (entry = { sessions: [], missing: 0 }))
    const known = entry.sessions.find((one) => one.session === session)
    if (known !== undefined) return known
    const created: Session = {
      session,
      next: 0,
      nextEventMs: undefined,
      beyond: new Map(),
      acknowledged: 0,
      waiting: new Map(),
    }
    entry.sessions.push(created)
    entry.sessions.sort((a, b) => a.session - b.session)
    if (entry.sessions.length > MAX_SESSIONS_PER_DEVICE) entry.sessions.shift()
    return created
  }
  const closeUp = (session: Session): void => {
    while (session.beyond.has(session.next)) {
      session.nextEventMs = session.beyond.get(session.next) ?? session.nextEventMs
      session.beyond.delete(session.next)
      session.next++
    }
  }

  return {
    isNew: (device, session, counter) => {
      const known = find(device, session)
      if (known !== undefined && (counter < known.next || known.beyond.has(counter))) return 'seen'
      return counter < (known?.next ?? 0) + WINDOW ? 'new' : 'too-far'
    },
    enter: (device, session, counter, row, eventMs) => {
      const entry = open(device, session)
      entry.beyond.set(counter, eventMs)
      entry.waiting.set(counter, row)
      closeUp(entry)
      touched.set(entry, device)
    },
    commit: (row) => {
      const moved: DeviceSession[] = []
      const still = new Map<Session, string>()
      for (const [entry, device] of touched) {
        for (const [counter, waitingRow] of entry.waiting)
          if (waitingRow <= row) entry.waiting.delete(counter)
        let acknowledged = entry.next
        for (const counter of entry.waiting.keys()) acknowledged = Math.min(acknowledged, counter)
        entry.acknowledged = Math.max(entry.acknowledged, acknowledged)
        moved.push({ device, session: entry.session })
        if (entry.waiting.size > 0) still.set(entry, device)
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
        if (older.session >= session || older.beyond.size === 0) continue
        const last = Math.max(...older.beyond.keys())
        owner.missing += last + 1 - older.next - older.beyond.size
        older.next = last + 1
        older.beyond.clear()
        if (older.waiting.size === 0) older.acknowledged = older.next
        touched.set(older, device)
      }
      if (counter <= current.next) return
      for (let at = current.next; at < counter; at++) {
        if (!current.beyond.delete(at) && !isFirstHeard) owner.missing++
      }
      current.next = counter
      closeUp(current)
      touched.set(current, device)
    },
    holeSinceMs: (device) => {
      for (const session of devices.get(device)?.sessions ?? [])
        if (session.beyond.size > 0) return session.nextEventMs ?? 0
      return undefined
    },
    missing: (device) => devices.get(device)?.missing ?? 0,
    save: () => {
      const saved: Saved = [...devices].map(([device, { missing, sessions }]) => [
        device,
        missing,
        sessions.map(({ session, next, nextEventMs, beyond, waiting }) => {
          const onDisk = [...waiting.keys()].reduce((min, counter) => Math.min(min, counter), next)
          const ahead = new Set(beyond.keys())
          for (let counter = onDisk; counter < next; counter++) ahead.add(counter)
          return [
            session,
            onDisk,
            nextEventMs ?? 0,
            [...ahead].filter((counter) => !waiting.has(counter)),
          ] as const
        }),
      ])
      return JSON.stringify(saved)
    },
  }
}
