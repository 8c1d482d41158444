import { mkdtempSync, openSync, readSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Reading } from '@clearlane/protocol'
import { createRefusals } from '@clearlane/protocol'
import { openEventsLog } from '@clearlane/gateway/log/events.ts'
import { openReadingsLog } from '@clearlane/gateway/log/readings.ts'
import { createDecide } from '@clearlane/gateway/decide.ts'
import type { Decide } from '@clearlane/gateway/decide-port.ts'
import { createDedupe } from '@clearlane/gateway/dedupe.ts'
import { createDevices } from '@clearlane/gateway/devices.ts'
import { startGateway } from '@clearlane/gateway/gateway.ts'
import { createLinkStates } from '@clearlane/gateway/health/link-states.ts'
import { createUnknownDevices } from '@clearlane/gateway/health/unknown-devices.ts'
import type { LinkEvent } from '@clearlane/gateway/links/link.ts'
import { distinctUntilChanged, filter, groupBy, map, mergeMap, pairwise, scan, Subject } from 'rxjs'
import { createBenchLayout, createBenchRules, HEARTBEAT_MS, TRAFFIC_START_MS } from './traffic.ts'

/**
 * One measurement in a process of its own: `node pipeline-run.ts TRAFFIC_FILE SLOTS SYNC_DELAY_MS rules|group-by`.
 * Frame bytes through the gateway's own flow into its own logs, both durable, as fast as they go. Prints JSON.
 */
const traffic = process.argv[2]!
const [slots, syncDelayMs] = process.argv.slice(3, 5).map(Number) as [number, number]
const kind = process.argv[5]
const CHUNK_BYTES = 8_192
/** The devices of this run do not send again: it stays well within what the log has room for. */
const MAX_AHEAD = 2_000
const folder = mkdtempSync(join(tmpdir(), 'pipeline-'))
const fail = (failure: Error): never => {
  throw failure
}
let nowMs = TRAFFIC_START_MS
let heard = 0
const clock = {
  boot: 'bench',
  nowMs: () => nowMs,
  monotonicMs: () => nowMs - TRAFFIC_START_MS,
  isKnown: () => true,
  onKnown: () => undefined,
  createAlarm: () => ({ set: () => undefined, clear: () => undefined }),
}

/** The baseline: the same detection as a chain of operators behind `groupBy`, without reordering or memory. */
const createGroupByDecide = (): Decide => {
  const readings$ = new Subject<Reading>()
  readings$
    .pipe(
      groupBy((reading) => reading.slot),
      mergeMap((slot$) =>
        slot$.pipe(
          scan(
            (state, reading) => {
              const residualNt = Math.hypot(reading.xNt - 33_000, reading.yNt + 3_800, reading.zNt - 36_200)
              return { occupied: residualNt > (state.occupied ? 600 : 900), reading }
            },
            { occupied: false } as { occupied: boolean; reading?: Reading },
          ),
          map(({ occupied }) => occupied),
          distinctUntilChanged(),
          pairwise(),
          filter(([before, after]) => before !== after),
        ),
      ),
    )
    .subscribe()
  return {
    reading: (reading) => readings$.next(reading),
    readingsCommitted: () => undefined,
    configure: () => undefined,
    endByHand: () => ({ ok: true, value: undefined }),
    active: () => ({ eventRow: 0, episodes: [], slots: [] }),
    counters: () => ({}),
    flush: () => undefined,
    close: async () => undefined,
  }
}

const events = await openEventsLog({ file: join(folder, 'events.sqlite'), syncDelayMs, onFailure: fail })
const readings = await openReadingsLog({
  file: join(folder, 'readings.sqlite'),
  syncDelayMs,
  onFailure: fail,
})
const layout = createBenchLayout(slots, 'gw')
const rules = createBenchRules({ silenceAfterMs: 600_000 })
const devices = createDevices('gw')
devices.configure(layout, rules)
const dedupe = createDedupe()
const decide =
  kind === 'group-by'
    ? createGroupByDecide()
    : await createDecide({
        gateway: 'gw',
        events,
        readings,
        clock,
        holeSinceMs: dedupe.holeSinceMs,
        layout,
        rules,
        onFailure: fail,
      })
const port$ = new Subject<LinkEvent>()
const hearing = startGateway({
  links: [{ id: 'bench', events$: port$ }],
  clock,
  devices,
  unknown: createUnknownDevices(),
  dedupe,
  readings: {
    ...readings,
    append: (reading) => {
      heard++
      return readings.append(reading)
    },
  },
  decide,
  refusals: createRefusals({
    nowMs: clock.nowMs,
    monotonicMs: () => performance.now(),
    log: ({ reason, sample }) => fail(new Error(`${reason}: ${sample}`)),
  }),
  linkStates: createLinkStates(['bench'], clock.nowMs, () => undefined),
})
port$.next({ kind: 'open', send: () => undefined })

let peakRssBytes = 0
const startedMs = performance.now()
const cpuBefore = process.cpuUsage()
const file = openSync(traffic, 'r')
for (;;) {
  const bytes = Buffer.allocUnsafe(CHUNK_BYTES)
  const length = readSync(file, bytes)
  if (length === 0) break
  while (heard - readings.committedRow() > MAX_AHEAD) await new Promise((resolve) => setTimeout(resolve, 1))
  port$.next({ kind: 'bytes', bytes: bytes.subarray(0, length) })
  nowMs = Math.floor(TRAFFIC_START_MS + (heard / slots) * HEARTBEAT_MS)
  await new Promise((resolve) => setImmediate(resolve))
  peakRssBytes = Math.max(peakRssBytes, process.memoryUsage.rss())
}
await readings.flush()
const seconds = (performance.now() - startedMs) / 1_000
const cpu = process.cpuUsage(cpuBefore)
hearing.unsubscribe()
const result = {
  readingsPerSecond: readings.committedRow() / seconds,
  events: events.committedRow(),
  cpuSeconds: (cpu.user + cpu.system) / 1e6,
  rssMb: peakRssBytes / 1024 ** 2,
}
await decide.close()
await readings.close()
await events.close()
rmSync(folder, { recursive: true })
process.stdout.write(`${JSON.stringify(result)}\n`)
process.exit()
