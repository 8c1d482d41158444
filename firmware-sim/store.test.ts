import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import type { Tick } from './store.ts'
import { openStore } from './store.ts'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})
const create = () => {
  const folder = mkdtempSync(join(tmpdir(), 'store-'))
  folders.push(folder)
  const ledger = join(folder, 'ledger.ndjson')
  return { ledger, open: () => openStore(folder, ledger), lines: () => readFileSync(ledger, 'utf8') }
}
const tick = (worldMs: number, over: Partial<Tick> = {}): Tick => ({
  worldMs,
  domainMs: worldMs + 5,
  standing: new Map(),
  devices: [],
  frames: [],
  freed: [],
  lines: [{ worldMs }],
  ...over,
})

test('remembers world, boots, clocks and rings over a restart, without what was freed', () => {
  const place = create()
  const store = place.open()
  store.commit(
    tick(100, {
      devices: [{ device: 'd', boot: 2, clockErrorMs: undefined }],
      standing: new Map([['a-1', 77]]),
      frames: [0, 1, 2].map((sequence) => ({ device: 'd', boot: 2, sequence, body: `${sequence}` })),
    }),
  )
  store.commit(
    tick(200, {
      devices: [{ device: 'd', boot: 2, clockErrorMs: -40 }],
      freed: [{ device: 'd', boot: 2, below: 2 }],
      standing: new Map([['a-1', 77]]),
    }),
  )
  store.close()
  const again = place.open()
  expect(again.worldMs).toBe(200)
  expect(again.domainMs).toBe(205)
  expect([...again.standing]).toEqual([['a-1', 77]])
  expect(again.devices.get('d')).toEqual({
    boot: 2,
    clockErrorMs: -40,
    ring: [{ boot: 2, sequence: 2, body: '2' }],
    newest: '2',
  })
  again.close()
})

describe('after a kill between the transaction and the ledger', () => {
  test.each([
    { name: 'nothing of the last lines was written', damage: (file: string) => truncateSync(file, 16) },
    { name: 'half a line was written', damage: (file: string) => truncateSync(file, 20) },
    { name: 'all of it was written', damage: () => undefined },
  ])('the ledger has every line once: $name', ({ damage }) => {
    const place = create()
    const store = place.open()
    store.commit(tick(100))
    store.commit(tick(200))
    store.close()
    damage(place.ledger)
    const again = place.open()
    again.commit(tick(300))
    again.close()
    expect(place.lines()).toBe('{"worldMs":100}\n{"worldMs":200}\n{"worldMs":300}\n')
  })

  test('what others append behind it is cut off, since it never happened', () => {
    const place = create()
    const store = place.open()
    store.commit(tick(100))
    store.close()
    appendFileSync(place.ledger, '{"half')
    place.open().close()
    expect(place.lines()).toBe('{"worldMs":100}\n')
  })
})
