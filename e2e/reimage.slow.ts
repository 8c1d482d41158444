import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { EpisodeDetail, EpisodeView } from '@clearlane/protocol'
import { expect, test } from 'vitest'
import { getJson } from '../tools/collect.ts'
import { startTestEstate } from './testing-estate.ts'

test('a gateway with a new card in mid-episode: the old episodes go unobserved, never cleared, and the cars are seen anew', async () => {
  await using estate = await startTestEstate({ speed: 2, forMs: 300_000, arrivalsPerHour: 1_800 })
  const blocking = async (): Promise<EpisodeView[]> =>
    ((await getJson(`${estate.api}/api/v1/episodes?open=true`)) as { items: EpisodeView[] }).items.filter(
      ({ episode }) => episode.confirmed && !episode.unobserved,
    )
  await expect
    .poll(async () => (await blocking()).length, { timeout: 120_000, interval: 500 })
    .toBeGreaterThanOrEqual(4)

  const pid = estate.child.gateway.pid()
  if (pid === undefined) throw new Error('the gateway is not running')
  const before = await blocking()
  process.kill(pid, 'SIGKILL')
  rmSync(join(estate.dataDir, 'gateway'), { recursive: true })

  // What was cleared before the kill and told after it is no concern: the old card is gone with what it had not told.
  const oldOnes = (): Promise<EpisodeDetail[]> =>
    Promise.all(
      before.map(
        async ({ episode }) =>
          (await getJson(`${estate.api}/api/v1/episodes/${episode.id}`)) as EpisodeDetail,
      ),
    )
  await expect
    .poll(async () => (await oldOnes()).every(({ episode }) => episode.unobserved), {
      timeout: 30_000,
      interval: 500,
    })
    .toBe(true)
  expect((await oldOnes()).map(({ episode }) => episode.end)).toEqual(before.map(() => undefined))

  const sections = new Set(before.flatMap(({ episode }) => episode.sections))
  await expect
    .poll(
      async () =>
        (await blocking()).filter(
          ({ epoch, episode }) => epoch !== before[0]!.epoch && sections.has(episode.sections[0]!),
        ).length,
      { timeout: 60_000, interval: 500 },
    )
    .toBeGreaterThan(0)
})
