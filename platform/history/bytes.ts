/** Unsigned integers of seven bits a byte, lowest first; the high bit says that another byte follows. */
export type ByteWriter = {
  byte(value: number): void
  varint(value: number): void
  varints(values: Float64Array): void
  double(value: number): void
  bytes(value: Uint8Array): void
  length(): number
  take(): Uint8Array
}

const FIRST_BYTES = 4_096
/** 2^53 - 1 takes eight bytes of seven bits. */
const MAX_VARINT_BYTES = 8

export const createByteWriter = (): ByteWriter => {
  let buffer = Buffer.allocUnsafe(FIRST_BYTES)
  let at = 0
  const reserve = (bytes: number): void => {
    if (at + bytes <= buffer.length) return
    const grown = Buffer.allocUnsafe(Math.max(buffer.length * 2, at + bytes))
    buffer.copy(grown, 0, 0, at)
    buffer = grown
  }
  const put = (value: number): void => {
    let rest = value
    // Bit operations are of 32 bits only.
    while (rest > 0x7fff_ffff) {
      buffer[at++] = (rest % 128) | 128
      rest = Math.floor(rest / 128)
    }
    while (rest > 127) {
      buffer[at++] = (rest & 127) | 128
      rest >>>= 7
    }
    buffer[at++] = rest
  }
  return {
    byte: (value) => {
      reserve(1)
      buffer[at++] = value
    },
    varint: (value) => {
      reserve(MAX_VARINT_BYTES)
      put(value)
    },
    varints: (values) => {
      reserve(MAX_VARINT_BYTES * values.length)
      for (let index = 0; index < values.length; index++) put(values[index]!)
    },
    double: (value) => {
      reserve(8)
      at = buffer.writeDoubleLE(value, at)
    },
    bytes: (value) => {
      reserve(value.length)
      buffer.set(value, at)
      at += value.length
    },
    length: () => at,
    take: () => {
      const taken = Uint8Array.prototype.slice.call(buffer, 0, at)
      at = 0
      return taken
    },
  }
}

export const varintLength = (value: number): number => {
  if (value < 0x80) return 1
  if (value < 0x4000) return 2
  if (value < 0x20_0000) return 3
  if (value < 0x1000_0000) return 4
  let length = 5
  for (let rest = value / 0x8_0000_0000; rest >= 1; rest /= 128) length++
  return length
}

export type ByteReader = {
  byte(): number
  varint(): number
  double(): number
  bytes(length: number): Uint8Array
}

/** Bytes behind the end read as zeros: what reads them has seen their checksum. */
export const createByteReader = (buffer: Uint8Array, from = 0): ByteReader => {
  const view = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength)
  let at = from
  return {
    byte: () => buffer[at++] ?? 0,
    varint: () => {
      let byte = buffer[at++] ?? 0
      if (byte < 128) return byte
      let value = byte & 127
      let shift = 7
      do {
        byte = buffer[at++] ?? 0
        if (shift < 28) value |= (byte & 127) << shift
        else value += (byte & 127) * 2 ** shift
        shift += 7
      } while (byte > 127)
      return value
    },
    double: () => {
      at += 8
      return view.getFloat64(at - 8, true)
    },
    bytes: (length) => buffer.subarray(at, (at += length)),
  }
}
