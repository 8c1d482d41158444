import type { EpisodeView } from '@clearlane/protocol'
import { expect, test } from 'vitest'
import { getJson } from '../tools/collect.ts'
import { explain, startTestEstate } from './testing-estate.ts'

const RUN_MS = 20_000
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

test('vehicles without magnetism give no episode at all', async () => {
  await using estate = await startTestEstate({ speed: 40, forMs: RUN_MS, momentScale: 0 })
  await pause(RUN_MS)
  const verdict = await estate.verdict()
  expect(verdict.staysOverDwell).toBeGreaterThan(10)
  expect(verdict.episodesMissed).toBe(verdict.staysOverDwell)
  const { items } = (await getJson(`${estate.api}/api/v1/episodes`)) as { items: EpisodeView[] }
  expect(items).toEqual([])
})

test('lanes that run another way give the same verdict', async () => {
  await using estate = await startTestEstate({ speed: 40, forMs: RUN_MS, headingOffsetDegrees: 137 })
  await pause(RUN_MS)
  const verdict = await estate.verdict()
  expect(verdict.green, explain(verdict, estate.dataDir)).toBe(true)
})
