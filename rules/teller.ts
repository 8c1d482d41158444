import type { Episode, EpisodeEvent, Evidence, PresenceEvent, Transition } from '@clearlane/protocol'
import { toReadingKeyText } from '@clearlane/protocol'
import type { LaneView, SettledRecord, SlotView } from './estate.ts'
import type { EpisodeRecord } from './lane-machine.ts'
import { toEvidence } from './slot-machine.ts'

/**
 * Remembers what was last told of each episode and slot, and says what is different now. After a restart it is the
 * same difference, so recovery is no second path.
 */
export type Teller = {
  /** The events that bring what was told of a lane to what its live records say. */
  tellLane(view: LaneView, decidedMs: number): EpisodeEvent[]
  tellSlot(view: SlotView, decidedMs: number): PresenceEvent | undefined
  /** A record that can no longer change: the ids of what need not be remembered any more. */
  forget(settled: SettledRecord): string[]
  openEpisodes(): Episode[]
  find(episode: string, lane?: string): Told | undefined
  presences(): Iterable<ToldPresence>
  /** Everything remembered, to be stored with the events and handed back at the next start. */
  told(): Iterable<Told>
}

/** What was last told of one episode, as it was told. */
export type Told = {
  readonly lane: string
  readonly section: string
  readonly episode: Episode
  /** Time of the detection that gave it its id. A later revision may begin earlier. */
  readonly namedMs: number
  /** Detection and end by the rules' own reckoning, also while the times are not told for want of a clock. */
  readonly fromMs: number
  readonly toMs: number
}

/** What was last told of one slot. */
type ToldPresence = Pick<PresenceEvent, 'slot' | 'presence' | 'sinceMs' | 'revision'>

export type TellerOptions = {
  /** Names the gateway's log; part of every id made here. */
  readonly epoch: string
  readonly told?: Iterable<Told>
  readonly presences?: Iterable<ToldPresence>
  /** False for times that no known clock has dated: they are not told. */
  readonly isDated: (atMs: number) => boolean
}

