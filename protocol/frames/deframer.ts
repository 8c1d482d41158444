import { MAX_FRAME_ENCODED } from './frame.ts'

export type Deframer = {
  /** Takes bytes as they come and hands out what stands between two zero bytes, in order. */
  push(bytes: Uint8Array, onFrame: (encoded: Uint8Array) => void, onOverrun: (bytes: number) => void): void
}

/**
 * Splits a stream at 00. Whatever stands between two delimiters is one candidate, so garbage costs itself and
 * never the good frame behind it. Memory is bounded by one frame: a longer run without a delimiter is dropped
 * up to the next one and reported once, with its length.
 */
export const createDeframer = (): Deframer => {
  const held = new Uint8Array(MAX_FRAME_ENCODED)
  let length = 0
  let overrun = 0
  return {
    push: (bytes, onFrame, onOverrun) => {
      let from = 0
      while (from < bytes.length) {
        const zeroAt = bytes.indexOf(0, from)
        const to = zeroAt === -1 ? bytes.length : zeroAt
        if (overrun === 0 && length + to - from <= held.length) {
          held.set(bytes.subarray(from, to), length)
          length += to - from
        } else {
          overrun += length + to - from
          length = 0
        }
        if (zeroAt === -1) return
        if (overrun > 0) onOverrun(overrun)
        else if (length > 0) onFrame(held.subarray(0, length))
        length = 0
        overrun = 0
        from = zeroAt + 1
      }
    },
  }
}
