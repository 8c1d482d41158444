import { statSync } from 'node:fs'
import { SerialPort } from 'serialport'
import type { Port, PortEvents } from './port.ts'

const REOPEN_MS = 500

/** A serial device that may be pulled and put back: opened again until it is there. */
export const openSerialPort = (
  { path, baud }: { readonly path: string; readonly baud: number },
  { onConnect, onDisconnect, onBytes }: PortEvents,
): Port => {
  let port: SerialPort | undefined
  let isOpen = false
  let opened: string | undefined
  let isClosed = false
  const identity = (): string | undefined => {
    const stat = statSync(path, { throwIfNoEntry: false })
    return stat === undefined ? undefined : `${stat.dev}:${stat.ino}:${stat.rdev}`
  }
  const lose = (): void => {
    const lost = port
    port = undefined
    lost?.removeAllListeners()
    lost?.on('error', () => undefined)
    if (lost?.isOpen === true) lost.close(() => undefined)
    if (!isOpen) return
    isOpen = false
    onDisconnect()
  }
  const open = (): void => {
    const next = new SerialPort({ path, baudRate: baud, autoOpen: false })
    port = next
    next.on('data', onBytes)
    next.once('close', lose)
    next.on('error', lose)
    next.open((cause) => {
      if (port !== next) return
      if (cause !== null) {
        lose()
        return
      }
      isOpen = true
      opened = identity()
      onConnect()
    })
  }
  const timer = setInterval(() => {
    if (isClosed) return
    if (isOpen && identity() !== opened) lose()
    if (port === undefined && identity() !== undefined) open()
  }, REOPEN_MS)
  open()
  return {
    write: (bytes) => {
      if (isOpen) port?.write(bytes)
    },
    unsentBytes: () => (isOpen ? (port?.writableLength ?? 0) : 0),
    close: async () => {
      isClosed = true
      clearInterval(timer)
      lose()
    },
  }
}
