import { DatabaseSync } from 'node:sqlite'
import { openProjectionFile } from '../projection-file.ts'

/**
 * ```
 *  apply ─▶ recent ───────────▶ block, part of a day ───────────▶ block, a whole day ─▶ block, thinned ─▶ gone
 *           a slice, all series  when enough is recent, by series  when the day closes   when it is old
 * ```
 *
 * What stands in two places, because it came twice or the process was killed in between, is read once. Readings without
 * event time wait in `undated` until the clock of their boot is known. Boots are not in the log.
 */
const SCHEMA = `
  CREATE TABLE series (id INTEGER PRIMARY KEY, measurement TEXT NOT NULL, tags TEXT NOT NULL, UNIQUE (measurement, tags));
  CREATE TABLE recent (id INTEGER PRIMARY KEY, measurement TEXT NOT NULL, body BLOB NOT NULL);
  CREATE TABLE block (
    id INTEGER PRIMARY KEY, series INTEGER NOT NULL, day INTEGER NOT NULL, state INTEGER NOT NULL, body BLOB NOT NULL
  );
  CREATE INDEX blockOfSeries ON block (series, day, state);
  CREATE INDEX blockByAge ON block (state, day);
  CREATE TABLE undated (
    series INTEGER, day INTEGER, atMs INTEGER, device TEXT, session INTEGER, counter INTEGER,
    boot TEXT NOT NULL, text TEXT NOT NULL,
    PRIMARY KEY (series, day, atMs, device, session, counter)
  ) WITHOUT ROWID;
  CREATE INDEX undatedOfBoot ON undated (boot);
  CREATE TABLE IF NOT EXISTS boot (boot TEXT PRIMARY KEY, utcMs INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE cursor (
    id INTEGER PRIMARY KEY, position INTEGER NOT NULL, nowMs INTEGER NOT NULL, slice INTEGER NOT NULL
  );
`

/**
 * Parts of a day that is open, also many of them gathered; a whole day, to be thinned when it is old; one that stays as it
 * is. What is damaged stays too, for whoever wants to look at it, until its day is dropped.
 */
export const BLOCK_STATES = { part: 0, gathered: 1, whole: 2, final: 3, damaged: 4 } as const

/** Small pages: a commit writes whole ones, and an SD card lives by how much is written to it. */
const PAGE_BYTES = 1_024

export const openHistoryFile = (file: string): DatabaseSync =>
  openProjectionFile(file, { version: 3, schema: SCHEMA, kept: ['boot'], pageBytes: PAGE_BYTES })

/** For another thread than the one that writes. Fails while there is no file. */
export const openHistoryFileToRead = (file: string): DatabaseSync => {
  const db = new DatabaseSync(file, { readOnly: true })
  db.exec('PRAGMA query_only = ON')
  return db
}
