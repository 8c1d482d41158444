import type { StoredEntry } from './log.ts'

/** Entries of rows of the log's table, up to the one whose text reaches `maxBytes` in sum. */
export const takeEntries = (
  rows: Iterable<Record<string, unknown>>,
  maxBytes = Number.POSITIVE_INFINITY,
): StoredEntry[] => {
  const entries: StoredEntry[] = []
  let bytes = 0
  for (const row of rows) {
    const entry = toEntry(row)
    entries.push(entry)
    bytes += entry.text.length
    if (bytes >= maxBytes) break
  }
  return entries
}

const toEntry = (row: Record<string, unknown>): StoredEntry => ({
  position: Number(row['position']),
  site: String(row['site']),
  gateway: String(row['gateway']),
  epoch: String(row['epoch']),
  channel: String(row['channel']) as StoredEntry['channel'],
  first: Number(row['first']),
  last: Number(row['last']),
  receivedMs: Number(row['receivedMs']),
  text: String(row['text']),
})
