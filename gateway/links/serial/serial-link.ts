import { statSync } from 'node:fs'
import { Observable } from 'rxjs'
import { SerialPort } from 'serialport'
import type { Link, LinkEvent } from '../link.ts'

export type SerialLinkOptions = { readonly id: string; readonly path: string; readonly baud: number }

const WATCH_EVERY_MS = 1_000
const MAX_UNSENT_BYTES = 64 * 1024

/**
 * A serial device. `serialport` can miss a hang-up and then spin on a port that reads nothing, so a watchdog looks
 * every second whether the path still names the device that was opened, and closes the port when it does not.
 */
export const createSerialLink = ({ id, path, baud }: SerialLinkOptions): Link => ({
  id,
  events$: new Observable<LinkEvent>((subscriber) => {
    const port = new SerialPort({ path, baudRate: baud, autoOpen: false })
    let watchdog: NodeJS.Timeout | undefined
    let opened: string | undefined
    // Without a listener for data the library never notices that the device is gone.
    port.on('data', (bytes: Buffer) => subscriber.next({ kind: 'bytes', bytes }))
    port.once('close', () => subscriber.error(new Error(`${path}: the device is gone`)))
    port.on('error', (cause: Error) => subscriber.error(new Error(`${path}: ${cause.message}`, { cause })))
    port.open((cause) => {
      if (cause !== null) {
        subscriber.error(new Error(`${path}: ${explain(cause.message)}`, { cause }))
        return
      }
      opened = identityOf(path)
      watchdog = setInterval(() => {
        if (identityOf(path) !== opened) subscriber.error(new Error(`${path}: unplugged`))
      }, WATCH_EVERY_MS)
      const send = (bytes: Uint8Array): void => {
        if (port.isOpen && port.writableLength < MAX_UNSENT_BYTES) port.write(bytes)
      }
      subscriber.next({ kind: 'open', send })
    })
    return () => {
      clearInterval(watchdog)
      port.removeAllListeners()
      port.on('error', ignoreAfterClose)
      if (port.isOpen) port.close(ignoreAfterClose)
      else if (port.opening) port.once('open', () => port.close(ignoreAfterClose))
    }
  }),
})

/** Device and inode behind a path: another number means that another device has taken its name. */
const identityOf = (path: string): string | undefined => {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat === undefined ? undefined : `${stat.dev}:${stat.ino}:${stat.rdev}`
}

const explain = (message: string): string =>
  /permission|access/i.test(message)
    ? `${message}; add the user to the group that owns it, often dialout`
    : message

/** Whoever unsubscribed no longer wants to hear how the port ends. */
const ignoreAfterClose = (): void => undefined
