import { DatabaseSync } from 'node:sqlite'
import type {
  ActiveMessage,
  Episode,
  EpisodeDetail,
  EpisodeEvent,
  EpisodeView,
  GatewayEvent,
  Presence,
  Seen,
} from '@clearlane/protocol'
import type { StoredEntry } from '../log/log.ts'
import type { Projection } from '../projection.ts'
import { reconcile } from './reconcile.ts'

/** Episodes and presences as the gateways last said them: the highest revision wins, in whatever order they come. */
export type Episodes = Projection & {
  find(id: string): EpisodeDetail | undefined
  list(query: EpisodesQuery): { readonly items: readonly EpisodeView[]; readonly next: string | undefined }
  open(): readonly EpisodeView[]
  see(id: string, seen: Seen): EpisodeView | undefined
  presence(slot: string): SlotPresence | undefined
  close(): void
}
export type EpisodesQuery = {
  readonly fromMs?: number | undefined
  readonly toMs?: number | undefined
  readonly isOpen?: boolean | undefined
  readonly limit: number
  readonly cursor?: string | undefined
}
export type SlotPresence = {
  readonly gateway: string
  readonly epoch: string
  readonly presence: Presence
  readonly revision: number
  readonly sinceMs: number | undefined
}
export type EpisodeChanges = { readonly episodes: readonly EpisodeView[]; readonly slots: readonly string[] }

type Source = Pick<StoredEntry, 'site' | 'gateway' | 'epoch' | 'receivedMs'>
type Waiting = Source & { readonly message: ActiveMessage }

