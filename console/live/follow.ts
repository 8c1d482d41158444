import { LiveEventSchema } from '@clearlane/protocol'
import type { Change } from './state.ts'

/** Longer than two of the server's signs of life. */
const SILENT_AFTER_MS = 12_000
const FIRST_DELAY_MS = 1_000
const MAX_DELAY_MS = 10_000

/** Follows the live feed for good: whoever is silent for too long is asked anew. Returns how to stop. */
export const followLive = (url: string, take: (change: Change) => void): (() => void) => {
  let source: EventSource | undefined
  let watchdog: number | undefined
  let attempt = 0
  let isStopped = false

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
    source = new EventSource(url)
    source.onmessage = ({ data }: MessageEvent<string>) => {
      attempt = 0
      watch()
      const event = LiveEventSchema.safeParse(JSON.parse(data))
      if (event.success) take({ kind: 'live', event: event.data, counterMs: performance.now() })
    }
    source.onerror = lose
    watch()
  }
  open()
  return () => {
    isStopped = true
    source?.close()
    window.clearTimeout(watchdog)
  }
}
