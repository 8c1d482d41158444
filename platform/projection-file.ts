import { DatabaseSync } from 'node:sqlite'

export type ProjectionFileOptions = {
  readonly version: number
  /** Makes what is not there, so that it can run over tables that were kept. */
  readonly schema: string
  /** Tables of what the log does not say, which stay from one version to the next. */
  readonly kept?: readonly string[]
  /** Of a file that is not there yet. */
  readonly pageBytes?: number
}

/**
 * Opens the file of something made from the log. A file of another version is emptied, its cursor with it, and so is
 * made again. A file that is of this version already is not written to: one that another process has locked can still
 * be read.
 */
export const openProjectionFile = (
  file: string,
  { version, schema, kept = [], pageBytes }: ProjectionFileOptions,
): DatabaseSync => {
  const db = new DatabaseSync(file)
  if (pageBytes !== undefined) db.exec(`PRAGMA page_size = ${pageBytes}`)
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL')
  if (Number(db.prepare('PRAGMA user_version').get()?.['user_version']) === version) return db
  const tables = db
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")
    .all()
    .map((row) => String(row['name']))
    .filter((name) => !kept.includes(name))
  const drops = tables.map((name) => `DROP TABLE "${name}";`).join('')
  db.exec(`BEGIN; ${drops} ${schema} PRAGMA user_version = ${version}; COMMIT`)
  return db
}