export const openEpisodes = (file: string, onChange: (changes: EpisodeChanges) => void): Episodes => {
  const db = new DatabaseSync(file)
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL')
  db.exec(SCHEMA)
  const statements = prepare(db)
  let cursor = Number(db.prepare('SELECT position FROM cursor WHERE id = 1').get()?.['position'] ?? 0)
  const open = new Map<string, EpisodeView>()
  /** Event row of the last word on each open episode: a set taken before it says nothing about it. */
  const rowOf = new Map<string, number>()
  const presences = new Map<string, SlotPresence>()
  const load = (): void => {
    for (const map of [open, rowOf, presences]) map.clear()
    for (const row of statements.open.all()) {
      const view = toView(row)
      open.set(view.episode.id, view)
      rowOf.set(view.episode.id, Number(row['row']))
    }
    for (const row of statements.presences.all()) {
      presences.set(String(row['slot']), JSON.parse(String(row['text'])) as SlotPresence)
    }
  }
  load()
  let changedEpisodes = new Map<string, EpisodeView>()
  let changedSlots = new Set<string>()

  const stored = (id: string): EpisodeView | undefined => {
    const row = open.has(id) ? undefined : statements.find.get(id)
    return open.get(id) ?? (row === undefined ? undefined : toView(row))
  }

  const put = (view: EpisodeView, row: number): void => {
    const { episode } = view
    const startMs = episode.detectedMs ?? view.firstReceivedMs
    const isOpen = episode.end === undefined
    statements.put.run(episode.id, startMs, isOpen ? 1 : 0, view.gateway, row, JSON.stringify(view))
    if (isOpen) {
      open.set(episode.id, view)
      rowOf.set(episode.id, row)
    } else {
      open.delete(episode.id)
      rowOf.delete(episode.id)
    }
    changedEpisodes.set(episode.id, view)
  }

  const take = (episode: Episode, row: number, { site, gateway, epoch, receivedMs }: Source): void => {
    const before = stored(episode.id)
    if (before !== undefined && before.episode.revision >= episode.revision) return
    const confirmedReceivedMs = before?.confirmedReceivedMs ?? (episode.confirmed ? receivedMs : undefined)
    // Whoever learns of it only after its end is not paged; should it block again, it pages after all.
    const isLate = episode.end !== undefined && (before === undefined || before.late)
    put(
      {
        site,
        gateway,
        epoch,
        episode,
        firstReceivedMs: before?.firstReceivedMs ?? receivedMs,
        ...(confirmedReceivedMs !== undefined && { confirmedReceivedMs }),
        receivedMs,
        late: isLate,
        seen: before?.seen ?? [],
      },
      row,
    )
  }

  const takePresence = (slot: string, next: SlotPresence): void => {
    const before = presences.get(slot)
    const isOlder =
      before?.gateway === next.gateway && before.epoch === next.epoch && before.revision >= next.revision
    if (isOlder) return
    presences.set(slot, next)
    statements.presence.run(slot, JSON.stringify(next))
    changedSlots.add(slot)
  }

  const takeEvent = (event: GatewayEvent, position: number, row: number, source: Source): void => {
    switch (event.kind) {
      case 'episode':
        statements.event.run(event.episode.id, position, row, source.receivedMs, JSON.stringify(event))
        take(event.episode, row, source)
        return
      case 'presence':
        takePresence(event.slot, {
          gateway: source.gateway,
          epoch: source.epoch,
          presence: event.presence,
          revision: event.revision,
          sinceMs: event.sinceMs,
        })
        return
      case 'correction':
        statements.correction.run(
          `${event.reading.device}-${event.reading.session}-${event.reading.counter}`,
          JSON.stringify(event),
        )
        return
    }
  }

  /** Applies a gateway's set of open episodes, once its events up to the set's row have been applied. */
  const takeActive = ({ message, ...source }: Waiting): void => {
    // A new card remembers nothing: what the old one knew of its slots is not known any more.
    for (const [slot, known] of presences) {
      if (known.gateway !== source.gateway || known.epoch === source.epoch) continue
      const { gateway, epoch } = source
      const forgotten: SlotPresence = { gateway, epoch, presence: 'unknown', revision: 0, sinceMs: undefined }
      presences.set(slot, forgotten)
      statements.presence.run(slot, JSON.stringify(forgotten))
      changedSlots.add(slot)
    }
    const inSet = new Map(message.episodes.map((episode) => [episode.id, episode]))
    for (const episode of inSet.values()) {
      if (reconcile(stored(episode.id)?.episode, episode, true) === 'take')
        take(episode, message.eventRow, source)
    }
    for (const view of open.values()) {
      if (view.gateway !== source.gateway || view.site !== source.site || inSet.has(view.episode.id)) continue
      const { episode } = view
      const isSameEpoch = view.epoch === source.epoch
      if (isSameEpoch && (rowOf.get(episode.id) ?? 0) > message.eventRow) continue
      // The revision stays: should the gateway have more to say, its next one wins.
      switch (reconcile(episode, undefined, isSameEpoch)) {
        case 'close':
          put(
            {
              ...view,
              receivedMs: source.receivedMs,
              episode: {
                ...episode,
                end: 'cleared',
                endReason: 'its gateway no longer holds it open',
              },
            },
            message.eventRow,
          )
          break
        case 'unobserve':
          put({ ...view, receivedMs: source.receivedMs, episode: { ...episode, unobserved: true } }, 0)
          break
        case 'take':
        case 'leave':
          break
      }
    }
  }

  const appliedRow = (source: Source): number =>
    Number(statements.applied.get(source.site, source.gateway, source.epoch)?.['row'] ?? 0)

  const applyEntry = (entry: StoredEntry): void => {
    const source: Source = {
      site: entry.site,
      gateway: entry.gateway,
      epoch: entry.epoch,
      receivedMs: entry.receivedMs,
    }
    if (entry.channel === 'events') {
      const events = JSON.parse(entry.text) as GatewayEvent[]
      for (const [index, event] of events.entries())
        takeEvent(event, entry.position, entry.first + index, source)
      statements.setApplied.run(source.site, source.gateway, source.epoch, entry.last)
    } else if (entry.channel === 'active') {
      const [message] = JSON.parse(entry.text) as [ActiveMessage]
      statements.wait.run(
        source.site,
        source.gateway,
        JSON.stringify({ ...source, message } satisfies Waiting),
      )
    } else {
      return
    }
    const row = statements.waiting.get(source.site, source.gateway)
    if (row === undefined) return
    const waiting = JSON.parse(String(row['text'])) as Waiting
    if (appliedRow(waiting) < waiting.message.eventRow) return
    takeActive(waiting)
    statements.unwait.run(source.site, source.gateway)
  }

  return {
    name: 'episodes',
    cursor: () => cursor,
    apply: (entries, next) => {
      try {
        db.exec('BEGIN')
        for (const entry of entries) applyEntry(entry)
        statements.setCursor.run(next)
        db.exec('COMMIT')
      } catch (cause) {
        if (db.isTransaction) db.exec('ROLLBACK')
        load()
        changedEpisodes = new Map()
        changedSlots = new Set()
        throw cause
      }
      cursor = next
      const changes = { episodes: [...changedEpisodes.values()], slots: [...changedSlots] }
      changedEpisodes = new Map()
      changedSlots = new Set()
      if (changes.episodes.length > 0 || changes.slots.length > 0) onChange(changes)
    },
    find: (id) => {
      const view = stored(id)
      if (view === undefined) return undefined
      const events = statements.events.all(id).map((row) => ({
        receivedMs: Number(row['receivedMs']),
        event: JSON.parse(String(row['text'])) as EpisodeEvent,
      }))
      return { ...view, events }
    },
    list: ({ fromMs = 0, toMs = Number.MAX_SAFE_INTEGER, isOpen, limit, cursor: after }) => {
      const [startMs, id] = after?.split('~') ?? []
      const items = statements.list
        .all({
          from: fromMs,
          to: toMs,
          open: isOpen === undefined ? null : isOpen ? 1 : 0,
          startMs: startMs === undefined ? Number.MAX_SAFE_INTEGER : Number(startMs),
          id: id ?? '',
          limit,
        })
        .map(toView)
      const last = items.at(-1)
      const next =
        last === undefined || items.length < limit
          ? undefined
          : `${last.episode.detectedMs ?? last.firstReceivedMs}~${last.episode.id}`
      return { items, next }
    },
    open: () => [...open.values()],
    see: (id, seen) => {
      const before = stored(id)
      if (before === undefined) return undefined
      const view = { ...before, seen: [...before.seen.filter((one) => one.by !== seen.by), seen] }
      put(view, rowOf.get(id) ?? 0)
      changedEpisodes = new Map()
      onChange({ episodes: [view], slots: [] })
      return view
    },
    presence: (slot) => presences.get(slot),
    close: () => db.close(),
  }
}

