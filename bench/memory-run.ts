import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { startTestEstate } from '../e2e/testing-estate.ts'
import type { Service } from '../tools/estate.ts'

/**
 * The memory of the default system at rest: `node memory-run.ts SECONDS` runs the demonstration's estate at the speed
 * of life for so long. Prints for each process what stands in RAM, and of that what it does not share with the others;
 * beside it a Node that does nothing. JSON, MB.
 */
const seconds = Number(process.argv[2])
type Memory = { readonly residentMb: number; readonly ownMb: number }

const toMemory = (pid: number): Memory => {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
  const mb = (name: string): number =>
    Number(new RegExp(`^${name}: +(\\d+) kB`, 'm').exec(rollup)?.[1] ?? Number.NaN) / 1_024
  return { residentMb: mb('Rss'), ownMb: mb('Private_Clean') + mb('Private_Dirty') }
}

const idle = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000); console.log("up")'], {
  stdio: ['ignore', 'pipe', 'inherit'],
})
await once(idle.stdout, 'data')
await using estate = await startTestEstate({ speed: 1, forMs: (seconds + 60) * 1_000 })
await new Promise((resolve) => setTimeout(resolve, seconds * 1_000))
const services: Service[] = ['gateway', 'broker', 'platform', 'firmware-sim']
const processes = Object.fromEntries(
  services.map((name) => {
    const pid = estate.child[name].pid()
    if (pid === undefined) throw new Error(`${name} is not running`)
    return [name, toMemory(pid)]
  }),
)
const nothing = toMemory(idle.pid ?? 0)
idle.kill()
process.stdout.write(JSON.stringify({ processes, nothing }))
