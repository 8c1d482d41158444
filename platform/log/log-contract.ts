import { afterEach, describe, expect, test } from 'vitest'
import type { Log, LogEntry } from './log.ts'

/** What every implementation of the log must keep. `open` twice with the same place is a restart. */
export const describeLog = (
  name: string,
  createPlace: () => { readonly open: () => Promise<Log>; readonly remove: () => void },
): void => {
  const opened: { log: Log; remove: () => void }[] = []
  afterEach(async () => {
    for (const { log, remove } of opened.splice(0)) {
      await log.close()
      remove()
    }
  })
  const start = async () => {
    const place = createPlace()
    const log = await place.open()
    const handle = { log, remove: place.remove }
    opened.push(handle)
    return {
      log: () => handle.log,
      restart: async () => {
        await handle.log.close()
        handle.log = await place.open()
      },
    }
  }
  const entry = (first: number, last: number, over: Partial<LogEntry> = {}): LogEntry => ({
    site: 's',
    gateway: 'gw',
    epoch: 'e1',
    channel: 'readings',
    after: first - 1,
    first,
    last,
    receivedMs: 1_000,
    text: JSON.stringify(Array.from({ length: last - first + 1 }, (_, index) => ({ row: first + index }))),
    ...over,
  })

  describe(`${name}: a log`, () => {
    test('keeps entries in order of commit and reads them back, also after a restart', async () => {
      const { log, restart } = await start()
      await Promise.all([
        log().append(entry(1, 2)),
        log().append(entry(3, 3)),
        log().append(entry(1, 1, { channel: 'events' })),
      ])
      await restart()
      expect(log().position()).toBe(3)
      expect((await log().read(0, 10)).map(({ channel, first, last }) => [channel, first, last])).toEqual([
        ['readings', 1, 2],
        ['readings', 3, 3],
        ['events', 1, 1],
      ])
      expect(await log().read(1, 10, 'events')).toMatchObject([{ position: 3, text: '[{"row":1}]' }])
      expect(await log().read(0, 1)).toHaveLength(1)
    })

    test('gives no more than was asked for in bytes, but always one entry', async () => {
      const { log } = await start()
      await Promise.all([1, 2, 3].map((row) => log().append(entry(row, row, { text: '[{"row":0}]' }))))
      const sizes = [1, 11, 12, 22, 23, 1_000].map(async (maxBytes) => {
        const entries = await log().read(0, 10, undefined, maxBytes)
        return entries.length
      })
      expect(await Promise.all(sizes)).toEqual([1, 1, 2, 2, 3, 3])
    })

    test.each([
      { name: 'the same again', sent: [entry(1, 3), entry(1, 3)], outcome: 'duplicate', row: 3, rows: 3 },
      { name: 'an older part', sent: [entry(1, 3), entry(2, 2)], outcome: 'duplicate', row: 3, rows: 3 },
      { name: 'an overlap', sent: [entry(1, 3), entry(2, 5)], outcome: 'committed', row: 5, rows: 5 },
      { name: 'a gap', sent: [entry(1, 3), entry(5, 6)], outcome: 'gap', row: 3, rows: 3 },
      {
        name: 'rows given up',
        sent: [entry(1, 3), entry(7, 8, { after: 3 })],
        outcome: 'committed',
        row: 8,
        rows: 5,
      },
      {
        name: 'another epoch',
        sent: [entry(1, 3), entry(1, 2, { epoch: 'e2' })],
        outcome: 'committed',
        row: 2,
        rows: 5,
      },
      {
        name: 'another gateway',
        sent: [entry(1, 3), entry(1, 2, { gateway: 'gw2' })],
        outcome: 'committed',
        row: 2,
        rows: 5,
      },
    ])('takes every row once: $name is $outcome', async ({ sent, outcome, row, rows }) => {
      const { log, restart } = await start()
      let last
      for (const one of sent) last = await log().append(one)
      expect(last).toMatchObject({ outcome, row })
      await restart()
      const stored = (await log().read(0, 100)).flatMap(({ gateway, epoch, text }) =>
        (JSON.parse(text) as { row: number }[]).map((one) => `${gateway}/${epoch}/${one.row}`),
      )
      expect(new Set(stored).size).toBe(stored.length)
      expect(stored).toHaveLength(rows)
    })

    test('keeps what has no rows of its own, in order with the rest, each time that it is said', async () => {
      const { log, restart } = await start()
      await log().append(entry(1, 1))
      for (const channel of ['active', 'samples', 'samples'] as const)
        expect(await log().append(entry(0, 0, { channel }))).toMatchObject({ outcome: 'committed' })
      await restart()
      expect((await log().read(0, 10)).map(({ channel }) => channel)).toEqual([
        'readings',
        'active',
        'samples',
        'samples',
      ])
      expect(log().progress()).toMatchObject([{ channel: 'readings', row: 1, count: 1 }])
    })

    test('counts what was given up and what is there, for each gateway, epoch and channel', async () => {
      const { log, restart } = await start()
      await log().append(entry(1, 3))
      expect(await log().append(entry(7, 8, { after: 3 }))).toMatchObject({ skipped: 3 })
      await restart()
      expect(log().progress()).toEqual([
        { site: 's', gateway: 'gw', epoch: 'e1', channel: 'readings', row: 8, skipped: 3, count: 5 },
      ])
    })
  })
}
