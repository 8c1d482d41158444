import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { SectionView, Status } from '@clearlane/protocol'
import { collectVerdict, getJson } from './collect.ts'
import { buildConsole } from './console-build.ts'
import { drainEstate } from './drain.ts'
import { isFree, startEstate } from './estate.ts'
import { reachedAt, toRunTime } from './run-time.ts'
import type { Sabotage } from './sabotage.ts'
import { isSabotage, sabotage, SABOTAGES } from './sabotage.ts'
import type { Verdict } from './verdict.ts'

/** `npm start`: the whole house over simulated sensors. */
const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
const USAGE = `usage: npm start -- [--data DIR] [--speed N] [--for 90s] [--seed N] [--port N] [--report FILE]
                    [--site FILE] [--rules FILE] [--heartbeat MS] [--arrivals PER_HOUR] [--moment-scale N]
                    [--heading-offset DEGREES] [--serial SIMULATOR_PATH,GATEWAY_PATH]
                    [--sabotage ${SABOTAGES.join('|')}]`
const DEFAULT_PORT = 8_080
/** With an end in sight time runs faster, so that a minute and a half shows a quarter of an hour. */
const DEFAULT_SPEED_WITH_END = 10
const LINE_EVERY_MS = 60_000

const say = (text: string): void => {
  process.stdout.write(`${text}\n`)
}

const main = async (): Promise<number> => {
  const options = readOptions()
  if (typeof options === 'string') {
    process.stderr.write(`${options}\n${USAGE}\n`)
    return 2
  }
  const { dataDir, forMs, speed, report } = options
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  const consoleFault = await buildConsole(ROOT, say)
  if (consoleFault !== undefined) say(`The console could not be built; everything else runs. ${consoleFault}`)

  const runFile = join(dataDir, 'run.json')
  const earlier = existsSync(runFile)
    ? (JSON.parse(readFileSync(runFile, 'utf8')) as { reachedMs: number })
    : undefined
  const time = toRunTime({ wallMs: Date.now(), speed, forMs, reachedMs: earlier?.reachedMs })
  const remember = (): void =>
    writeFileSync(runFile, JSON.stringify({ reachedMs: reachedAt(time, Date.now()) }))

  const httpPort = (await isFree(options.httpPort)) ? options.httpPort : 0
  if (httpPort !== options.httpPort) say(`Port ${options.httpPort} is taken; another one is used.`)
  const stopRequested = Promise.withResolvers<void>()
  for (const signal of ['SIGINT', 'SIGTERM', 'disconnect'] as const)
    process.once(signal, stopRequested.resolve)
  const estate = await startEstate({
    ...options,
    root: ROOT,
    httpPort,
    time,
    consoleDir: join(ROOT, 'console', 'dist'),
    onRestart: (name, why) => say(`${name} ended unexpectedly (${why}); starting it again`),
  })
  say(`Clearlane is running: open ${estate.api} in a browser. Ctrl-C stops it.`)
  remember()

  const lines = setInterval(() => {
    remember()
    void toLine(estate.api).then(say, () => say('the platform does not answer at the moment'))
  }, LINE_EVERY_MS)
  const asked = stopRequested.promise.then(() => 'asked' as const)
  const end = await (forMs === undefined ? asked : Promise.race([asked, pause(forMs)]))
  clearInterval(lines)
  if (end === 'asked') {
    say('Stopping …')
    say(await toLine(estate.api).catch(() => 'the platform no longer answers'))
    await estate.stop()
    remember()
    return 0
  }

  say('Draining: the simulated world stands still, what is under way arrives …')
  await drainEstate(estate)
  const kind = options.sabotage
  const api =
    kind === undefined
      ? estate.api
      : await estate.changePlatformFiles((platformDir) => sabotage(kind, platformDir))
  const verdict = await collectVerdict(dataDir, api)
  await estate.stop()
  remember()
  if (report !== undefined) writeFileSync(report, `${JSON.stringify(verdict, undefined, 2)}\n`)
  say(toText(verdict))
  return verdict.green ? 0 : 1
}

type Options = {
  readonly dataDir: string
  readonly speed: number
  readonly forMs: number | undefined
  readonly seed: number
  readonly httpPort: number
  readonly report: string | undefined
  readonly siteFile: string
  readonly rulesFile: string
  readonly heartbeatMs: number | undefined
  readonly arrivalsPerHour: number | undefined
  readonly momentScale: number | undefined
  readonly headingOffsetDegrees: number | undefined
  readonly serial: readonly [string, string] | undefined
  readonly sabotage: Sabotage | undefined
}

