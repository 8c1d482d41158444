import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { GatewayView, Status } from '@clearlane/protocol'
import { collectVerdict, getJson } from '../tools/collect.ts'
import { buildConsole } from '../tools/console-build.ts'
import type { Estate, EstateOptions } from '../tools/estate.ts'
import { startEstate } from '../tools/estate.ts'
import { toRunTime } from '../tools/run-time.ts'
import { drainEstate } from '../tools/drain.ts'
import type { Verdict } from '../tools/verdict.ts'

export const ROOT = join(import.meta.dirname, '..')

/** A running house over a folder of its own, for tests that look at the whole. */
export type TestEstate = Estate & {
  readonly dataDir: string
  status(): Promise<Status>
  gateways(): Promise<GatewayView[]>
  /** Lets everything arrive, and compares it with the truth. */
  verdict(): Promise<Verdict>
  [Symbol.asyncDispose](): Promise<void>
}

export const startTestEstate = async (
  options: Partial<EstateOptions> & { readonly speed: number; readonly forMs: number },
): Promise<TestEstate> => {
  const dataDir = mkdtempSync(join(tmpdir(), 'clearlane-'))
  const fault = await buildConsole(ROOT, () => undefined)
  if (fault !== undefined) throw new Error(fault)
  const estate = await startEstate({
    root: ROOT,
    dataDir,
    time: toRunTime({ wallMs: Date.now(), speed: options.speed, forMs: options.forMs, reachedMs: undefined }),
    httpPort: 0,
    seed: 1,
    siteFile: join(ROOT, 'firmware-sim/sites/demo.json'),
    rulesFile: join(ROOT, 'firmware-sim/sites/demo-rules.json'),
    consoleDir: join(ROOT, 'console/dist'),
    onRestart: () => undefined,
    ...options,
  })
  return {
    ...estate,
    dataDir,
    status: async () => (await getJson(`${estate.api}/api/v1/status`)) as Status,
    gateways: async () =>
      ((await getJson(`${estate.api}/api/v1/gateways`)) as { items: GatewayView[] }).items,
    verdict: async () => {
      await drainEstate(estate)
      return collectVerdict(dataDir, estate.api)
    },
    [Symbol.asyncDispose]: async () => {
      await estate.stop()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

/** What the verdict says in one line, with the logs' last words where it is red. */
export const explain = (verdict: Verdict, dataDir: string): string => {
  const { notScored, ...rest } = verdict
  const logs = ['gateway', 'platform', 'broker', 'firmware-sim'].map((name) => {
    const lines = readFileSync(join(dataDir, 'log', `${name}.log`), 'utf8')
      .trim()
      .split('\n')
    return `${name}: ${lines.slice(-5).join('\n  ')}`
  })
  return `${JSON.stringify({ ...rest, notScored: notScored.length })}\n${logs.join('\n')}`
}
