import type { Presence, Reading, ReadingKey } from '@clearlane/protocol'

/**
 * What the rules keep of a reading while it may still be reordered. `atMs` is event time, ms UTC; field in nT.
 * `row` is the reading's place in the gateway's log, or 0 where there is no log.
 */
export type Sample = ReadingKey & {
  readonly slot: string
  readonly row: number
  readonly atMs: number
  readonly xNt: number
  readonly yNt: number
  readonly zNt: number
  readonly opinion: Presence | undefined
  /** `atMs` is a guess that a known clock will correct. */
  readonly isProvisional: boolean
}

export const toSample = (reading: Reading, row: number, atMs: number, isProvisional = false): Sample => ({
  device: reading.device,
  session: reading.session,
  counter: reading.counter,
  slot: reading.slot,
  row,
  atMs,
  xNt: reading.xNt,
  yNt: reading.yNt,
  zNt: reading.zNt,
  opinion: reading.opinion,
  isProvisional,
})

/** A total order within one slot: event time, then session, counter and device, so that any arrival order sorts alike. */
export const compareSamples = (a: Sample, b: Sample): number =>
  a.atMs - b.atMs ||
  a.session - b.session ||
  a.counter - b.counter ||
  (a.device < b.device ? -1 : a.device > b.device ? 1 : 0)
