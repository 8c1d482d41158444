import type { DatabaseSync } from 'node:sqlite'
import type { Evidence, Presence, PresenceChange } from '@clearlane/protocol'

/** Every change of presence of each slot, in the tables of whoever opens it. */
export type PresenceBook = {
  add(change: StoredChange, nowMs: number): void
  /** Changes with `from <= time < to`, in order, and before them the one that held at `from`. */
  list(slot: string, fromMs: number, toMs: number): readonly PresenceChange[]
}
export type StoredChange = {
  readonly slot: string
  readonly gateway: string
  readonly epoch: string
  readonly revision: number
  /** Since when it is so: event time, or when the centre received it where no clock is known. */
  readonly atMs: number
  readonly presence: Presence
  readonly evidence: Evidence
}

/** By domain time. Of what is older, each slot keeps the one change that still held then. */
export const PRESENCE_RETENTION_MS = 30 * 86_400_000
/** The newest of a span. A slot that flaps more often than that is not read off a chart. */
export const MAX_LISTED_CHANGES = 5_000

export const PRESENCE_SCHEMA = `
  CREATE TABLE presenceChange (
    slot TEXT, gateway TEXT, epoch TEXT, atMs INTEGER, revision INTEGER NOT NULL, presence TEXT NOT NULL, evidence TEXT NOT NULL,
    PRIMARY KEY (slot, gateway, epoch, atMs)
  ) WITHOUT ROWID;
  CREATE INDEX presenceBySlot ON presenceChange (slot, atMs);
`

/**
 * A gateway's revision says what a slot is now, and since when. So a higher one replaces every lower one that begins
 * at the same time or later, in whatever order they come, and what is left rises in both:
 *
 * ```
 *  revision │           5 ──        4 said "since 30" and was wrong: 5 says "since 20".
 *           │      (4)  ┊           3 is replaced with it, 2 stays.
 *           │  2 ───────┊ (3)
 *           └──10──────20──30──── since
 * ```
 */
export const createPresenceBook = (db: DatabaseSync): PresenceBook => {
  const before = db.prepare(
    `SELECT revision FROM presenceChange WHERE slot = ? AND gateway = ? AND epoch = ? AND atMs <= ?
     ORDER BY atMs DESC LIMIT 1`,
  )
  const replace = db.prepare(
    'DELETE FROM presenceChange WHERE slot = ? AND gateway = ? AND epoch = ? AND atMs >= ? AND revision <= ?',
  )
  const insert = db.prepare('INSERT INTO presenceChange VALUES (?, ?, ?, ?, ?, ?, ?)')
  const heldAt = db.prepare('SELECT max(atMs) AS atMs FROM presenceChange WHERE slot = ? AND atMs <= ?')
  const forget = db.prepare('DELETE FROM presenceChange WHERE slot = ? AND atMs < ?')
  const range = db.prepare(
    `SELECT atMs, presence, evidence FROM presenceChange WHERE slot = ? AND atMs >= ? AND atMs < ?
     ORDER BY atMs DESC, revision DESC LIMIT ?`,
  )
  const heldSince = (slot: string, atMs: number): number =>
    Number(heldAt.get(slot, atMs)?.['atMs'] ?? Number.MIN_SAFE_INTEGER)
  return {
    add: ({ slot, gateway, epoch, revision, atMs, presence, evidence }, nowMs) => {
      const known = before.get(slot, gateway, epoch, atMs)
      if (known !== undefined && Number(known['revision']) >= revision) return
      replace.run(slot, gateway, epoch, atMs, revision)
      insert.run(slot, gateway, epoch, atMs, revision, presence, JSON.stringify(evidence))
      forget.run(slot, heldSince(slot, nowMs - PRESENCE_RETENTION_MS))
    },
    list: (slot, fromMs, toMs) =>
      range
        .all(slot, heldSince(slot, fromMs), toMs, MAX_LISTED_CHANGES)
        .map((row) => ({
          sinceMs: Number(row['atMs']),
          presence: String(row['presence']) as Presence,
          evidence: JSON.parse(String(row['evidence'])) as Evidence,
        }))
        .reverse(),
  }
}
