import type { DatabaseSync } from 'node:sqlite'
import type {
  ActiveMessage,
  Episode,
  EpisodeDetail,
  EpisodeEvent,
  EpisodeState,
  EpisodeView,
  GatewayEvent,
  Presence,
  PresenceChange,
  Result,
  Seen,
  SlotSeries,
} from '@clearlane/protocol'
import { fault, ok } from '@clearlane/protocol'
import type { StoredEntry } from '../log/log.ts'
import type { Projection } from '../projection.ts'
import { openProjectionFile } from '../projection-file.ts'
import { createPresenceBook, PRESENCE_SCHEMA } from './presence-book.ts'
import { reconcile } from './reconcile.ts'
import type { SeenBook } from './seen.ts'
import { MAX_SEEN } from './seen.ts'

/** Episodes and presences as the gateways last said them: the highest revision wins, in whatever order they come. */
export type Episodes = Projection & {
  find(id: string): EpisodeDetail | undefined
  list(query: EpisodesQuery): { readonly items: readonly EpisodeView[]; readonly next: string | undefined }
  count(filter: EpisodesFilter): number
  open(): readonly EpisodeView[]
  /** Writes down who has seen an episode, at most once a name. */
  see(id: string, seen: Seen): Result<EpisodeView>
  presence(slot: string): SlotPresence | undefined
  /** What a slot was from one time to another, beginning with what held at the first. */
  presences(slot: string, fromMs: number, toMs: number): readonly PresenceChange[]
  /** The transitions of a section's episodes: of each kind the one with the highest revision, the newest if too many. */
  marks(section: string, fromMs: number, toMs: number): SlotSeries['marks']
  close(): void
}
export type EpisodesFilter = {
  readonly lane?: string | undefined
  readonly section?: string | undefined
  readonly state?: EpisodeState | undefined
  readonly fromMs?: number | undefined
  readonly toMs?: number | undefined
}
export type EpisodesQuery = EpisodesFilter & {
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
/** As the log says it. Who has seen it stands elsewhere. */
type StoredView = Omit<EpisodeView, 'seen'>

export const MAX_MARKS = 2_000

export const openEpisodes = (
  file: string,
  seenBook: SeenBook,
  onChange: (changes: EpisodeChanges) => void,
): Episodes => {
  const db = openProjectionFile(file, { version: 2, schema: SCHEMA })
  const statements = prepare(db)
  const presenceBook = createPresenceBook(db)
  const withSeen = (view: StoredView): EpisodeView => ({ ...view, seen: [...seenBook.of(view.episode.id)] })
  const toView = (row: Record<string, unknown>): EpisodeView =>
    withSeen(JSON.parse(String(row['text'])) as StoredView)
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

  const put = (view: StoredView, row: number): void => {
    const { episode } = view
    const { id, lane, end, confirmed } = episode
    const before = stored(id)
    if (before !== undefined)
      for (const place of placesOf(before.episode)) statements.unlist.run(place, startOf(before), id)
    for (const place of placesOf(episode))
      statements.list.run(place, startOf(view), id, lane, toState(episode), confirmed ? 1 : 0)
    statements.put.run(id, end === undefined ? 1 : 0, row, JSON.stringify(view))
    const next = withSeen(view)
    if (end === undefined) {
      open.set(id, next)
      rowOf.set(id, row)
    } else {
      open.delete(id)
      rowOf.delete(id)
    }
    changedEpisodes.set(id, next)
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
        for (const section of event.episode.sections) {
          const { id, revision } = event.episode
          statements.mark.run(section, id, event.transition, event.atMs ?? source.receivedMs, revision)
        }
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
        presenceBook.add(
          {
            slot: event.slot,
            gateway: source.gateway,
            epoch: source.epoch,
            revision: event.revision,
            atMs: event.sinceMs ?? source.receivedMs,
            presence: event.presence,
            evidence: event.evidence,
          },
          source.receivedMs,
        )
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
      const { gateway, epoch, receivedMs } = source
      const forgotten: SlotPresence = { gateway, epoch, presence: 'unknown', revision: 0, sinceMs: undefined }
      const evidence = { slot, reason: 'its gateway has a new log and knows nothing of it yet' }
      presenceBook.add({ ...forgotten, slot, atMs: receivedMs, evidence }, receivedMs)
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
    list: ({ limit, cursor: after, ...filter }) => {
      const [startMs, id] = after?.split('~') ?? []
      const bounds = toBounds(filter)
      // Behind the cursor, or before the end of the span, whichever is earlier.
      const isBehind = startMs !== undefined && Number(startMs) < bounds.to
      const items = statements.page[filter.state ?? 'any']
        .all({ ...bounds, ...(isBehind && { to: Number(startMs), id: id ?? '' }), limit })
        .map(toView)
      const last = items.at(-1)
      const next =
        last === undefined || items.length < limit ? undefined : `${startOf(last)}~${last.episode.id}`
      return { items, next }
    },
    count: (filter) => Number(statements.count[filter.state ?? 'any'].get(toBounds(filter))?.['count']),
    open: () => [...open.values()],
    see: (id, seen) => {
      const view = stored(id)
      if (view === undefined) return fault('not-found', 'there is no such episode')
      if (!seenBook.add(id, seen))
        return fault('seen-full', `${MAX_SEEN} people have seen it; no more names are kept`)
      const next = withSeen(view)
      if (next.seen.length === view.seen.length) return ok(next)
      if (open.has(id)) open.set(id, next)
      onChange({ episodes: [next], slots: [] })
      return ok(next)
    },
    presence: (slot) => presences.get(slot),
    presences: presenceBook.list,
    marks: (section, fromMs, toMs) =>
      statements.marks
        .all(section, fromMs, toMs, MAX_MARKS)
        .map((row) => ({
          atMs: Number(row['atMs']),
          transition: String(row['transition']) as EpisodeEvent['transition'],
          episode: String(row['episode']),
        }))
        .reverse(),
    close: () => db.close(),
  }
}

const startOf = ({ episode, firstReceivedMs }: StoredView): number => episode.detectedMs ?? firstReceivedMs
const toState = (episode: Episode): Exclude<EpisodeState, 'open' | 'alarmed'> => {
  if (episode.end !== undefined) return 'ended'
  if (episode.unobserved) return 'unobserved'
  return episode.confirmed ? 'blocked' : 'pre-alarm'
}

/** Where an episode is listed: for the site, its lane and each of its sections. A slash stands in no id. */
const placesOf = ({ lane, sections }: Episode): string[] => [
  '',
  `lane/${lane}`,
  ...sections.map((section) => `section/${section}`),
]
const toPlace = ({ lane, section }: EpisodesFilter): string => {
  if (section !== undefined) return `section/${section}`
  return lane === undefined ? '' : `lane/${lane}`
}
const toBounds = (filter: EpisodesFilter) => ({
  place: toPlace(filter),
  lane: filter.lane ?? null,
  from: filter.fromMs ?? Number.MIN_SAFE_INTEGER,
  to: filter.toMs ?? Number.MAX_SAFE_INTEGER,
  id: '',
})

/**
 * Lists are read from `listed`, which is in order and holds all that they can be narrowed to; only what is answered is
 * looked up.
 */
const SCHEMA = `
  CREATE TABLE episode (
    id TEXT PRIMARY KEY, open INTEGER NOT NULL, row INTEGER NOT NULL, text TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE listed (
    place TEXT, startMs INTEGER, id TEXT, lane TEXT NOT NULL, state TEXT NOT NULL, confirmed INTEGER NOT NULL,
    PRIMARY KEY (place, startMs, id)
  ) WITHOUT ROWID;
  CREATE TABLE mark (
    section TEXT, episode TEXT, transition TEXT, atMs INTEGER NOT NULL, revision INTEGER NOT NULL,
    PRIMARY KEY (section, episode, transition)
  ) WITHOUT ROWID;
  CREATE INDEX markByTime ON mark (section, atMs);
  CREATE INDEX byOpen ON episode (open) WHERE open = 1;
  CREATE TABLE event (
    episode TEXT, position INTEGER, place INTEGER, receivedMs INTEGER NOT NULL, text TEXT NOT NULL,
    PRIMARY KEY (episode, position, place)
  ) WITHOUT ROWID;
  CREATE TABLE presence (slot TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE correction (reading TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE applied (site TEXT, gateway TEXT, epoch TEXT, row INTEGER NOT NULL, PRIMARY KEY (site, gateway, epoch)) WITHOUT ROWID;
  CREATE TABLE waiting (site TEXT, gateway TEXT, text TEXT NOT NULL, PRIMARY KEY (site, gateway)) WITHOUT ROWID;
  CREATE TABLE cursor (id INTEGER PRIMARY KEY, position INTEGER NOT NULL);
  ${PRESENCE_SCHEMA}
`

const CONDITIONS: Readonly<Record<EpisodeState | 'any', string>> = {
  any: '1',
  open: "state <> 'ended'",
  blocked: "state = 'blocked'",
  'pre-alarm': "state = 'pre-alarm'",
  unobserved: "state = 'unobserved'",
  ended: "state = 'ended'",
  alarmed: 'confirmed = 1',
}
const inState = (state: EpisodeState | 'any'): string =>
  `FROM listed WHERE place = $place AND startMs >= $from AND (startMs, id) < ($to, $id)
   AND ($lane IS NULL OR lane = $lane) AND ${CONDITIONS[state]}`

const ofStates = <T>(make: (state: EpisodeState | 'any') => T) => ({
  any: make('any'),
  open: make('open'),
  blocked: make('blocked'),
  'pre-alarm': make('pre-alarm'),
  unobserved: make('unobserved'),
  ended: make('ended'),
  alarmed: make('alarmed'),
})

const prepare = (db: DatabaseSync) => ({
  find: db.prepare('SELECT text FROM episode WHERE id = ?'),
  open: db.prepare('SELECT row, text FROM episode WHERE open = 1'),
  put: db.prepare('INSERT OR REPLACE INTO episode (id, open, row, text) VALUES (?, ?, ?, ?)'),
  list: db.prepare('INSERT OR REPLACE INTO listed VALUES (?, ?, ?, ?, ?, ?)'),
  unlist: db.prepare('DELETE FROM listed WHERE place = ? AND startMs = ? AND id = ?'),
  page: ofStates((state) =>
    db.prepare(
      `SELECT text FROM (SELECT id AS found, startMs ${inState(state)} ORDER BY startMs DESC, id DESC LIMIT $limit)
       JOIN episode ON id = found ORDER BY startMs DESC, id DESC`,
    ),
  ),
  count: ofStates((state) => db.prepare(`SELECT count(*) AS count ${inState(state)}`)),
  mark: db.prepare(
    `INSERT INTO mark VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE
     SET atMs = excluded.atMs, revision = excluded.revision WHERE excluded.revision > revision`,
  ),
  marks: db.prepare(
    `SELECT atMs, transition, episode FROM mark WHERE section = ? AND atMs >= ? AND atMs < ?
     ORDER BY atMs DESC, revision DESC LIMIT ?`,
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
