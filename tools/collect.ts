import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { EpisodeViewSchema, LogRowSchema, ReadingKeySchema, RuleSetSchema } from '@clearlane/protocol'
import { z } from 'zod'
import type { ConfirmedEpisode, LedgerStay, Verdict, VerdictInput } from './verdict.ts'
import { toReadingKey, toVerdict } from './verdict.ts'

const LedgerLineSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('reading'),
    device: z.string(),
    boot: z.number(),
    seq: z.number(),
    timeMs: z.number(),
  }),
  z.object({
    kind: z.literal('stay'),
    id: z.string().optional(),
    sections: z.array(z.string()),
    vehicle: z.string(),
    fromMs: z.number(),
    toMs: z.number(),
    open: z.boolean().optional(),
  }),
])
const LogPageSchema = z.object({ items: z.array(LogRowSchema), next: z.string().optional() })
const EpisodePageSchema = z.object({ items: z.array(EpisodeViewSchema), next: z.string().optional() })

/** The verdict over a data folder's ledger and a platform's HTTP API; nothing else is looked at. */
export const collectVerdict = async (dataDir: string, api: string): Promise<Verdict> => {
  const rules = RuleSetSchema.parse(await getJson(`${api}/api/v1/rules`))
  const ledger = await readLedger(join(dataDir, 'ledger.ndjson'))
  const input: VerdictInput = {
    ...ledger,
    stored: await readStored(api),
    episodes: await readEpisodes(api),
    dwellMs: rules.rules.dwellDayMs,
    holdOffMs: rules.rules.holdOffMs,
  }
  return toVerdict(input)
}

const readLedger = async (file: string) => {
  const sent = new Set<string>()
  const stays: LedgerStay[] = []
  let endMs = 0
  let number = 0
  for await (const text of createInterface({ input: createReadStream(file) })) {
    number++
    const line = LedgerLineSchema.safeParse(JSON.parse(text))
    if (!line.success) throw new Error(`${file}:${number}: neither a reading nor a stay`)
    if (line.data.kind === 'reading') {
      sent.add(toReadingKey(line.data))
      endMs = Math.max(endMs, line.data.timeMs)
    } else {
      const { open, id, ...stay } = line.data
      stays.push({ ...stay, ...(id !== undefined && { id }), ...(open !== undefined && { open }) })
      endMs = Math.max(endMs, stay.toMs)
    }
  }
  return { sent, stays, endMs }
}

const readStored = async (api: string): Promise<Map<string, number>> => {
  const stored = new Map<string, number>()
  for (let after = '0'; ;) {
    const page = LogPageSchema.parse(
      await getJson(`${api}/api/v1/log?channel=readings&limit=50&after=${after}`),
    )
    for (const { rows } of page.items) {
      for (const row of rows) {
        const { device, session, counter } = ReadingKeySchema.parse(row)
        const key = toReadingKey({ device, boot: session, seq: counter })
        stored.set(key, (stored.get(key) ?? 0) + 1)
      }
    }
    if (page.next === undefined) return stored
    after = page.next
  }
}

const readEpisodes = async (api: string): Promise<ConfirmedEpisode[]> => {
  const episodes: ConfirmedEpisode[] = []
  for (let cursor = ''; ;) {
    const page = EpisodePageSchema.parse(await getJson(`${api}/api/v1/episodes?limit=1000${cursor}`))
    for (const { episode, confirmedReceivedMs, receivedMs } of page.items) {
      if (!episode.confirmed || episode.end === 'voided') continue
      episodes.push({
        id: episode.id,
        sections: episode.sections,
        detectedMs: episode.detectedMs ?? receivedMs,
        endedMs: episode.endedMs,
        confirmedMs: episode.confirmedMs ?? receivedMs,
        confirmedReceivedMs: confirmedReceivedMs ?? receivedMs,
      })
    }
    if (page.next === undefined) return episodes
    cursor = `&cursor=${encodeURIComponent(page.next)}`
  }
}

export const getJson = async (url: string): Promise<unknown> => {
  const response = await fetch(url)
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`)
  return response.json()
}
