import { createHash } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import type { Layout, LayoutVersion, PlanType, Result, RuleSet } from '@clearlane/protocol'
import {
  checkLanes,
  fault,
  findLaneLeftOut,
  ok,
  parseLayout,
  parseRuleSet,
  PlanTypeSchema,
} from '@clearlane/protocol'

/** What people made for a site: its two documents in every version, since when gateways have them, the plan's image. */
export type Documents = {
  layout(): Layout
  rules(): RuleSet
  layoutOf(version: number): Layout | undefined
  /** Newest first. */
  layoutVersions(): LayoutVersion[]
  /** A gateway says that it has a version of the layout in force; true when it says so for the first time. */
  noteInForce(gateway: string, version: number, nowMs: number): boolean
  /** Puts a next version in force; `expectedVersion` is the one it was made from. */
  putLayout(value: unknown, expectedVersion: number, nowMs: number, by: string): Result<Layout>
  putRules(value: unknown, expectedVersion: number, nowMs: number): Result<RuleSet>
  onChange(listener: () => void): void
  plan(): Plan | undefined
  putPlan(type: PlanType, bytes: Uint8Array): void
  /** False when there is none. */
  dropPlan(): boolean
  close(): void
}
/** The image under the plan; `tag` is another for every other image. */
export type Plan = { readonly type: PlanType; readonly tag: string; readonly read: () => Uint8Array }

export const MAX_LISTED_VERSIONS = 1_000
/** Who made the versions that no person made, or that were made before names were written down. */
const NOBODY = 'platform'

