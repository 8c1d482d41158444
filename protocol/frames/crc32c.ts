/** CRC-32C (Castagnoli), reflected polynomial 0x82f63b78, as RFC 3720 appendix B.4 tests it. */
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f6_3b78 : crc >>> 1
  return crc
})

/** The check value of `bytes[from..to)`, unsigned 32 bit. */
export const crc32c = (bytes: Uint8Array, from = 0, to = bytes.length): number => {
  let crc = 0xffff_ffff
  for (let at = from; at < to; at++) crc = (crc >>> 8) ^ TABLE[(crc ^ bytes[at]!) & 0xff]!
  return ~crc >>> 0
}
