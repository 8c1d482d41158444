import type { Rows } from './outbox.ts'

/** A message's worth of readings as JSON text, in memory that another thread reads in place; used again and again. */
export type Chunk = {
  /** Empties it: the next reading added has row `first`. */
  start(first: number): void
  /** False where it does not fit any more. */
  add(text: string): boolean
  isFull(): boolean
  /** What is in it; valid until it is started again. */
  rows(): Rows
  textOf(row: number): string | undefined
}

/** A reading is about 450 bytes of JSON. A message of longer ones holds fewer of them. */
const BYTES_PER_READING = 512
const MAX_BYTES_PER_CHARACTER = 3
const COMMA = 0x2c

export const createChunk = (maxReadings: number): Chunk => {
  const bytes = Buffer.from(new SharedArrayBuffer(maxReadings * BYTES_PER_READING))
  /** Where each reading's text ends. */
  const ends = new Uint32Array(maxReadings)
  let first = 0
  let count = 0
  const endOf = (index: number): number => (index < 0 ? 0 : ends[index]!)

  return {
    start: (row) => {
      first = row
      count = 0
    },
    add: (text) => {
      const end = endOf(count - 1)
      const from = count === 0 ? 0 : end + 1
      if (count === maxReadings || from + text.length * MAX_BYTES_PER_CHARACTER > bytes.length) return false
      if (count > 0) bytes[end] = COMMA
      ends[count++] = from + bytes.write(text, from)
      return true
    },
    isFull: () => count === maxReadings,
    rows: () => ({ first, count, json: bytes.subarray(0, endOf(count - 1)) }),
    textOf: (row) => {
      const index = row - first
      if (index < 0 || index >= count) return undefined
      return bytes.toString('utf8', index === 0 ? 0 : endOf(index - 1) + 1, endOf(index))
    },
  }
}
