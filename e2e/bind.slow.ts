import type { Reading, UnknownDevice } from '@clearlane/protocol'
import { expect, test } from 'vitest'
import { getJson } from '../tools/collect.ts'
import { explain, startTestEstate } from './testing-estate.ts'

const WITHIN = { timeout: 90_000, interval: 250 }

test('a device that stands in no slot is listed with its signal and how often it was heard; once bound, what it kept arrives', async () => {
  await using estate = await startTestEstate({ speed: 10, forMs: 120_000, heartbeatMs: 10_000 })
  const { slots } = (await getJson(`${estate.api}/api/v1/layout`)) as {
    slots: { id: string; device: string }[]
  }
  const [{ id: slot, device }] = slots as [{ id: string; device: string }]
  const bind = async (next: string | null): Promise<void> => {
    const response = await fetch(`${estate.api}/api/v1/slots/${slot}/device`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ device: next }),
    })
    expect(response.status, await response.text()).toBe(200)
  }
  const unknown = async (): Promise<UnknownDevice | undefined> =>
    ((await getJson(`${estate.api}/api/v1/unknown-devices`)) as { items: UnknownDevice[] }).items.find(
      (one) => one.device === device,
    )
  const countersOf = async (): Promise<number[]> => {
    const { items } = (await getJson(`${estate.api}/api/v1/log?channel=readings&limit=500`)) as {
      items: { rows: Reading[] }[]
    }
    return items
      .flatMap(({ rows }) => rows.filter((row) => row.device === device).map(({ counter }) => counter))
      .sort((a, b) => a - b)
  }

  await expect.poll(async () => (await countersOf()).length, WITHIN).toBeGreaterThan(2)
  await bind(null)
  await expect.poll(unknown, WITHIN).toMatchObject({ rssiDbm: expect.any(Number) })
  const heard = (await unknown())!.count
  await expect.poll(async () => (await unknown())?.count, WITHIN).toBeGreaterThan(heard)
  const before = await countersOf()

  await bind(device)
  await expect.poll(async () => (await countersOf()).length, WITHIN).toBeGreaterThan(before.length + 5)
  await expect
    .poll(async () => (await countersOf()).every((counter, index) => counter === index), WITHIN)
    .toBe(true)
  expect(await unknown()).toBeUndefined()
  const inHealth = async () =>
    (await estate.gateways())[0]?.health?.devices.find((one) => one.device === device)
  await expect.poll(inHealth, WITHIN).toMatchObject({ slot, missing: 0, rssiDbm: expect.any(Number) })
  const verdict = await estate.verdict()
  expect(verdict.readingsMissing + verdict.readingsDuplicated, explain(verdict, estate.dataDir)).toBe(0)
})
