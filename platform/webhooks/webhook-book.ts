import { DatabaseSync } from 'node:sqlite'
import type { NoticeWord } from './notice.ts'

/**
 * What was to be said to each webhook and what became of it, synced at each word: an alarm that was to be told is told
 * after a restart, and none twice. Times are wall time, ms.
 */
export type WebhookBook = {
  find(webhook: string, episode: string, stage: 'alarm' | 'end'): Delivery | undefined
  /** Puts it behind what waits for this webhook already; the same again changes nothing. */
  add(delivery: Pick<Delivery, 'webhook' | 'episode' | 'stage' | 'word' | 'madeMs'>): void
  /** The oldest that waits. */
  next(webhook: string): Delivery | undefined
  note(id: number, outcome: Pick<Delivery, 'state' | 'attempts' | 'dueMs' | 'reason'>, nowMs: number): void
  /** Episodes of which an alarm was told, or is to be, and no end yet. */
  unended(webhook: string): string[]
  tally(webhook: string): Tally
  /** Forgets what has been over since before this time. */
  forget(beforeMs: number): void
  close(): void
}
export type Delivery = {
  readonly id: number
  readonly webhook: string
  readonly episode: string
  readonly stage: 'alarm' | 'end'
  readonly word: NoticeWord
  readonly state: DeliveryState
  readonly madeMs: number
  readonly dueMs: number
  readonly attempts: number
  /** Why the last attempt failed. */
  readonly reason: string | undefined
}
/** `overtaken`: it ended before anyone could be told that it had begun, so nobody is told of either. */
export type DeliveryState = 'waiting' | 'sent' | 'given-up' | 'overtaken'
export type Tally = {
  readonly waiting: number
  readonly sent: number
  readonly lastSentMs: number | undefined
  readonly givenUp: readonly (Pick<Delivery, 'episode' | 'word' | 'madeMs'> & { readonly reason: string })[]
}

const MAX_LISTED = 20

export const openWebhookBook = (file: string): WebhookBook => {
  const db = new DatabaseSync(file)
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
  db.exec(`
    CREATE TABLE IF NOT EXISTS delivery (
      id INTEGER PRIMARY KEY, webhook TEXT NOT NULL, episode TEXT NOT NULL, stage TEXT NOT NULL, word TEXT NOT NULL,
      state TEXT NOT NULL DEFAULT 'waiting', madeMs INTEGER NOT NULL, dueMs INTEGER NOT NULL,
      attempts INTEGER NOT NULL DEFAULT 0, reason TEXT, overMs INTEGER, UNIQUE (webhook, episode, stage)
    );
    CREATE INDEX IF NOT EXISTS byState ON delivery (webhook, state, id);
    PRAGMA user_version = 1;
  `)
  const find = db.prepare('SELECT * FROM delivery WHERE webhook = ? AND episode = ? AND stage = ?')
  const add = db.prepare(
    'INSERT OR IGNORE INTO delivery (webhook, episode, stage, word, madeMs, dueMs) VALUES (?, ?, ?, ?, ?, ?)',
  )
  const next = db.prepare(
    "SELECT * FROM delivery WHERE webhook = ? AND state = 'waiting' ORDER BY id LIMIT 1",
  )
  const note = db.prepare(
    'UPDATE delivery SET state = ?, attempts = ?, dueMs = ?, reason = ?, overMs = ? WHERE id = ?',
  )
  const unended = db.prepare(
    `SELECT episode FROM delivery AS one WHERE webhook = ? AND stage = 'alarm' AND state IN ('waiting', 'sent')
     AND NOT EXISTS (SELECT 1 FROM delivery WHERE webhook = one.webhook AND episode = one.episode AND stage = 'end')`,
  )
  const count = db.prepare(
    'SELECT count(*) AS count, max(overMs) AS overMs FROM delivery WHERE webhook = ? AND state = ?',
  )
  const givenUp = db.prepare(
    `SELECT * FROM delivery WHERE webhook = ? AND state = 'given-up' ORDER BY id DESC LIMIT ${MAX_LISTED}`,
  )
  const forget = db.prepare('DELETE FROM delivery WHERE overMs < ?')
  return {
    find: (webhook, episode, stage) => toDelivery(find.get(webhook, episode, stage)),
    add: ({ webhook, episode, stage, word, madeMs }) => {
      add.run(webhook, episode, stage, word, madeMs, madeMs)
    },
    next: (webhook) => toDelivery(next.get(webhook)),
    note: (id, { state, attempts, dueMs, reason }, nowMs) => {
      note.run(state, attempts, dueMs, reason ?? null, state === 'waiting' ? null : nowMs, id)
    },
    unended: (webhook) => unended.all(webhook).map((row) => String(row['episode'])),
    tally: (webhook) => {
      const sent = count.get(webhook, 'sent')
      const lastSentMs = sent?.['overMs']
      return {
        waiting: Number(count.get(webhook, 'waiting')?.['count']),
        sent: Number(sent?.['count']),
        lastSentMs: typeof lastSentMs === 'number' ? lastSentMs : undefined,
        givenUp: givenUp.all(webhook).map((row) => ({
          episode: String(row['episode']),
          word: String(row['word']) as NoticeWord,
          madeMs: Number(row['madeMs']),
          reason: String(row['reason']),
        })),
      }
    },
    forget: (beforeMs) => {
      forget.run(beforeMs)
    },
    close: () => db.close(),
  }
}

const toDelivery = (row: Record<string, unknown> | undefined): Delivery | undefined =>
  row === undefined
    ? undefined
    : {
        id: Number(row['id']),
        webhook: String(row['webhook']),
        episode: String(row['episode']),
        stage: String(row['stage']) as Delivery['stage'],
        word: String(row['word']) as NoticeWord,
        state: String(row['state']) as DeliveryState,
        madeMs: Number(row['madeMs']),
        dueMs: Number(row['dueMs']),
        attempts: Number(row['attempts']),
        reason: typeof row['reason'] === 'string' ? row['reason'] : undefined,
      }
