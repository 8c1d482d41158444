/**
 * Domain time at the gateway. While the system clock is not known (it stands at 1970 after a cold start), `nowMs`
 * runs on monotonically from the latest time the log has seen, and `isKnown` is false.
 */
export type Clock = {
  /** Names this start of the process; monotonic times are comparable within one boot only. */
  readonly boot: string
  /** Domain time, ms UTC; provisional while `isKnown()` is false. */
  nowMs(): number
  /** Domain milliseconds since this boot; never steps. */
  monotonicMs(): number
  isKnown(): boolean
  /** Runs once when the clock becomes known, with the milliseconds to add to provisional times. */
  onKnown(listener: (shiftMs: number) => void): void
  /** Calls back at a domain time, never earlier; a second call replaces the first by the same `Alarm`. */
  createAlarm(onDue: () => void): Alarm
}

export type Alarm = { set(dueMs: number): void; clear(): void }
