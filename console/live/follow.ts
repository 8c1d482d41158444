import { LiveEventSchema } from '@clearlane/protocol'
import { FEED, takeFeed } from './early.ts'
import type { Change } from './state.ts'

/** Longer than two of the server's signs of life. */
const SILENT_AFTER_MS = 12_000
const FIRST_DELAY_MS = 1_000
const MAX_DELAY_MS = 10_000

/** What one message of the feed changes; a newer server may say what this page does not know. */
export const toChange = (data: string, counterMs: number): Change | undefined => {
  const event = LiveEventSchema.safeParse(JSON.parse(data))
  return event.success ? { kind: 'live', event: event.data, counterMs } : undefined
}

/** Follows the live feed for good: whoever is silent for too long is asked anew. Returns how to stop. */
export const followLive = (take: (change: Change) => void): (() => void) => {
  let source: EventSource | undefined
  let watchdog: number | undefined
  let attempt = 0
  let isStopped = false

  const hear = (data: string, counterMs: number): void => {
    const change = toChange(data, counterMs)
    if (change !== undefined) take(change)
  }
  const lose = (): void => {
    source?.close()
    source = undefined
    window.clearTimeout(watchdog)
    if (isStopped) return
    take({ kind: 'lost' })
    window.setTimeout(open, Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** attempt++))
  }
  const watch = (): void => {
    window.clearTimeout(watchdog)
    watchdog = window.setTimeout(lose, SILENT_AFTER_MS)
  }
  function open(): void {
    if (isStopped) return
    const early = takeFeed()
    source = early?.source ?? new EventSource(FEED)
    source.onmessage = ({ data }: MessageEvent<string>) => {
      attempt = 0
      watch()
      hear(data, performance.now())
    }
    source.onerror = lose
    watch()
    for (const { data, counterMs } of early?.said ?? []) hear(data, counterMs)
  }
  open()
  return () => {
    isStopped = true
    source?.close()
    window.clearTimeout(watchdog)
  }
}
