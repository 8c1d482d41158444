import type { Reading } from '@clearlane/protocol'
import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import type { StoredEntry } from '../log/log.ts'
import type { History, HistoryQuery } from './history.ts'

/** What every implementation of the history must keep. `open` twice with the same place is a restart. */
export const describeHistory = (
  name: string,
  createPlace: () => { readonly open: () => Promise<History>; readonly remove: () => void },
): void => {
  const opened: { history: History; remove: () => void }[] = []
  afterEach(async () => {
    for (const { history, remove } of opened.splice(0)) {
      await history.close()
      remove()
    }
  })
  const start = async () => {
    const place = createPlace()
    const handle = { history: await place.open(), remove: place.remove }
    opened.push(handle)
    return {
      history: () => handle.history,
      restart: async () => {
        await handle.history.close()
        handle.history = await place.open()
      },
    }
  }

  describe(`${name}: a history`, () => {
    test('gives the readings of one slot in order of event time, however they came', async () => {
      const { history } = await start()
      const [first, second, third] = [reading(1), reading(2), reading(3)]
      await history().apply([entry(1, [third, first]), entry(2, [reading(2, { slot: 'b1' }), second])], 2)
      expect(await all(history())).toEqual([first, second, third])
      expect(await all(history(), { slot: 'none' })).toEqual([])
    })

    test('gives readings from a time on and before another', async () => {
      const { history } = await start()
      await history().apply(
        [
          entry(
            1,
            [1, 2, 3, 4].map((counter) => reading(counter)),
          ),
        ],
        1,
      )
      const found = await all(history(), { fromMs: 1_002, toMs: 1_004 })
      expect(found.map(({ counter }) => counter)).toEqual([2, 3])
    })

    test.each([1, 2, 3, 7, 100])('gives the same in pages of %i as at once', async (limit) => {
      const { history } = await start()
      // Two devices in the same millisecond, and readings without a time of their own in between.
      const dated = [1, 2, 3].flatMap((counter) => [
        reading(counter),
        reading(counter, { device: '70b3d57ed001a002' }),
      ])
      await history().apply([entry(1, dated), entry(2, [undated(8), undated(9)], 1_002)], 2)
      const whole = await history().readings({ slot: 'a1', fromMs: 0, toMs: 5_000, limit: 1_000 })
      expect(whole.items).toHaveLength(8)
      expect(whole.next).toBeUndefined()
      expect(await all(history(), { limit })).toEqual(whole.items)
    })

    test('keeps a reading once: applied again, sent again later, and after a restart', async () => {
      const { history, restart } = await start()
      await history().apply([entry(1, [reading(1), reading(2)])], 1)
      await history().apply([entry(1, [reading(1), reading(2)])], 1)
      await restart()
      await history().apply([entry(1, [reading(1), reading(2)]), entry(2, [reading(2), reading(3)])], 2)
      expect(await all(history())).toEqual([reading(1), reading(2), reading(3)])
      expect(history().cursor()).toBe(2)
    })

    test('goes on at its cursor after a restart, also where an entry holds no readings', async () => {
      const { history, restart } = await start()
      expect(history().cursor()).toBe(0)
      await history().apply([entry(1, [reading(1)])], 1)
      await history().apply([{ ...entry(2, [PRESENCE]), channel: 'events' }], 2)
      expect(history().cursor()).toBe(2)
      await restart()
      expect(history().cursor()).toBe(2)
      expect(await all(history())).toEqual([reading(1)])
    })

    test('stores nothing of a slice that fails, and all of it when it is tried again', async () => {
      const { history } = await start()
      const good = entry(1, [reading(1)])
      await expect(history().apply([good, { ...entry(2, []), text: '[{' }], 2)).rejects.toThrow()
      expect(history().cursor()).toBe(0)
      expect(await all(history())).toEqual([])
      await history().apply([good, entry(2, [reading(2)])], 2)
      expect(history().cursor()).toBe(2)
      expect(await all(history())).toEqual([reading(1), reading(2)])
    })

    test('dates readings without event time when the clock of their boot is known, before and after', async () => {
      const { history, restart } = await start()
      const other = undated(5, { boot: 'b2' })
      await history().apply([entry(1, [undated(20), other, reading(2)], 4_000)], 1)
      expect((await all(history())).map(({ counter }) => counter)).toEqual([2, 5, 20])
      await history().dateBoot('b1', 1_000)
      await history().dateBoot('b1', 3_000)
      await restart()
      await history().apply([entry(2, [undated(1), undated(20)], 4_500)], 2)
      expect(await all(history())).toEqual([
        undated(1, { eventMs: 1_001 }),
        reading(2),
        undated(20, { eventMs: 1_020 }),
        other,
      ])
    })

    test('is made again from the log to the same result, in whatever slices', async () => {
      const entries = [
        entry(1, [reading(3), undated(9)], 4_000),
        entry(2, [reading(1)]),
        entry(3, [reading(1), undated(4), undated(6, { boot: 'b2' })], 4_100),
      ]
      const [once, again] = [await start(), await start()]
      for (const one of entries) {
        await once.history().apply([one], one.position)
        await once.history().dateBoot('b1', 1_000)
      }
      await again.history().apply(entries, 3)
      await again.history().dateBoot('b1', 1_000)
      expect(await all(again.history())).toEqual(await all(once.history()))
      expect(again.history().cursor()).toBe(once.history().cursor())
    })

    test('gives every field back that a reading can have, and those that it does not know', async () => {
      const { history } = await start()
      const full = reading(1, {
        eventMs: 5_000,
        trigger: 'change',
        clock: 'device',
        backfill: true,
        foreign: true,
        xNt: -8_388_608,
        yNt: 8_388_607,
        zNt: 0,
        temperatureC: -12.35,
        opinion: 'occupied',
        batteryMv: 3_604,
        health: 65_535,
        rssiDbm: -101.5,
        snrDb: -7.25,
        session: 0xffff_ffff,
        counter: 0xffff_ffff,
        hint: { of: ['a', 'later', 'version'] },
      })
      const odd = reading(2, { foreign: false, temperatureC: 1 / 3, opinion: 'unknown', rssiDbm: -0.1 })
      await history().apply([entry(1, [{ ...full, raw: 'AAEC' }, odd, reading(3)])], 1)
      expect(await all(history())).toEqual([odd, reading(3), full])
    })

    describe('over days', () => {
      const DAY_MS = 86_400_000
      const at = (eventMs: number, over: Partial<Reading> = {}) =>
        reading(eventMs / 1_000, { eventMs, receivedMs: eventMs + 100, ...over })
      const SPAN = { fromMs: 0, toMs: 9 * DAY_MS }

      test('keeps days apart and gives them as one, at the last millisecond of one and the first of the next', async () => {
        const { history } = await start()
        const edges = [DAY_MS - 1_000, DAY_MS, 2 * DAY_MS - 1_000, 2 * DAY_MS].map((eventMs) => at(eventMs))
        await history().apply([entry(1, edges, 4 * DAY_MS)], 1)
        expect(await all(history(), SPAN)).toEqual(edges)
        expect(await all(history(), { ...SPAN, limit: 1 })).toEqual(edges)
        expect(await all(history(), { fromMs: DAY_MS, toMs: 2 * DAY_MS })).toEqual(edges.slice(1, 3))
      })

      test('takes what comes late, and once, when a day has long been over', async () => {
        const { history, restart } = await start()
        const [first, late, last] = [at(10_000), at(20_000), at(30_000)]
        await history().apply([entry(1, [first, last], 40_000)], 1)
        await history().apply([entry(2, [at(3 * DAY_MS)], 3 * DAY_MS)], 2)
        await history().apply([entry(3, [late, first], 4 * DAY_MS)], 3)
        await history().apply([entry(4, [last, late], 5 * DAY_MS)], 4)
        await restart()
        await history().apply([entry(5, [], 6 * DAY_MS)], 5)
        expect(await all(history(), SPAN)).toEqual([first, late, last, at(3 * DAY_MS)])
      })

      test('dates what waited for days', async () => {
        const { history } = await start()
        await history().apply([entry(1, [undated(5)], 2 * DAY_MS)], 1)
        await history().apply([entry(2, [at(4 * DAY_MS)], 4 * DAY_MS)], 2)
        expect(await all(history(), SPAN)).toEqual([undated(5), at(4 * DAY_MS)])
        await history().dateBoot('b1', DAY_MS)
        expect(await all(history(), SPAN)).toEqual([undated(5, { eventMs: DAY_MS + 5 }), at(4 * DAY_MS)])
      })

      test('gives readings of any order of arrival in order of event time, each once', async () => {
        await fc.assert(
          fc.asyncProperty(arrivals, async (sent) => {
            const { history } = await start()
            for (const [index, rows] of sent.entries())
              await history().apply([entry(index + 1, rows, (index + 1) * DAY_MS)], index + 1)
            const expected = new Map(
              sent.flat().map((one) => [`${one.eventMs}~${one.device}~${one.counter}`, one]),
            )
            const found = await all(history(), { ...SPAN, limit: 7 })
            expect(found).toEqual([...expected.values()].sort(byTime))
          }),
          { numRuns: 15 },
        )
      })

      const slotReadings = fc
        .record({
          eventMs: fc.oneof(
            fc.integer({ min: 0, max: 5 * DAY_MS }),
            fc.constantFrom(DAY_MS - 1, DAY_MS, DAY_MS + 1),
          ),
          device: fc.constantFrom('70b3d57ed001a001', '70b3d57ed001a002'),
          xNt: fc.integer({ min: -8_388_608, max: 8_388_607 }),
          temperatureC: fc.oneof(
            fc.constant({}),
            fc.record({ temperatureC: fc.integer({ min: -400, max: 850 }).map((tenths) => tenths / 10) }),
          ),
        })
        .map(({ temperatureC, eventMs, ...own }) =>
          reading(eventMs % 0xffff, { ...own, ...temperatureC, eventMs, receivedMs: eventMs + 100 }),
        )
      /** Some of them twice, in slices of any size. */
      const arrivals = fc
        .uniqueArray(slotReadings, {
          maxLength: 40,
          selector: ({ eventMs, device }) => `${eventMs}~${device}`,
        })
        .chain((rows) =>
          fc.shuffledSubarray([...rows, ...rows], { minLength: rows.length }).map((sent) => cut(sent)),
        )
      const cut = (rows: readonly Reading[]): Reading[][] =>
        rows.length === 0 ? [] : [rows.slice(0, 7), ...cut(rows.slice(7))]
      const byTime = (a: Reading, b: Reading): number =>
        a.eventMs! - b.eventMs! || (a.device < b.device ? -1 : 1)
    })

    describe('gives a series of one slot', () => {
      const SPAN = { slot: 'a1', fromMs: 10_000, toMs: 20_000, points: 50, silenceAfterMs: 2_000 }
      const at = (eventMs: number, over: Partial<Reading> = {}) =>
        reading(eventMs, { eventMs, xNt: 0, yNt: 0, zNt: 0, ...over })

      test('with the field and temperature of each reading of the span, and how many there are', async () => {
        const { history } = await start()
        const rows = [
          at(9_999),
          at(10_000, { xNt: 1, yNt: 2, zNt: 3, temperatureC: 20.5 }),
          at(15_000, { slot: 'b1' }),
          at(19_999, { xNt: 4, yNt: 5, zNt: 6 }),
          at(20_000),
        ]
        await history().apply([entry(1, rows)], 1)
        expect(await history().series({ ...SPAN, silenceAfterMs: 60_000, nowMs: 30_000 })).toEqual({
          readings: 2,
          atMs: [10_000, 19_999],
          xNt: [1, 4],
          yNt: [2, 5],
          zNt: [3, 6],
          temperatureC: [20.5, null],
          silent: [],
        })
      })

      test('thinned, and counted before that', async () => {
        const { history } = await start()
        const rows = Array.from({ length: 400 }, (_, index) => at(10_000 + index, { xNt: index % 100 }))
        await history().apply([entry(1, rows)], 1)
        const series = await history().series({ ...SPAN, nowMs: 30_000 })
        expect(series.readings).toBe(400)
        expect(series.xNt.length).toBeLessThanOrEqual(2 * 7)
        expect([Math.min(...series.xNt), Math.max(...series.xNt)]).toEqual([0, 99])
      })

      test('of readings without a time of their own by when they were received', async () => {
        const { history } = await start()
        await history().apply([entry(1, [undated(1)], 12_000)], 1)
        expect((await history().series({ ...SPAN, nowMs: 12_000 })).atMs).toEqual([12_000])
        await history().dateBoot('b1', 15_000)
        expect((await history().series({ ...SPAN, nowMs: 15_001 })).atMs).toEqual([15_001])
      })

      test.each([
        { name: 'nothing was ever heard', heard: [], silent: [[10_000, 20_000]] },
        { name: 'it spoke just in time', heard: [9_000, 11_000, 13_000, 15_000, 17_000, 19_000], silent: [] },
        {
          name: 'a pause is a little too long',
          heard: [9_000, 11_000, 13_001, 15_000, 17_000, 19_000],
          silent: [[11_000, 13_001]],
        },
        {
          name: 'a pause began before the span',
          heard: [7_000, 11_000, 13_000, 15_000, 17_000, 19_000],
          silent: [[10_000, 11_000]],
        },
        {
          name: 'a pause ends behind the span',
          heard: [9_000, 11_000, 13_000, 15_000, 17_000, 19_000, 25_000],
          silent: [[19_000, 20_000]],
        },
        { name: 'it fell silent in the span', heard: [9_000, 11_000], silent: [[11_000, 20_000]] },
        { name: 'it fell silent before the span', heard: [5_000], silent: [[10_000, 20_000]] },
        {
          name: 'it was first heard in the span',
          heard: [18_000],
          nowMs: 20_000,
          silent: [[10_000, 18_000]],
        },
        { name: 'it spoke only behind the span', heard: [25_000], silent: [[10_000, 20_000]] },
        { name: 'the present is in the span', heard: [9_500], nowMs: 12_000, silent: [[10_000, 12_000]] },
        {
          name: 'the present is in the span and it spoke lately',
          heard: [9_500, 11_000],
          nowMs: 12_500,
          silent: [],
        },
        { name: 'the span has not begun', heard: [5_000], nowMs: 9_000, silent: [] },
      ])('that says where it was silent: $name', async ({ heard, nowMs = 21_000, silent }) => {
        const { history } = await start()
        await history().apply(
          [
            entry(
              1,
              heard.map((atMs) => at(atMs)),
            ),
          ],
          1,
        )
        const series = await history().series({ ...SPAN, nowMs })
        expect(series.silent.map(({ fromMs, toMs }) => [fromMs, toMs])).toEqual(silent)
      })
    })

    test('closes after what it was asked for, and answers nothing more', async () => {
      const { history, restart } = await start()
      const closed = history()
      const applied = closed.apply([entry(1, [reading(1)])], 1)
      await restart()
      await applied
      await expect(all(closed)).rejects.toThrow()
      expect(history().cursor()).toBe(1)
    })
  })
}