export const createTeller = (options: TellerOptions): Teller => {
  const { epoch, isDated } = options
  const toldOfLane = new Map<string, Map<string, Told>>()
  const toldPresence = new Map<string, ToldPresence>()
  const rememberPresence = ({ slot, presence, sinceMs, revision }: ToldPresence): void => {
    toldPresence.set(slot, { slot, presence, sinceMs, revision })
  }
  const ofLane = (lane: string): Map<string, Told> => {
    const known = toldOfLane.get(lane)
    if (known !== undefined) return known
    const created = new Map<string, Told>()
    toldOfLane.set(lane, created)
    return created
  }
  for (const told of options.told ?? []) ofLane(told.lane).set(told.episode.id, told)
  for (const event of options.presences ?? []) rememberPresence(event)

  /**
   * The episode that each ended record was told as. The rules change no record after its end, they make a new one: so
   * what stands here has nothing to say, and a lane's cost is that of its open records, however much has ended in it.
   */
  const toldEnds = new WeakMap<EpisodeRecord, string>()

  const tellRecord = (lane: string, record: EpisodeRecord, told: Told | undefined, decidedMs: number) => {
    const events: EpisodeEvent[] = []
    const ownId = toEpisodeId(record, epoch)
    const whole = toEpisode(told?.episode.id ?? ownId, lane, record, isDated)
    let revision = told?.episode.revision ?? 0
    for (const transition of toTransitions(told?.episode, whole)) {
      revision++
      events.push(toEvent(transition, { ...whole, revision }, record, decidedMs, isDated))
    }
    if (events.length > 0) {
      ofLane(lane).set(whole.id, {
        lane,
        section: record.section,
        episode: { ...whole, revision },
        namedMs: told === undefined || whole.id === ownId ? record.detectedMs : told.namedMs,
        fromMs: record.detectedMs,
        toMs: record.endedMs ?? Number.POSITIVE_INFINITY,
      })
    }
    if (record.end !== undefined) toldEnds.set(record, whole.id)
    return events
  }

  const tellVoided = (told: Told, decidedMs: number): EpisodeEvent => {
    const episode: Episode = {
      ...told.episode,
      revision: told.episode.revision + 1,
      end: 'voided',
      unobserved: false,
    }
    // Kept until it settles: should the same reading detect it again, its revision goes on from here.
    ofLane(told.lane).set(episode.id, { ...told, episode })
    return {
      kind: 'episode',
      transition: 'voided',
      ...(episode.detectedMs !== undefined && { atMs: episode.detectedMs }),
      decidedMs,
      episode,
      evidence: [{ slot: told.section, reason: 'a late reading shows that it was not so' }],
    }
  }

  return {
    tellLane: ({ lane, records }, decidedMs) => {
      const free = new Map(ofLane(lane))
      const untold = records.filter((record) => {
        const id = toldEnds.get(record)
        if (id !== undefined) free.delete(id)
        return id === undefined
      })
      const { pairs, gone } = match(untold, free, epoch)
      return [
        ...pairs.flatMap(([record, known]) => tellRecord(lane, record, known, decidedMs)),
        ...gone.filter((one) => one.episode.end !== 'voided').map((one) => tellVoided(one, decidedMs)),
      ]
    },
    tellSlot: ({ slot, section, change }, decidedMs) => {
      if (change === undefined) return undefined
      const told = toldPresence.get(slot)
      const sinceMs = isDated(change.atMs) ? change.atMs : undefined
      if (told?.presence === change.presence && told.sinceMs === sinceMs) return undefined
      const event: PresenceEvent = {
        kind: 'presence',
        slot,
        section,
        presence: change.presence,
        revision: (told?.revision ?? 0) + 1,
        ...(sinceMs !== undefined && { sinceMs }),
        decidedMs,
        evidence: toEvidence(change),
      }
      rememberPresence(event)
      return event
    },
    forget: ({ lane, record }) => {
      const told = ofLane(lane)
      const gone = [...told.values()].filter(
        (one) =>
          one.section === record.section &&
          (one.episode.end === 'voided' ? one.namedMs < record.detectedMs : one.fromMs === record.detectedMs),
      )
      for (const one of gone) told.delete(one.episode.id)
      return gone.map((one) => one.episode.id)
    },
    openEpisodes: () =>
      [...toldOfLane.values()]
        .flatMap((told) => [...told.values()])
        .map((told) => told.episode)
        .filter((episode) => episode.end === undefined),
    find: (episode, lane) => {
      if (lane !== undefined) return toldOfLane.get(lane)?.get(episode)
      for (const told of toldOfLane.values()) {
        const one = told.get(episode)
        if (one !== undefined) return one
      }
      return undefined
    },
    presences: () => toldPresence.values(),
    told: () => [...toldOfLane.values()].flatMap((told) => [...told.values()]),
  }
}

/**
 * The reading that first detected it names it, for good. The epoch stands in it because a re-imaged gateway, which
 * has forgotten the revisions it told, may meet the same reading again.
 */
const toEpisodeId = (record: EpisodeRecord, epoch: string): string => {
  const first = record.firstReading
  const name =
    first === undefined
      ? `${record.section.slice(0, MAX_SECTION_LENGTH)}-${record.detectedMs}`
      : toReadingKeyText(first)
  return `${name}-${epoch}`
}
/** An id has room for 64 characters: time and epoch take 24 of them with their dashes. */
const MAX_SECTION_LENGTH = 40

/** The episode as the record has it now; its revision is set by whoever tells it. */
const toEpisode = (
  id: string,
  lane: string,
  record: EpisodeRecord,
  isDated: (atMs: number) => boolean,
): Episode => {
  const dated = <Name extends string>(
    name: Name,
    atMs: number | undefined,
  ): { readonly [N in Name]?: number } =>
    atMs !== undefined && isDated(atMs) ? ({ [name]: atMs } as { readonly [N in Name]: number }) : {}
  return {
    id,
    revision: 1,
    lane,
    sections: [record.section],
    suspect: 'unknown',
    ...dated('detectedMs', record.detectedMs),
    confirmed: record.confirmedMs !== undefined,
    ...dated('confirmedMs', record.confirmedMs),
    ...dated('escalatedMs', record.escalatedMs),
    unobserved: record.unobservedMs !== undefined,
    ...dated('unobservedMs', record.unobservedMs),
    ...(record.end !== undefined && { end: record.end }),
    ...dated('endedMs', record.endedMs),
    ...(record.endedBy !== undefined && { endedBy: record.endedBy }),
    ...(record.endReason !== undefined && { endReason: record.endReason }),
    rulesVersion: record.rulesVersion,
    layoutVersion: record.layoutVersion,
  }
}

