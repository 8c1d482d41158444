/** A stream of uniform numbers in [0, 1) that depends on its name alone, so that one more stream shifts no other. */
export type Random = () => number

/** sfc32 (Chris Doty-Humphrey's small fast counter, 128 bits of state), seeded by a hash of the name. */
export const createRandom = (name: string): Random => {
  let [a, b, c, d] = [hash(`${name}/a`), hash(`${name}/b`), hash(`${name}/c`), 1]
  const next = (): number => {
    const t = (a + b + d) | 0
    d = (d + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + t
    c |= 0
    return (t >>> 0) / 0x1_0000_0000
  }
  for (let round = 0; round < 12; round++) next()
  return next
}

/** FNV-1a, 32 bit. */
export const hash = (text: string): number => {
  let value = 0x811c_9dc5
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x0100_0193)
  return value >>> 0
}

/** A standard normal number (Box and Muller, 1958). */
export const gaussian = (random: Random): number =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())

/** A normal number for the n-th sample of a stream, without any state to keep. */
export const gaussianAt = (stream: number, index: number): number => {
  const first = mix(stream ^ Math.imul(index, 0x9e37_79b1))
  const second = mix(first ^ 0x85eb_ca6b)
  return (
    Math.sqrt(-2 * Math.log((first + 1) / 0x1_0000_0001)) * Math.cos((2 * Math.PI * second) / 0x1_0000_0000)
  )
}

/** The finalizer of MurmurHash3. */
const mix = (value: number): number => {
  let mixed = value ^ (value >>> 16)
  mixed = Math.imul(mixed, 0x85eb_ca6b)
  mixed ^= mixed >>> 13
  mixed = Math.imul(mixed, 0xc2b2_ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}
