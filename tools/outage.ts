import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { DEFAULT_OUTAGE_SPEED, runOutage } from './outage-run.ts'

/** `npm run outage`: a day's outage between gateway and centre, and the verdict when everything has arrived. */
const { values } = parseArgs({
  options: {
    hours: { type: 'string', default: '24' },
    speed: { type: 'string', default: String(DEFAULT_OUTAGE_SPEED) },
    seed: { type: 'string', default: '1' },
  },
})
const dataDir = mkdtempSync(join(tmpdir(), 'clearlane-outage-'))
const startedMs = performance.now()
const say = (text: string): void => {
  process.stdout.write(`${((performance.now() - startedMs) / 1_000).toFixed(0).padStart(6)} s  ${text}\n`)
}
const run = await runOutage({
  root: dirname(dirname(fileURLToPath(import.meta.url))),
  dataDir,
  hours: Number(values.hours),
  speed: Number(values.speed),
  seed: Number(values.seed),
  say,
})
const { verdict, problems, peakMb } = run
const red = [...verdict.problems, ...problems]
say(
  `${(run.outageMs / 3_600_000).toFixed(2)} h without the centre: ${run.waitingReadings} readings waited, ` +
    `${run.logBytes} bytes of log, ${run.bytesPerReading.toFixed(1)} bytes a reading`,
)
say(`caught up in ${run.catchUpSeconds.toFixed(0)} s, ${run.catchUpPerSecond.toFixed(0)} readings/s`)
say(`${run.endedMeanwhile} episodes had ended and paged nobody, ${run.stillBlocking} still blocked and did`)
say(
  `most memory: ${Object.entries(peakMb)
    .map(([name, mb]) => `${name} ${mb} MB`)
    .join(', ')}`,
)
say(
  `${verdict.readingsStored} of ${verdict.readingsSent} readings, ${verdict.staysOverDwell} stays: ` +
    (red.length === 0 ? 'green' : `RED, ${red.slice(0, 20).join('; ')} (kept in ${dataDir})`),
)
if (red.length === 0) rmSync(dataDir, { recursive: true })
process.exit(red.length === 0 ? 0 : 1)
