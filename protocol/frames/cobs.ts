/**
 * Consistent Overhead Byte Stuffing (Cheshire and Baker, 1999): a body without a zero byte, at the cost of one
 * byte in 254. The delimiter 00 is not part of the encoded form.
 */
export const encodeCobs = (body: Uint8Array): Uint8Array => {
  const encoded = new Uint8Array(body.length + Math.floor(body.length / 254) + 1)
  let codeAt = 0
  let at = 1
  for (const [index, byte] of body.entries()) {
    if (byte !== 0) encoded[at++] = byte
    const isFull = byte !== 0 && at - codeAt === 0xff && index < body.length - 1
    if (byte === 0 || isFull) {
      encoded[codeAt] = at - codeAt
      codeAt = at++
    }
  }
  encoded[codeAt] = at - codeAt
  return encoded.subarray(0, at)
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
