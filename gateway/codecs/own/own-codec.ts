import type { Fault, Frame } from '@clearlane/protocol'
import { createDeframer, decodeFrame } from '@clearlane/protocol'

/** A good frame with its bytes as they stood between the delimiters. */
export type HeardFrame = { readonly frame: Exclude<Frame, { kind: 'ack' }>; readonly raw: Uint8Array }

export type OwnCodec = { push(bytes: Uint8Array): void }

/**
 * Bytes of our own firmware to frames. What is no frame is refused with its reason and costs nothing else. One
 * codec a port: it holds at most one unfinished frame.
 */
export const createOwnCodec = (
  onFrame: (heard: HeardFrame) => void,
  refuse: (fault: Fault) => void,
): OwnCodec => {
  const deframer = createDeframer()
  const take = (encoded: Uint8Array): void => {
    const decoded = decodeFrame(encoded)
    if (!decoded.ok) {
      refuse({
        reason: decoded.fault.reason,
        detail: `${decoded.fault.detail}: ${Buffer.from(encoded).toString('hex')}`,
      })
    } else if (decoded.value.kind === 'ack') {
      refuse({
        reason: 'frame-direction',
        detail: 'an acknowledgement came from the devices, it should go to them',
      })
    } else {
      onFrame({ frame: decoded.value, raw: encoded })
    }
  }
  const overrun = (bytes: number): void =>
    refuse({ reason: 'frame-too-long', detail: `${bytes} bytes without a delimiter` })
  return { push: (bytes) => deframer.push(bytes, take, overrun) }
}
