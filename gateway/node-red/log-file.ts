import { appendFileSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** Two files of at most this size: what flows write to the log must not fill the disk of the gateway's own logs. */
const MAX_BYTES = 1024 * 1024
const MAX_LINE = 2_000

type Entry = { readonly level: number; readonly type?: string; readonly name?: string; readonly msg: unknown }

/** Takes one entry of Node-RED's log. */
export const createLogFile = (folder: string): ((entry: Entry) => void) => {
  const file = join(folder, 'node-red.log')
  let bytes = sizeOf(file)
  return ({ type, name, msg }) => {
    const text = msg instanceof Error ? (msg.stack ?? msg.message) : String(msg)
    const who = type === undefined ? '' : `[${type}${name === undefined ? '' : `:${name}`}] `
    const line = `${new Date().toISOString()} ${who}${text.slice(0, MAX_LINE)}\n`
    if (bytes + line.length > MAX_BYTES) {
      renameSync(file, `${file}.1`)
      bytes = 0
    }
    appendFileSync(file, line, { mode: 0o600 })
    bytes += line.length
  }
}

const sizeOf = (file: string): number => {
  try {
    return statSync(file).size
  } catch {
    return 0
  }
}
