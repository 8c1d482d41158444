/**
 * Consistent Overhead Byte Stuffing (Cheshire and Baker, 1999): a body without a zero byte, at the cost of one
 * byte in 254. The delimiter 00 is not part of the encoded form.
 */
export const encodeCobs = (body: Uint8Array): Uint8Array => {
  const encoded = new Uint8Array(toCobsLength(body.length))
  return encoded.subarray(0, writeCobs(body, encoded, 0))
}

/** The most that a body of this length takes when encoded. */
export const toCobsLength = (bodyLength: number): number => bodyLength + Math.floor(bodyLength / 254) + 1

/** Encodes into `target` from `from` on, and returns the end. */
export const writeCobs = (body: Uint8Array, target: Uint8Array, from: number): number => {
  let codeAt = from
  let at = from + 1
  const last = body.length - 1
  for (let index = 0; index <= last; index++) {
    const byte = body[index]!
    if (byte !== 0) target[at++] = byte
    const isFull = byte !== 0 && at - codeAt === 0xff && index < last
    if (byte === 0 || isFull) {
      target[codeAt] = at - codeAt
      codeAt = at++
    }
  }
  target[codeAt] = at - codeAt
  return at
}

/** The body, or undefined when a block points beyond the end or a zero stands inside. */
export const decodeCobs = (encoded: Uint8Array): Uint8Array | undefined => {
  const body = new Uint8Array(encoded.length)
  let length = 0
  let at = 0
  while (at < encoded.length) {
    const code = encoded[at++]!
    const end = at + code - 1
    if (code === 0 || end > encoded.length) return undefined
    while (at < end) {
      const byte = encoded[at++]!
      if (byte === 0) return undefined
      body[length++] = byte
    }
    if (code < 0xff && at < encoded.length) body[length++] = 0
  }
  return body.subarray(0, length)
}
