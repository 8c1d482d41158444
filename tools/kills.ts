import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { startEstate } from './estate.ts'
import { KILL_TARGETS, runKills, SLOW_SYNC_MS } from './kill-run.ts'
import { toRunTime } from './run-time.ts'

/** `npm run kills`: twenty kills -9 of each process and of all at once, each followed by a verdict. */
const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
const SPEED = 10
const FOR_MS = 180_000

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
  },
})
let red = 0
for (const target of KILL_TARGETS) {
  if (values.only !== undefined && values.only !== target) continue
  const dataDir = mkdtempSync(join(tmpdir(), 'clearlane-kills-'))
  const estate = await startEstate({
    root: ROOT,
    dataDir,
    time: toRunTime({ wallMs: Date.now(), speed: SPEED, forMs: FOR_MS, reachedMs: undefined }),
    httpPort: 0,
    seed: Number(values.seed),
    siteFile: join(ROOT, 'firmware-sim/sites/demo.json'),
    rulesFile: join(ROOT, 'firmware-sim/sites/demo-rules.json'),
    consoleDir: join(ROOT, 'console/dist'),
    heartbeatMs: 1_000,
    arrivalsPerHour: 900,
    readingsSyncDelayMs: SLOW_SYNC_MS,
    platformLogSyncDelayMs: target === 'platform' ? SLOW_SYNC_MS : 0,
    onRestart: () => undefined,
  })
  const { verdict, kills } = await runKills({
    estate,
    dataDir,
    target,
    kills: Number(values.kills),
    seed: Number(values.seed),
  })
  await estate.stop()
  const inside = kills.filter((kill) => kill.insideCommit).length
  const between = kills.filter((kill) => kill.betweenDetectedAndConfirmed).length
  process.stdout.write(
    `${target}: ${kills.length} kills, ${inside} inside a commit, ${between} between detected and confirmed; ` +
      `${verdict.readingsStored} of ${verdict.readingsSent} readings, ${verdict.staysOverDwell} stays: ` +
      `${verdict.green ? 'green' : `RED, ${verdict.problems.join('; ')} (kept in ${dataDir})`}\n`,
  )
  if (verdict.green) rmSync(dataDir, { recursive: true })
  else red++
}
process.exit(red === 0 ? 0 : 1)
