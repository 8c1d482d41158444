import { setImmediate } from 'node:timers/promises'
import { toPoints } from '../history/points.ts'
import type { StoredEntry } from '../log/log.ts'
import type { Timer } from '../webhooks/webhooks.ts'
import type { InfluxBook, ParkedLine } from './influx-book.ts'
import { toLine } from './line-protocol.ts'
import type { LineWriter } from './line-writer.ts'
import type { Later } from './write-answer.ts'

/**
 * Writes entries of the log to a server, whatever that takes: one batch at a time, the cursor moved after the answer.
 * A server that is away, full, slow or does not know the token is asked again; lines that it refuses are parked.
 */
export type Follower = {
  /** Resolves when every line stands there or is parked; rejects when it was closed before. */
  apply(entries: readonly StoredEntry[], cursor: number): Promise<void>
  state(): FollowerState
  close(): void
}
/** Times are wall time, ms. */
export type FollowerState = {
  /** Points acknowledged since the start. */
  readonly written: number
  readonly lastWriteMs: number | undefined
  readonly failing: Failing | undefined
  /** What a person has to do that we could not. */
  readonly missing: readonly string[]
  readonly parked: ReturnType<InfluxBook['parked']>
}
export type Failing = {
  readonly sinceMs: number
  readonly attempts: number
  readonly nextMs: number
  readonly reason: string
}
export type FollowerOptions = {
  readonly book: InfluxBook
  readonly writer: LineWriter
  readonly timer: Timer
  readonly onChange: () => void
}

type Line = { readonly text: string; readonly position: number }

const MAX_BATCH_LINES = 5_000
const MAX_BATCH_BYTES = 4 * 1024 * 1024
/** So few lines a server takes, or it is not the lines. */
const MIN_SLOW_LINES = 100
const TURN_EVERY_BYTES = 128 * 1024
const FIRST_RETRY_MS = 1_000
const MAX_RETRY_MS = 60_000

export const createFollower = ({ book, writer, timer, onChange }: FollowerOptions): Follower => {
  const closing = new AbortController()
  let batchLines = MAX_BATCH_LINES
  let isPrepared = false
  let written = 0
  let lastWriteMs: number | undefined
  let failing: Failing | undefined
  let missing: readonly string[] = []
  let parked = book.parked()

  const waitAfter = async ({ reason, afterMs }: Later): Promise<void> => {
    const attempts = (failing?.attempts ?? 0) + 1
    const backoffMs = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** (attempts - 1))
    const waitMs = Math.min(MAX_RETRY_MS, Math.max(backoffMs, afterMs))
    const nowMs = timer.nowMs()
    failing = { sinceMs: failing?.sinceMs ?? nowMs, attempts, nextMs: nowMs + waitMs, reason }
    onChange()
    await timer.wait(waitMs, closing.signal)
    closing.signal.throwIfAborted()
  }

  const noteAnswer = (): void => {
    if (failing === undefined) return
    failing = undefined
    onChange()
  }

  const prepare = async (): Promise<void> => {
    while (!isPrepared) {
      const preparation = await writer.prepare()
      closing.signal.throwIfAborted()
      if (preparation.kind === 'later') {
        await waitAfter(preparation)
        continue
      }
      isPrepared = true
      missing = preparation.missing
      onChange()
    }
  }

  /** Those that were refused. What is refused as a whole is looked at by halves, until the refused lines are alone. */
  const deliver = async (lines: readonly Line[]): Promise<ParkedLine[]> => {
    for (;;) {
      await prepare()
      const answer = await writer.write(lines.map(({ text }) => text))
      closing.signal.throwIfAborted()
      switch (answer.kind) {
        case 'taken':
          noteAnswer()
          written += lines.length
          lastWriteMs = timer.nowMs()
          if (lines.length >= batchLines) batchLines = Math.min(MAX_BATCH_LINES, 2 * batchLines)
          return []
        case 'refused':
          noteAnswer()
          if (lines.length === 1 || answer.dropped === lines.length)
            return lines.map((line) => park(line.position, line.text, answer.reason))
          return deliverHalves(lines)
        case 'later':
          if (answer.isOurs) isPrepared = false
          await waitAfter(answer)
          if (!answer.isSlow || lines.length <= MIN_SLOW_LINES) break
          batchLines = Math.max(MIN_SLOW_LINES, Math.min(batchLines, Math.ceil(lines.length / 2)))
          return deliverHalves(lines)
      }
    }
  }

  const deliverHalves = async (lines: readonly Line[]): Promise<ParkedLine[]> => {
    const middle = Math.ceil(lines.length / 2)
    const left = await deliver(lines.slice(0, middle))
    return [...left, ...(await deliver(lines.slice(middle)))]
  }

  const park = (position: number, line: string, reason: string): ParkedLine => ({
    position,
    line,
    reason,
    atMs: timer.nowMs(),
  })

  return {
    apply: async (entries, cursor) => {
      const refused: ParkedLine[] = []
      let sending: Promise<void> = Promise.resolve()
      let batch: Line[] = []
      let bytes = 0
      let sinceTurn = 0
      /** The next batch is made while the server has the last one. */
      const send = async (): Promise<void> => {
        await sending
        const lines = batch
        batch = []
        bytes = 0
        sending = deliver(lines).then((found) => void refused.push(...found))
        // It is awaited before the next one and at the end; until then its failure is nobody's.
        sending.catch(() => undefined)
      }
      for (const entry of entries) {
        const { position } = entry
        for (const point of toPoints(entry)) {
          const line = toLine(point)
          if (!line.ok) {
            refused.push(park(position, JSON.stringify(point), line.fault.detail))
            continue
          }
          batch.push({ text: line.value, position })
          bytes += line.value.length
          if (batch.length >= batchLines || bytes >= MAX_BATCH_BYTES) await send()
        }
        sinceTurn += entry.text.length
        if (sinceTurn < TURN_EVERY_BYTES) continue
        // The connection has its turn.
        sinceTurn = 0
        await setImmediate()
        closing.signal.throwIfAborted()
      }
      if (batch.length > 0) await send()
      await sending
      book.moveTo(cursor, refused)
      if (refused.length > 0) parked = book.parked()
    },
    state: () => ({ written, lastWriteMs, failing, missing, parked }),
    close: () => {
      closing.abort()
      writer.close()
    },
  }
}
