import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeFrame } from './frame.ts'
import { readOldestHeld, readSignal, toOldestHeldTlv, toSignalTlv } from './values.ts'

const { frames } = JSON.parse(readFileSync(join(import.meta.dirname, 'vectors/frames.json'), 'utf8')) as {
  readonly frames: readonly { readonly name: string; readonly wire: string }[]
}
const tlvsOf = (name: string) => {
  const wire = Buffer.from(frames.find((one) => one.name === name)!.wire, 'hex')
  const decoded = decodeFrame(wire.subarray(1, -1))
  return decoded.ok && decoded.value.kind === 'heartbeat' ? decoded.value.tlvs : []
}

test('the values of another implementation are read', () => {
  expect(readSignal(tlvsOf('a heartbeat with the signal heard'))).toEqual({ rssiDbm: -137.5, snrDb: -7.5 })
  expect(readOldestHeld(tlvsOf('a heartbeat with the oldest reading held'))).toEqual({
    boot: 7,
    sequence: 512,
  })
})

test('what is written is read again, among other values, and wherever its bytes lie', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: -1_500, max: 300 }),
      fc.integer({ min: -300, max: 300 }),
      fc.nat({ max: 0xffff }),
      fc.nat({ max: 0xffff_ffff }),
      (rssi, snr, boot, sequence) => {
        const signal = { rssiDbm: rssi / 10, snrDb: snr / 10 }
        const tlvs = [
          { type: 1, value: new Uint8Array(6) },
          toOldestHeldTlv({ boot, sequence }),
          toSignalTlv(signal),
        ]
        const moved = tlvs.map(({ type, value }) => ({ type, value: Uint8Array.of(9, ...value).subarray(1) }))
        expect(readSignal(moved)).toEqual(signal)
        expect(readOldestHeld(moved)).toEqual({ boot, sequence })
      },
    ),
  )
})

test('a value of another length is none of this version', () => {
  expect(readSignal([{ type: 7, value: new Uint8Array(3) }])).toBeUndefined()
  expect(readOldestHeld([{ type: 8, value: new Uint8Array(7) }])).toBeUndefined()
  expect(readSignal([])).toBeUndefined()
})
