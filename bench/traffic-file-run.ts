import { closeSync, openSync, writeSync } from 'node:fs'
import { createTraffic, TRAFFIC_START_MS } from './traffic.ts'

/** Writes the bytes of a large estate into a file: `node traffic-file-run.ts FILE SLOTS READINGS`. */
const [path, slots, readings] = [process.argv[2]!, Number(process.argv[3]), Number(process.argv[4])]
const BLOCK = 1_000
const file = openSync(path, 'w')
const next = createTraffic(slots, TRAFFIC_START_MS)
for (let written = 0; written < readings; written += BLOCK) {
  writeSync(file, Buffer.concat(Array.from({ length: Math.min(BLOCK, readings - written) }, next)))
}
closeSync(file)
process.stdout.write('{}\n')
