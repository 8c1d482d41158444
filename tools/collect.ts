import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { EpisodeView } from '@clearlane/protocol'
import { EpisodeViewSchema, ReadingKeySchema, RuleSetSchema } from '@clearlane/protocol'
import { z } from 'zod'
import type { ReadingTally } from './reading-tally.ts'
import { createReadingTally } from './reading-tally.ts'
import type { ConfirmedEpisode, LedgerStay, Verdict } from './verdict.ts'
import { toVerdict } from './verdict.ts'

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
/** Of each row only what is compared: a day's log is gigabytes. */
const LogPageSchema = z.object({
  items: z.array(z.object({ rows: z.array(ReadingKeySchema) })),
  next: z.string().optional(),
})
const EpisodePageSchema = z.object({ items: z.array(EpisodeViewSchema), next: z.string().optional() })

/** The verdict over a data folder's ledger and a platform's HTTP API; nothing else is looked at. */
export const collectVerdict = async (dataDir: string, api: string): Promise<Verdict> => {
  const rules = RuleSetSchema.parse(await getJson(`${api}/api/v1/rules`))
  const tally = createReadingTally()
  const ledger = await readLedger(join(dataDir, 'ledger.ndjson'), tally)
  await readStored(api, tally)
  return toVerdict({
    ...ledger,
    readings: tally.counts(),
    episodes: await readConfirmed(api),
    dwellMs: rules.rules.dwellDayMs,
    holdOffMs: rules.rules.holdOffMs,
  })
}

const readLedger = async (file: string, tally: ReadingTally) => {
  const stays: LedgerStay[] = []
  let endMs = 0
  let number = 0
  for await (const text of createInterface({ input: createReadStream(file) })) {
    number++
    const line = LedgerLineSchema.safeParse(JSON.parse(text))
    if (!line.success) throw new Error(`${file}:${number}: neither a reading nor a stay`)
    if (line.data.kind === 'reading') {
      tally.sent(line.data)
      endMs = Math.max(endMs, line.data.timeMs)
    } else {
      const { open, id, ...stay } = line.data
      stays.push({ ...stay, ...(id !== undefined && { id }), ...(open !== undefined && { open }) })
      endMs = Math.max(endMs, stay.toMs)
    }
  }
  return { stays, endMs }
}

const readStored = async (api: string, tally: ReadingTally): Promise<void> => {
  for (let after: string | undefined = '0'; after !== undefined;) {
    const page: z.output<typeof LogPageSchema> = LogPageSchema.parse(
      await getJson(`${api}/api/v1/log?channel=readings&limit=50&after=${after}`),
    )
    for (const { rows } of page.items) {
      for (const { device, session, counter } of rows) tally.stored({ device, boot: session, seq: counter })
    }
    after = page.next
  }
}

const readConfirmed = async (api: string): Promise<ConfirmedEpisode[]> =>
  (await readEpisodes(api)).flatMap(({ episode, confirmedReceivedMs, receivedMs }) =>
    !episode.confirmed || episode.end === 'voided'
      ? []
      : [
          {
            id: episode.id,
            sections: episode.sections,
            detectedMs: episode.detectedMs ?? receivedMs,
            endedMs: episode.endedMs,
            confirmedMs: episode.confirmedMs ?? receivedMs,
            confirmedReceivedMs: confirmedReceivedMs ?? receivedMs,
          },
        ],
  )

/** Every episode that the centre holds, newest first. */
export const readEpisodes = async (api: string): Promise<EpisodeView[]> => {
  const episodes: EpisodeView[] = []
  for (let cursor: string | undefined = ''; cursor !== undefined;) {
    const page: z.output<typeof EpisodePageSchema> = EpisodePageSchema.parse(
      await getJson(`${api}/api/v1/episodes?limit=1000${cursor}`),
    )
    episodes.push(...page.items)
    cursor = page.next === undefined ? undefined : `&cursor=${encodeURIComponent(page.next)}`
  }
  return episodes
}

export const getJson = async (url: string): Promise<unknown> => {
  const response = await fetch(url)
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`)
  return response.json()
}