/** The options, or what is wrong with them. */
const readOptions = (): Options | string => {
  try {
    const { values } = parseArgs({
      options: {
        data: { type: 'string', default: 'data' },
        speed: { type: 'string' },
        for: { type: 'string' },
        seed: { type: 'string', default: '1' },
        port: { type: 'string', default: String(DEFAULT_PORT) },
        report: { type: 'string' },
        site: { type: 'string', default: join(ROOT, 'firmware-sim/sites/demo.json') },
        rules: { type: 'string', default: join(ROOT, 'firmware-sim/sites/demo-rules.json') },
        heartbeat: { type: 'string' },
        arrivals: { type: 'string' },
        'moment-scale': { type: 'string' },
        'heading-offset': { type: 'string' },
        serial: { type: 'string' },
        sabotage: { type: 'string' },
      },
    })
    const number = (name: string, text: string, min: number, max: number): number => {
      const value = Number(text)
      if (!(value >= min && value <= max))
        throw new Error(`--${name} ${text}: a number from ${min} to ${max}`)
      return value
    }
    const optional = (name: string, text: string | undefined, min: number, max: number) =>
      text === undefined ? undefined : number(name, text, min, max)
    const forMs = values.for === undefined ? undefined : toMs(values.for)
    const serial = values.serial?.split(',')
    if (serial !== undefined && serial.length !== 2)
      throw new Error('--serial takes two paths with a comma between them')
    if (values.sabotage !== undefined && !isSabotage(values.sabotage))
      throw new Error(`--sabotage ${values.sabotage}: not one of them`)
    if (values.sabotage !== undefined && forMs === undefined)
      throw new Error('--sabotage needs --for, since only then is there a verdict')
    return {
      dataDir: resolve(process.env['INIT_CWD'] ?? '.', values.data),
      forMs,
      speed:
        values.speed === undefined
          ? forMs === undefined
            ? 1
            : DEFAULT_SPEED_WITH_END
          : number('speed', values.speed, 1, 10_000),
      seed: number('seed', values.seed, 0, 0xffff_ffff),
      httpPort: number('port', values.port, 0, 65_535),
      report:
        values.report === undefined ? undefined : resolve(process.env['INIT_CWD'] ?? '.', values.report),
      siteFile: resolve(process.env['INIT_CWD'] ?? '.', values.site),
      rulesFile: resolve(process.env['INIT_CWD'] ?? '.', values.rules),
      heartbeatMs: optional('heartbeat', values.heartbeat, 100, 86_400_000),
      arrivalsPerHour: optional('arrivals', values.arrivals, 1, 100_000),
      momentScale: optional('moment-scale', values['moment-scale'], 0, 10),
      headingOffsetDegrees: optional('heading-offset', values['heading-offset'], 0, 360),
      serial: serial as [string, string] | undefined,
      sabotage: values.sabotage,
    }
  } catch (cause) {
    return cause instanceof Error ? cause.message : String(cause)
  }
}

const toMs = (text: string): number => {
  const match = /^(\d+(?:\.\d+)?)(s|m|h)$/.exec(text)
  if (match === null) throw new Error(`--for ${text}: a length such as 90s, 5m or 2h`)
  return Number(match[1]) * { s: 1_000, m: 60_000, h: 3_600_000 }[match[2] as 's' | 'm' | 'h']
}

const toLine = async (api: string): Promise<string> => {
  const status = (await getJson(`${api}/api/v1/status`)) as Status
  const { items } = (await getJson(`${api}/api/v1/sections`)) as { items: SectionView[] }
  const count = (state: SectionView['state']): number =>
    items.filter((section) => section.state === state).length
  const clock = new Date(status.nowMs).toISOString().slice(0, 16).replace('T', ' ')
  return `${clock} UTC · ${status.log.readings} readings · ${count('blocked')} blocked, ${count('pre-alarm')} pre-alarm, ${count('clear')} clear, ${count('unobserved')} unobserved`
}

const toText = (verdict: Verdict): string => {
  const { notScored, ...rest } = verdict
  const brief = { ...rest, notScored: notScored.length }
  return `${JSON.stringify(brief, undefined, 2)}\n${verdict.green ? 'The verdict is green.' : `The verdict is red: ${verdict.problems.join('; ')}.`}`
}

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms))

try {
  process.exitCode = await main()
} catch (cause) {
  process.stderr.write(`${cause instanceof Error ? cause.message : String(cause)}\n`)
  process.exitCode = 1
}
process.exit()