/** Opens the documents; on a first start they are seeded with the given ones. */
export const openDocuments = (
  file: string,
  seed: { readonly layout: Layout; readonly rules: RuleSet },
  nowMs: number,
): Documents => {
  const db = new DatabaseSync(file)
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
  migrate(db)
  const newest = db.prepare('SELECT text FROM document WHERE kind = ? ORDER BY version DESC LIMIT 1')
  const find = db.prepare("SELECT text FROM document WHERE kind = 'layout' AND version = ?")
  const versions = db.prepare(
    "SELECT version, atMs, by FROM document WHERE kind = 'layout' ORDER BY version DESC LIMIT ?",
  )
  const insert = db.prepare('INSERT INTO document (kind, version, atMs, text, by) VALUES (?, ?, ?, ?, ?)')
  const inForce = db.prepare('SELECT version, gateway, sinceMs FROM inForce ORDER BY sinceMs, gateway')
  const isInForce = db.prepare('SELECT 1 FROM inForce WHERE version = ? AND gateway = ?')
  const setInForce = db.prepare('INSERT INTO inForce (version, gateway, sinceMs) VALUES (?, ?, ?)')
  const plan = db.prepare('SELECT type, tag FROM plan')
  const planBytes = db.prepare('SELECT bytes FROM plan')
  const putPlan = db.prepare('INSERT OR REPLACE INTO plan (id, type, tag, bytes) VALUES (1, ?, ?, ?)')
  const dropPlan = db.prepare('DELETE FROM plan')
  const load = <T>(kind: string, fallback: T & { readonly version: number }): T => {
    const row = newest.get(kind)
    if (row !== undefined) return JSON.parse(String(row['text'])) as T
    insert.run(kind, fallback.version, nowMs, JSON.stringify(fallback), NOBODY)
    return fallback
  }
  let layout = load<Layout>('layout', seed.layout)
  let rules = load<RuleSet>('rules', seed.rules)
  const listeners: (() => void)[] = []

  type Document = { readonly version: number; readonly site: string }
  /** Stores the next version. `check` says whether it fits the other document: a gateway takes both or neither. */
  const put = <T extends Document>(
    kind: string,
    parsed: Result<T>,
    present: T,
    check: (next: T) => Result<undefined>,
    expectedVersion: number,
    atMs: number,
    by: string,
  ): Result<T> => {
    if (!parsed.ok) return parsed
    if (parsed.value.site !== present.site)
      return fault('other-site', `site: this is ${present.site}, not ${parsed.value.site}`)
    const checked = check(parsed.value)
    if (!checked.ok) return checked
    if (expectedVersion !== present.version) {
      return fault(
        'version-conflict',
        `version ${present.version} is in force, not ${expectedVersion}: read it again and repeat the change`,
      )
    }
    const next = { ...parsed.value, version: present.version + 1 }
    insert.run(kind, next.version, atMs, JSON.stringify(next), by)
    return ok(next)
  }
  const tell = (): void => {
    for (const listener of listeners) listener()
  }

  return {
    layout: () => layout,
    rules: () => rules,
    layoutOf: (version) => {
      const row = find.get(version)
      return row === undefined ? undefined : (JSON.parse(String(row['text'])) as Layout)
    },
    layoutVersions: () => {
      const byVersion = Map.groupBy(inForce.all(), (row) => Number(row['version']))
      return versions.all(MAX_LISTED_VERSIONS).map((row) => {
        const version = Number(row['version'])
        const gateways = byVersion.get(version) ?? []
        return {
          version,
          atMs: Number(row['atMs']),
          by: String(row['by']),
          inForce: gateways.map((one) => ({
            gateway: String(one['gateway']),
            sinceMs: Number(one['sinceMs']),
          })),
        }
      })
    },
    noteInForce: (gateway, version, atMs) => {
      // What a gateway says of a version that was never made here is not written down.
      if (isInForce.get(version, gateway) !== undefined || find.get(version) === undefined) return false
      setInForce.run(version, gateway, atMs)
      return true
    },
    putLayout: (value, expectedVersion, atMs, by) => {
      const check = (next: Layout): Result<undefined> => {
        const lane = findLaneLeftOut(rules, next)
        return lane === undefined
          ? ok(undefined)
          : fault('lane-has-rules', `lanes.${lane}: it has rules of its own: take them out first, or keep it`)
      }
      const done = put('layout', parseLayout(value), layout, check, expectedVersion, atMs, by)
      if (!done.ok) return done
      layout = done.value
      tell()
      return done
    },
    putRules: (value, expectedVersion, atMs) => {
      const check = (next: RuleSet) => checkLanes(next, layout)
      const done = put('rules', parseRuleSet(value), rules, check, expectedVersion, atMs, NOBODY)
      if (!done.ok) return done
      rules = done.value
      tell()
      return done
    },
    onChange: (listener) => {
      listeners.push(listener)
    },
    plan: () => {
      const row = plan.get()
      if (row === undefined) return undefined
      return {
        type: PlanTypeSchema.parse(row['type']),
        tag: String(row['tag']),
        read: () => {
          const bytes = planBytes.get()?.['bytes']
          return bytes instanceof Uint8Array ? bytes : new Uint8Array()
        },
      }
    },
    putPlan: (type, bytes) => {
      putPlan.run(type, `"${createHash('sha256').update(bytes).digest('hex')}"`, bytes)
    },
    dropPlan: () => dropPlan.run().changes > 0,
    close: () => db.close(),
  }
}

/** These are what people made, so a file of an older version is brought on, and nothing of it is lost. */
const migrate = (db: DatabaseSync): void => {
  const version = Number(db.prepare('PRAGMA user_version').get()?.['user_version'])
  if (version === VERSION) return
  if (version > VERSION)
    throw new Error(`documents: version ${version} is newer than this platform's ${VERSION}`)
  db.exec('BEGIN')
  if (version < 1)
    db.exec(`
      CREATE TABLE document (
        kind TEXT, version INTEGER, atMs INTEGER NOT NULL, text TEXT NOT NULL, PRIMARY KEY (kind, version)
      ) WITHOUT ROWID;
    `)
  db.exec(`
    ALTER TABLE document ADD COLUMN by TEXT NOT NULL DEFAULT '${NOBODY}';
    CREATE TABLE inForce (
      version INTEGER, gateway TEXT, sinceMs INTEGER NOT NULL, PRIMARY KEY (version, gateway)
    ) WITHOUT ROWID;
    CREATE TABLE plan (id INTEGER PRIMARY KEY, type TEXT NOT NULL, tag TEXT NOT NULL, bytes BLOB NOT NULL);
    PRAGMA user_version = ${VERSION};
    COMMIT;
  `)
}
const VERSION = 2
