import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { installNodeRed } from './node-red.ts'

/** `npm run node-red-install`: Node-RED is not part of the first installation, because few boxes want it. */
try {
  installNodeRed(dirname(dirname(fileURLToPath(import.meta.url))), (text) =>
    process.stderr.write(`${text}\n`),
  )
} catch (cause) {
  process.stderr.write(`${cause instanceof Error ? cause.message : String(cause)}\n`)
  process.exitCode = 1
}
