import { createReadStream, createWriteStream, readFileSync } from 'node:fs'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import type { Episode, Layout, Result, RuleSet } from '@clearlane/protocol'
import { parseJson, parseLayout, parseRuleSet, ReadingSchema } from '@clearlane/protocol'
import { createEstate, createTeller, toSample } from '@clearlane/rules'

/**
 * The live rules over a file of readings: `--site SITE.json --readings FILE.ndjson [--rules FILE] --out FILE`.
 * A line that is not a reading is reported with its number and left out; the exit code then is 1.
 */
const USAGE =
  'usage: npm run replay -- --site SITE.json --readings FILE.ndjson [--rules FILE] --out episodes.ndjson'
const MAX_REPORTED_LINES = 20

const main = async (): Promise<number> => {
  const { values } = parseArgs({
    options: {
      site: { type: 'string' },
      readings: { type: 'string' },
      rules: { type: 'string' },
      out: { type: 'string' },
    },
  })
  const { site, readings, rules, out } = values
  if (site === undefined || readings === undefined || out === undefined) return refuse(USAGE)
  const layout = readDocument(site, parseLayout)
  if (!layout.ok) return refuse(`${site}: ${layout.fault.detail}`)
  const ruleSet =
    rules === undefined
      ? parseRuleSet({ v: 1, site: layout.value.site, version: 1 })
      : readDocument(rules, parseRuleSet)
  if (!ruleSet.ok) return refuse(`${rules}: ${ruleSet.fault.detail}`)

  const { episodes, accepted, refused } = await replay(layout.value, ruleSet.value, readings)
  const file = createWriteStream(out)
  for (const episode of episodes) file.write(`${JSON.stringify(episode)}\n`)
  file.end()
  await once(file, 'finish')
  process.stderr.write(
    `replay: ${accepted} readings, ${episodes.length} episodes, ${refused} lines left out\n`,
  )
  return refused === 0 ? 0 : 1
}

/** Episodes in order of detection, each as its last revision says it; voided ones are left out. */
const replay = async (layout: Layout, rules: RuleSet, readings: string) => {
  const estate = createEstate({ gateway: undefined, holeSinceMs: () => undefined })
  estate.configure({ fromMs: 0, layout, rules })
  const teller = createTeller({ epoch: 'replay', isDated: () => true })
  const episodes = new Map<string, Episode>()
  let accepted = 0
  let refused = 0
  let nowMs = 0
  let line = 0
  for await (const text of createInterface({ input: createReadStream(readings) })) {
    line++
    if (text.trim() === '') continue
    const reading = parseJson('reading', ReadingSchema, text)
    if (!reading.ok) {
      if (++refused <= MAX_REPORTED_LINES)
        process.stderr.write(`${readings}:${line}: ${reading.fault.detail}\n`)
      continue
    }
    const atMs = reading.value.eventMs ?? reading.value.receivedMs
    nowMs = Math.max(nowMs, atMs)
    estate.accept(toSample(reading.value, line, atMs), nowMs)
    estate.flush(nowMs)
    accepted++
    for (const view of estate.takeChanged()) {
      for (const { episode } of teller.tellLane(view, nowMs)) episodes.set(episode.id, episode)
    }
    for (const settled of estate.takeSettled()) teller.forget(settled)
  }
  const found = [...episodes.values()].filter((episode) => episode.end !== 'voided')
  found.sort((a, b) => (a.detectedMs ?? 0) - (b.detectedMs ?? 0) || (a.id < b.id ? -1 : 1))
  return { episodes: found, accepted, refused }
}

const readDocument = <T>(path: string, parse: (value: unknown) => Result<T>): Result<T> => {
  try {
    return parse(JSON.parse(readFileSync(path, 'utf8')))
  } catch (cause) {
    return {
      ok: false,
      fault: { reason: 'file', detail: cause instanceof Error ? cause.message : String(cause) },
    }
  }
}

const refuse = (text: string): number => {
  process.stderr.write(`replay: ${text}\n`)
  return 2
}

process.exitCode = await main()
