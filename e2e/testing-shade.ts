import { Transform } from 'node:stream'
import { createDeframer, decodeFrame, toShortId } from '@clearlane/protocol'

const DELIMITER = Uint8Array.of(0)

/** Where what single sensors say is lost on its way to the gateway, as under a lorry that stands on them. */
export const createShade = () => {
  const shaded = new Set<number>()
  return {
    put: (device: string): void => void shaded.add(toShortId(device)),
    take: (device: string): void => void shaded.delete(toShortId(device)),
    sieve: (): Transform => {
      const deframer = createDeframer()
      return new Transform({
        transform(bytes: Uint8Array, _encoding, done) {
          const pass = (encoded: Uint8Array): void => {
            const frame = decodeFrame(encoded)
            if (!frame.ok || !shaded.has(frame.value.shortId))
              this.push(Buffer.concat([DELIMITER, encoded, DELIMITER]))
          }
          deframer.push(bytes, pass, () => undefined)
          done()
        },
      })
    },
  }
}
