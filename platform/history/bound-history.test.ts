import { expect, test } from 'vitest'
import { boundReadings } from './bound-readings.ts'
import type { HistoryPage } from './history.ts'

const QUERY = { slot: 'a1', fromMs: 0, toMs: 1, limit: 1 }
const PAGE: HistoryPage = { items: [], next: undefined }

/** A history whose queries are answered by the test. */
const createHeld = () => {
  const queries: PromiseWithResolvers<HistoryPage>[] = []
  const readings = (): Promise<HistoryPage> => {
    const query = Promise.withResolvers<HistoryPage>()
    queries.push(query)
    return query.promise
  }
  return { queries, readings }
}
const ignore = (): void => undefined

test('a page that comes in time is handed on', async () => {
  const held = createHeld()
  const readings = boundReadings(held, { withinMs: 60_000, maxWaiting: 1, onFailure: ignore })
  const asked = readings(QUERY)
  held.queries[0]!.resolve(PAGE)
  expect(await asked).toBe(PAGE)
})

test('a history that does not answer is not waited for, and asked again only when it has', async () => {
  const held = createHeld()
  const readings = boundReadings(held, { withinMs: 1, maxWaiting: 2, onFailure: ignore })
  expect(await Promise.all([readings(QUERY), readings(QUERY), readings(QUERY)])).toEqual([
    undefined,
    undefined,
    undefined,
  ])
  expect(await readings(QUERY)).toBeUndefined()
  expect(held.queries).toHaveLength(2)
  held.queries[0]!.resolve(PAGE)
  await held.queries[0]!.promise
  await expect.poll(() => readings(QUERY).then(() => held.queries.length)).toBe(3)
})

test('a history that fails is reported with its cause, also when it fails late', async () => {
  const held = createHeld()
  const failures: unknown[] = []
  const readings = boundReadings(held, {
    withinMs: 1,
    maxWaiting: 9,
    onFailure: (cause) => failures.push(cause),
  })
  expect(await readings(QUERY)).toBeUndefined()
  held.queries[0]!.reject(new Error('late'))
  await expect.poll(() => failures).toEqual([new Error('late')])
})