const toView = (row: Record<string, unknown>): EpisodeView => JSON.parse(String(row['text'])) as EpisodeView

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS episode (
    id TEXT PRIMARY KEY, startMs INTEGER NOT NULL, open INTEGER NOT NULL, gateway TEXT NOT NULL, row INTEGER NOT NULL, text TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS byStart ON episode (startMs DESC, id DESC);
  CREATE INDEX IF NOT EXISTS byOpen ON episode (open) WHERE open = 1;
  CREATE TABLE IF NOT EXISTS event (
    episode TEXT, position INTEGER, place INTEGER, receivedMs INTEGER NOT NULL, text TEXT NOT NULL,
    PRIMARY KEY (episode, position, place)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS presence (slot TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS correction (reading TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS applied (site TEXT, gateway TEXT, epoch TEXT, row INTEGER NOT NULL, PRIMARY KEY (site, gateway, epoch)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS waiting (site TEXT, gateway TEXT, text TEXT NOT NULL, PRIMARY KEY (site, gateway)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS cursor (id INTEGER PRIMARY KEY, position INTEGER NOT NULL);
  PRAGMA user_version = 1;
`

const prepare = (db: DatabaseSync) => ({
  find: db.prepare('SELECT text FROM episode WHERE id = ?'),
  open: db.prepare('SELECT row, text FROM episode WHERE open = 1'),
  put: db.prepare(
    'INSERT OR REPLACE INTO episode (id, startMs, open, gateway, row, text) VALUES (?, ?, ?, ?, ?, ?)',
  ),
  list: db.prepare(
    `SELECT text FROM episode WHERE startMs >= $from AND startMs < $to AND ($open IS NULL OR open = $open)
     AND (startMs < $startMs OR (startMs = $startMs AND id < $id)) ORDER BY startMs DESC, id DESC LIMIT $limit`,
  ),
  event: db.prepare(
    'INSERT OR REPLACE INTO event (episode, position, place, receivedMs, text) VALUES (?, ?, ?, ?, ?)',
  ),
  events: db.prepare('SELECT receivedMs, text FROM event WHERE episode = ? ORDER BY position, place'),
  presences: db.prepare('SELECT slot, text FROM presence'),
  presence: db.prepare('INSERT OR REPLACE INTO presence (slot, text) VALUES (?, ?)'),
  correction: db.prepare('INSERT OR REPLACE INTO correction (reading, text) VALUES (?, ?)'),
  applied: db.prepare('SELECT row FROM applied WHERE site = ? AND gateway = ? AND epoch = ?'),
  setApplied: db.prepare('INSERT OR REPLACE INTO applied (site, gateway, epoch, row) VALUES (?, ?, ?, ?)'),
  wait: db.prepare('INSERT OR REPLACE INTO waiting (site, gateway, text) VALUES (?, ?, ?)'),
  waiting: db.prepare('SELECT text FROM waiting WHERE site = ? AND gateway = ?'),
  unwait: db.prepare('DELETE FROM waiting WHERE site = ? AND gateway = ?'),
  setCursor: db.prepare('INSERT OR REPLACE INTO cursor (id, position) VALUES (1, ?)'),
})
