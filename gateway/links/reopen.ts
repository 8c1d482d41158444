import type { MonoTypeOperatorFunction } from 'rxjs'
import { retry, tap, timer } from 'rxjs'

const FIRST_DELAY_MS = 500
const MAX_DELAY_MS = 10_000

/** Opens a lost port again, with growing pauses that start anew once bytes have come. Wall time. */
export const reopen = <T>(onLost: (cause: unknown) => void): MonoTypeOperatorFunction<T> => {
  let attempt = 0
  return (source) =>
    source.pipe(
      tap(() => {
        attempt = 0
      }),
      retry({
        delay: (cause) => {
          onLost(cause)
          return timer(Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** attempt++))
        },
      }),
    )
}
