import { expect, test } from 'vitest'
import { boundHistory } from './bound-history.ts'
import type { HistoryPage, HistorySeries } from './history.ts'

const QUERY = { slot: 'a1', fromMs: 0, toMs: 1, limit: 1 }
const PAGE: HistoryPage = { items: [], next: undefined }
const SERIES_QUERY = { slot: 'a1', fromMs: 0, toMs: 1, points: 50, silenceAfterMs: 1, nowMs: 1 }
const SERIES: HistorySeries = {
  readings: 0,
  atMs: [],
  xNt: [],
  yNt: [],
  zNt: [],
  temperatureC: [],
  silent: [],
}

/** A history whose queries are answered by the test. */
const createHeld = () => {
  const queries: PromiseWithResolvers<HistoryPage>[] = []
  const readings = (): Promise<HistoryPage> => {
    const query = Promise.withResolvers<HistoryPage>()
    queries.push(query)
    return query.promise
  }
  return { queries, readings, series: () => Promise.resolve(SERIES) }
}
const ignore = (): void => undefined

test('what comes in time is handed on', async () => {
  const held = createHeld()
  const { readings, series } = boundHistory(held, { withinMs: 60_000, maxWaiting: 1, onFailure: ignore })
  const asked = readings(QUERY)
  held.queries[0]!.resolve(PAGE)
  expect(await asked).toBe(PAGE)
  expect(await series(SERIES_QUERY)).toBe(SERIES)
})

test('a history that does not answer is not waited for, and asked again only when it has', async () => {
  const held = createHeld()
  const { readings, series } = boundHistory(held, { withinMs: 1, maxWaiting: 2, onFailure: ignore })
  expect(await Promise.all([readings(QUERY), readings(QUERY), readings(QUERY)])).toEqual([
    undefined,
    undefined,
    undefined,
  ])
  expect(await readings(QUERY)).toBeUndefined()
  expect(await series(SERIES_QUERY)).toBeUndefined()
  expect(held.queries).toHaveLength(2)
  held.queries[0]!.resolve(PAGE)
  await held.queries[0]!.promise
  await expect.poll(() => readings(QUERY).then(() => held.queries.length)).toBe(3)
})

test('a history that fails is reported with its cause, also when it fails late', async () => {
  const held = createHeld()
  const failures: unknown[] = []
  const { readings } = boundHistory(held, {
    withinMs: 1,
    maxWaiting: 9,
    onFailure: (cause) => failures.push(cause),
  })
  expect(await readings(QUERY)).toBeUndefined()
  held.queries[0]!.reject(new Error('late'))
  await expect.poll(() => failures).toEqual([new Error('late')])
})