const reading = (counter: number, over: Partial<Reading> = {}): Reading => ({
  device: '70b3d57ed001a001',
  session: 1,
  counter,
  trigger: 'period',
  eventMs: 1_000 + counter,
  receivedMs: 1_100 + counter,
  boot: 'b1',
  monotonicMs: counter,
  clock: 'gateway',
  backfill: false,
  link: 'tcp',
  slot: 'a1',
  section: 'a',
  xNt: 1,
  yNt: 2,
  zNt: 3,
  ...over,
})
/** Heard while neither its device nor its gateway knew the time. */
const undated = (counter: number, over: Partial<Reading> = {}): Reading => {
  const { eventMs: _eventMs, ...rest } = reading(counter)
  return { ...rest, receivedMs: counter, clock: 'unknown', ...over }
}
const PRESENCE = {
  kind: 'presence',
  slot: 'a1',
  section: 'a',
  presence: 'occupied',
  revision: 1,
  sinceMs: 1_000,
  decidedMs: 1_100,
  evidence: { slot: 'a1', residualNt: 900, thresholdNt: 400, reason: 'field' },
}
const entry = (position: number, rows: readonly object[], receivedMs = 2_000): StoredEntry => ({
  position,
  site: 's',
  gateway: 'gw',
  epoch: 'e1',
  channel: 'readings',
  first: position,
  last: position,
  receivedMs,
  text: JSON.stringify(rows),
})
/** Everything of a slot, page by page. */
const all = async (history: History, over: Partial<HistoryQuery> = {}): Promise<Reading[]> => {
  const query: HistoryQuery = { slot: 'a1', fromMs: 0, toMs: 10_000, limit: 100, ...over }
  const items: Reading[] = []
  for (let cursor: string | undefined; ;) {
    const page = await history.readings({ ...query, cursor })
    items.push(...page.items)
    if (page.next === undefined) return items
    cursor = page.next
  }
}
