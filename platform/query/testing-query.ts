import { join } from 'node:path'
import { vi } from 'vitest'
import { reading, startTestPlatform } from '../testing-platform.ts'
import { addToken, toTokensFile } from './query-tokens.ts'

/** Readings a second apart, in two slots by turns. */
export const START_MS = Date.UTC(2026, 0, 5)
export const READINGS = Array.from({ length: 60 }, (_, index) =>
  reading(index, {
    eventMs: START_MS + index * 1_000,
    receivedMs: START_MS + index * 1_000 + 40,
    slot: index % 2 === 0 ? 'a1' : 'a2',
    xNt: index * 100,
    temperatureC: index / 4,
    batteryMv: 3_600 - index,
    rssiDbm: -70.5,
    snrDb: 8,
    trigger: index % 10 === 0 ? 'change' : 'period',
  }),
)

/** A real platform whose history holds `READINGS`, and how a client of InfluxDB asks it. */
export const startQueryPlatform = async () => {
  const platform = await startTestPlatform()
  const tokensFile = toTokensFile(join(platform.folder, 'data'))
  const token = addToken(tokensFile, { name: 'grafana', site: 's' })
  const within = { timeout: 15_000, interval: 25 }
  // What is sent before the platform listens to the broker is sent to nobody.
  await vi.waitUntil(() => platform.received.some(({ topic }) => topic.endsWith('/config')), within)
  await platform.send(READINGS, 1)
  await vi.waitUntil(() => platform.lastAck()?.readings === READINGS.length, within)
  await vi.waitUntil(async () => (await platform.historyLag()) === 0, within)

  const ask = async (parameters: Readonly<Record<string, string>>, init: RequestInit = {}) => {
    const response = await fetch(`${platform.api}/query?${new URLSearchParams(parameters)}`, {
      ...init,
      headers: { authorization: `Token ${token}`, ...init.headers },
    })
    const text = await response.text()
    return { status: response.status, headers: response.headers, text }
  }
  return {
    ...platform,
    historyFile: join(platform.folder, 'data', 'history.sqlite'),
    tokensFile,
    token,
    ask,
    /** What a query of the site is answered with, its times in milliseconds. */
    query: async (q: string): Promise<unknown> => JSON.parse((await ask({ q, db: 's', epoch: 'ms' })).text),
  }
}
export type QueryPlatform = Awaited<ReturnType<typeof startQueryPlatform>>
