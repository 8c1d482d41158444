import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeCobs, encodeCobs } from './cobs.ts'
import { crc32c } from './crc32c.ts'
import { createDeframer } from './deframer.ts'
import type { Frame, MeasurementFrame } from './frame.ts'
import { decodeFrame, encodeFrame, MAX_FRAME_BODY } from './frame.ts'

type Vectors = {
  readonly frames: readonly {
    readonly name: string
    readonly frame: Record<string, unknown>
    readonly wire: string
  }[]
  readonly refused: readonly { readonly name: string; readonly encoded: string; readonly reason: string }[]
  readonly cobs: readonly { readonly decoded: string; readonly encoded: string }[]
}
const vectors = JSON.parse(readFileSync(join(import.meta.dirname, 'vectors/frames.json'), 'utf8')) as Vectors
const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'))
const hex = (data: Uint8Array): string => Buffer.from(data).toString('hex')
const toFrame = (stored: Record<string, unknown>): Frame => {
  const tlvs = stored['tlvs'] as { type: number; value: string }[] | undefined
  return {
    ...stored,
    ...(tlvs !== undefined && { tlvs: tlvs.map(({ type, value }) => ({ type, value: bytes(value) })) }),
  } as Frame
}

describe('golden vectors of another implementation', () => {
  test.each(vectors.frames)('$name is encoded to the same bytes and read back', ({ frame, wire }) => {
    const expected = toFrame(frame)
    expect(hex(encodeFrame(expected))).toBe(wire)
    expect(decodeFrame(bytes(wire).subarray(1, -1))).toEqual({ ok: true, value: expected })
  })

  test.each(vectors.refused)('$name is refused as $reason', ({ encoded, reason }) => {
    expect(decodeFrame(bytes(encoded))).toMatchObject({ ok: false, fault: { reason } })
  })

  test.each(vectors.cobs)('stuffing of $decoded', ({ decoded, encoded }) => {
    expect(hex(encodeCobs(bytes(decoded)))).toBe(encoded)
    expect(hex(decodeCobs(bytes(encoded)) ?? new Uint8Array())).toBe(decoded)
  })
})

// RFC 3720, appendix B.4; the check values stand there in the order in which they are sent.
test.each([
  { name: '32 bytes of zeroes', data: new Uint8Array(32), crc: 0x8a9136aa },
  { name: '32 bytes of ones', data: new Uint8Array(32).fill(0xff), crc: 0x62a8ab43 },
  {
    name: '32 bytes that count up',
    data: Uint8Array.from({ length: 32 }, (_, index) => index),
    crc: 0x46dd794e,
  },
  {
    name: '32 bytes that count down',
    data: Uint8Array.from({ length: 32 }, (_, index) => 31 - index),
    crc: 0x113fdb5c,
  },
])('CRC-32C of $name is that of RFC 3720', ({ data, crc }) => {
  expect(crc32c(data)).toBe(crc)
})

test('stuffing is undone, has no zero byte, and costs one byte in 254', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 1_000 }), (data) => {
      const encoded = encodeCobs(data)
      expect(encoded.includes(0)).toBe(false)
      expect(encoded.length).toBeLessThanOrEqual(data.length + Math.floor(data.length / 254) + 1)
      expect(decodeCobs(encoded)).toEqual(data)
    }),
  )
})

test('no bytes make a reader throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (data) => {
      expect(typeof decodeFrame(data).ok).toBe('boolean')
    }),
    { numRuns: 2_000 },
  )
})

test('a body over the limit is a mistake of the sender', () => {
  const frame = toFrame(vectors.frames[0]!.frame) as MeasurementFrame
  const tooLong = { ...frame, tlvs: [{ type: 1, value: new Uint8Array(MAX_FRAME_BODY) }] }
  expect(() => encodeFrame(tooLong)).toThrow(RangeError)
})

describe('in a stream', () => {
  const good = vectors.frames.map(({ wire }) => bytes(wire))
  const garbage = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    // A frame cut off, and a run without any delimiter that is longer than a frame can be.
    fc.integer({ min: 1, max: 30 }).map((length) => good[0]!.subarray(0, length)),
    fc.integer({ min: 250, max: 900 }).map((length) => new Uint8Array(length).fill(7)),
    // A stuffing code, which is this format's length byte, that points far behind the frame.
    fc.constant(Uint8Array.from([0, 0xfe, 1, 2, 3])),
  )

  test('no good frame is lost to garbage before, between or behind, however the bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(garbage, fc.nat({ max: good.length - 1 })), { minLength: 1, maxLength: 12 }),
        fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 20 }),
        (pieces, cuts) => {
          const stream = Buffer.concat([
            ...pieces.flatMap(([noise, index]) => [noise, good[index]!]),
            Buffer.from([7, 7]),
          ])
          const heard: string[] = []
          const deframer = createDeframer()
          for (let at = 0, turn = 0; at < stream.length; turn++) {
            const length = cuts[turn % cuts.length]!
            deframer.push(
              stream.subarray(at, at + length),
              (encoded) => heard.push(hex(encoded)),
              () => undefined,
            )
            at += length
          }
          const expected = pieces.map(([, index]) => hex(good[index]!.subarray(1, -1)))
          let next = 0
          for (const one of heard) if (one === expected[next]) next++
          expect(next).toBe(expected.length)
        },
      ),
      { numRuns: 300 },
    )
  })

  test('a run without a delimiter is reported once, with its length, and holds no more than a frame', () => {
    const deframer = createDeframer()
    const overruns: number[] = []
    for (let turn = 0; turn < 100; turn++) {
      deframer.push(
        new Uint8Array(1_000).fill(1),
        () => expect.unreachable(),
        (length) => overruns.push(length),
      )
    }
    deframer.push(
      Uint8Array.from([0]),
      () => expect.unreachable(),
      (length) => overruns.push(length),
    )
    expect(overruns).toEqual([100_000])
  })
})
