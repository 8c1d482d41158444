import type { Tlv } from './frame.ts'

/** Values of a frame's tail that this version knows. All little-endian. */
const SIGNAL = 7
const OLDEST_HELD = 8

/** How a radio heard its peer: strength in dBm and signal to noise in dB, both in steps of 0.1. */
export type Signal = { readonly rssiDbm: number; readonly snrDb: number }
/** The oldest reading that a device still holds. */
export type OldestHeld = { readonly boot: number; readonly sequence: number }

const SIGNAL_LENGTH = 4
const OLDEST_HELD_LENGTH = 6
const STEPS_PER_DB = 10

/** `rssi i16 │ snr i16`, both in 0.1 dB. */
export const toSignalTlv = ({ rssiDbm, snrDb }: Signal): Tlv => {
  const view = new DataView(new ArrayBuffer(SIGNAL_LENGTH))
  view.setInt16(0, Math.round(rssiDbm * STEPS_PER_DB), true)
  view.setInt16(2, Math.round(snrDb * STEPS_PER_DB), true)
  return { type: SIGNAL, value: new Uint8Array(view.buffer) }
}

export const readSignal = (tlvs: readonly Tlv[]): Signal | undefined => {
  const view = viewOf(tlvs, SIGNAL, SIGNAL_LENGTH)
  if (view === undefined) return undefined
  return { rssiDbm: view.getInt16(0, true) / STEPS_PER_DB, snrDb: view.getInt16(2, true) / STEPS_PER_DB }
}

/** `boot u16 │ sequence u32`. */
export const toOldestHeldTlv = ({ boot, sequence }: OldestHeld): Tlv => {
  const view = new DataView(new ArrayBuffer(OLDEST_HELD_LENGTH))
  view.setUint16(0, boot, true)
  view.setUint32(2, sequence, true)
  return { type: OLDEST_HELD, value: new Uint8Array(view.buffer) }
}

export const readOldestHeld = (tlvs: readonly Tlv[]): OldestHeld | undefined => {
  const view = viewOf(tlvs, OLDEST_HELD, OLDEST_HELD_LENGTH)
  return view === undefined ? undefined : { boot: view.getUint16(0, true), sequence: view.getUint32(2, true) }
}

/** The first value of a type, if it has the length that this version knows. */
const viewOf = (tlvs: readonly Tlv[], type: number, length: number): DataView | undefined => {
  for (const { type: own, value } of tlvs) {
    if (own === type && value.length === length)
      return new DataView(value.buffer, value.byteOffset, value.byteLength)
  }
  return undefined
}
