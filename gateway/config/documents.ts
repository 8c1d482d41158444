import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Fault, Layout, Result, RuleSet } from '@clearlane/protocol'
import { checkLanes, fault, ok, parseLayout, parseRuleSet } from '@clearlane/protocol'

/** The two documents that configure a site, as they stand on the gateway's disk. */
export type Documents = { readonly layout: Layout; readonly rules: RuleSet }

const FILE = 'site.json'

/** The documents on disk; undefined before the centre has sent any. A damaged file is a fault, not a crash. */
export const readDocuments = (folder: string): Result<Documents | undefined> => {
  let text: string
  try {
    text = readFileSync(join(folder, FILE), 'utf8')
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return ok(undefined)
    return fault('documents-unreadable', cause instanceof Error ? cause.message : String(cause))
  }
  try {
    return parseDocuments(JSON.parse(text))
  } catch (cause) {
    return fault('documents-unreadable', `${FILE}: ${cause instanceof Error ? cause.message : String(cause)}`)
  }
}

export const parseDocuments = (value: unknown): Result<Documents> => {
  if (typeof value !== 'object' || value === null || !('layout' in value) || !('rules' in value)) {
    return fault('config-shape', 'a configuration has a layout and rules')
  }
  const layout = parseLayout(value.layout)
  if (!layout.ok) return layout
  const rules = parseRuleSet(value.rules)
  if (!rules.ok) return rules
  const lanes = checkLanes(rules.value, layout.value)
  return lanes.ok ? ok({ layout: layout.value, rules: rules.value }) : lanes
}

/** Refuses what is older than what is in force, so that a late message cannot turn the site back. */
export const checkNewer = (
  next: Documents,
  present: Documents | undefined,
): Result<'newer' | 'same', Fault> => {
  if (present === undefined) return ok('newer')
  for (const [name, nextVersion, version] of [
    ['layout', next.layout.version, present.layout.version],
    ['rules', next.rules.version, present.rules.version],
  ] as const) {
    if (nextVersion < version)
      return fault('config-older', `${name} version ${nextVersion}: version ${version} is in force`)
  }
  const isSame =
    next.layout.version === present.layout.version && next.rules.version === present.rules.version
  return ok(isSame ? 'same' : 'newer')
}

/**
 * Replaces the file as a whole: a power cut leaves the old one or the new one. A full disk, or a document that is
 * nested too deeply to be written, leaves the old one too.
 */
export const writeDocuments = (folder: string, documents: Documents): Result<undefined> => {
  const path = join(folder, FILE)
  const next = `${path}.next`
  try {
    writeSynced(next, JSON.stringify(documents))
    renameSync(next, path)
    syncFolder(folder)
    return ok(undefined)
  } catch (cause) {
    return fault('config-not-kept', `${FILE}: ${cause instanceof Error ? cause.message : String(cause)}`)
  }
}

const writeSynced = (path: string, text: string): void => {
  const file = openSync(path, 'w', 0o600)
  try {
    writeFileSync(file, text)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

const syncFolder = (folder: string): void => {
  const opened = openSync(folder, 'r')
  fsyncSync(opened)
  closeSync(opened)
}