/** The transitions that lead from what was told to what is; where only times moved, one revision that says so. */
const toTransitions = (told: Episode | undefined, whole: Episode): Transition[] => {
  const transitions: Transition[] = []
  if (told === undefined) transitions.push('detected')
  if (told?.unobserved === true && !whole.unobserved && whole.end === undefined) transitions.push('resumed')
  if (whole.confirmed && told?.confirmed !== true) transitions.push('confirmed')
  if (whole.escalatedMs !== undefined && told?.escalatedMs === undefined) transitions.push('escalated')
  if (whole.unobserved && told?.unobserved !== true) transitions.push('unobserved')
  if (whole.end !== undefined && told?.end !== whole.end) transitions.push(whole.end)
  if (transitions.length > 0 || told === undefined || isEqual(told, whole)) return transitions
  return [told.confirmed && !whole.confirmed ? 'detected' : 'extended']
}

/** Equal in what people are told; versions and revision aside. */
const isEqual = (a: Episode, b: Episode): boolean =>
  a.detectedMs === b.detectedMs &&
  a.confirmed === b.confirmed &&
  a.confirmedMs === b.confirmedMs &&
  a.escalatedMs === b.escalatedMs &&
  a.unobserved === b.unobserved &&
  a.unobservedMs === b.unobservedMs &&
  a.end === b.end &&
  a.endedMs === b.endedMs

const timeOf = (transition: Transition, record: EpisodeRecord): number | undefined => {
  switch (transition) {
    case 'detected':
    case 'extended':
    case 'voided':
      return record.detectedMs
    case 'confirmed':
      return record.confirmedMs
    case 'escalated':
      return record.escalatedMs
    case 'unobserved':
      return record.unobservedMs
    case 'resumed':
      return record.blockedSinceMs ?? record.vacantSinceMs
    case 'cleared':
    case 'passed':
    case 'ended-by-hand':
      return record.endDecidedMs
  }
}

const toEvent = (
  transition: Transition,
  episode: Episode,
  record: EpisodeRecord,
  decidedMs: number,
  isDated: (atMs: number) => boolean,
): EpisodeEvent => {
  const atMs = timeOf(transition, record)
  return {
    kind: 'episode',
    transition,
    ...(atMs !== undefined && isDated(atMs) && { atMs }),
    decidedMs,
    episode,
    evidence: evidenceOf(transition, record),
  }
}

/** A detection rests on its first piece of evidence, everything later on the newest ones. */
const evidenceOf = (transition: Transition, record: EpisodeRecord): Evidence[] =>
  (transition === 'detected' ? record.evidence.slice(0, 1) : record.evidence.slice(-2)).map(toEvidence)

/**
 * Which told episode is which record: by the id that its first reading gives, else by overlap in the same section, so
 * that a stay keeps its id when a late reading moves its beginning. But a record that ends before that first reading
 * must not take the id: the reading may detect another stay once more of the past is known. Takes out of `free` what
 * it has matched.
 */
const match = (records: readonly EpisodeRecord[], free: Map<string, Told>, epoch: string) => {
  const pairs: [EpisodeRecord, Told | undefined][] = []
  const ordered = [...records].sort((a, b) => a.detectedMs - b.detectedMs || (a.section < b.section ? -1 : 1))
  const unmatched: EpisodeRecord[] = []
  const named = new Map<EpisodeRecord, Told>()
  for (const record of ordered) {
    const known = free.get(toEpisodeId(record, epoch))
    if (known === undefined || known.section !== record.section) {
      unmatched.push(record)
      continue
    }
    named.set(record, known)
    free.delete(known.episode.id)
  }
  for (const record of unmatched) {
    const toMs = record.endedMs ?? Number.POSITIVE_INFINITY
    for (const one of free.values()) {
      if (one.section !== record.section || one.episode.end === 'voided') continue
      if (one.namedMs > toMs || one.toMs < record.detectedMs) continue
      named.set(record, one)
      free.delete(one.episode.id)
      break
    }
  }
  for (const record of ordered) pairs.push([record, named.get(record)])
  return { pairs, gone: [...free.values()] }
}
