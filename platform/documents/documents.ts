import { DatabaseSync } from 'node:sqlite'
import type { Layout, Result, RuleSet } from '@clearlane/protocol'
import { checkLanes, fault, ok, parseLayout, parseRuleSet } from '@clearlane/protocol'

/** The two documents of a site, every version of each. */
export type Documents = {
  layout(): Layout
  rules(): RuleSet
  /** Puts a next version in force; `expectedVersion` is the one it was made from. */
  putLayout(value: unknown, expectedVersion: number, nowMs: number): Result<Layout>
  putRules(value: unknown, expectedVersion: number, nowMs: number): Result<RuleSet>
  onChange(listener: () => void): void
  close(): void
}

/** Opens the documents; on a first start they are seeded with the given ones. */
export const openDocuments = (
  file: string,
  seed: { readonly layout: Layout; readonly rules: RuleSet },
  nowMs: number,
): Documents => {
  const db = new DatabaseSync(file)
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
  db.exec(`
    CREATE TABLE IF NOT EXISTS document (
      kind TEXT, version INTEGER, atMs INTEGER NOT NULL, text TEXT NOT NULL, PRIMARY KEY (kind, version)
    ) WITHOUT ROWID;
    PRAGMA user_version = 1;
  `)
  const newest = db.prepare('SELECT text FROM document WHERE kind = ? ORDER BY version DESC LIMIT 1')
  const insert = db.prepare('INSERT INTO document (kind, version, atMs, text) VALUES (?, ?, ?, ?)')
  const load = <T>(kind: string, fallback: T & { readonly version: number }): T => {
    const row = newest.get(kind)
    if (row !== undefined) return JSON.parse(String(row['text'])) as T
    insert.run(kind, fallback.version, nowMs, JSON.stringify(fallback))
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
    insert.run(kind, next.version, atMs, JSON.stringify(next))
    return ok(next)
  }
  const tell = (): void => {
    for (const listener of listeners) listener()
  }

  return {
    layout: () => layout,
    rules: () => rules,
    putLayout: (value, expectedVersion, atMs) => {
      const check = (next: Layout) => checkLanes(rules, next)
      const done = put('layout', parseLayout(value), layout, check, expectedVersion, atMs)
      if (!done.ok) return done
      layout = done.value
      tell()
      return done
    },
    putRules: (value, expectedVersion, atMs) => {
      const check = (next: RuleSet) => checkLanes(next, layout)
      const done = put('rules', parseRuleSet(value), rules, check, expectedVersion, atMs)
      if (!done.ok) return done
      rules = done.value
      tell()
      return done
    },
    onChange: (listener) => {
      listeners.push(listener)
    },
    close: () => db.close(),
  }
}
