import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Estate, EstateOptions, SettledRecord } from './estate.ts'
import { createEstate } from './estate.ts'
import type { Sample } from './sample.ts'
import { layout, ruleSet, sampleAt, samplesOf, SLOTS, T0 } from './testing-world.ts'

const createTestEstate = (over: Partial<EstateOptions> = {}, rules = ruleSet()): Estate => {
  const estate = createEstate({ gateway: 'gw', holeSinceMs: () => undefined, ...over })
  estate.configure({ fromMs: 0, layout, rules })
  return estate
}

/** Feeds samples in the order given, each heard at its `heardMs`, and lets timers fire in between. */
const feed = (
  estate: Estate,
  heard: readonly { readonly sample: Sample; readonly heardMs: number }[],
): SettledRecord[] => {
  const settled: SettledRecord[] = []
  for (const { sample, heardMs } of heard) {
    estate.accept(sample, heardMs)
    estate.flush(heardMs)
    settled.push(...estate.takeSettled())
  }
  return settled
}

const asHeard = (samples: readonly Sample[]) => samples.map((sample) => ({ sample, heardMs: sample.atMs }))
const live = (estate: Estate) => [...estate.lanes()].flatMap((lane) => lane.records)
const at = (seconds: number) => T0 + seconds * 1000

const inOrder = (
  slots: Record<string, readonly (readonly [number, number])[]>,
  untilS: number,
  everyS = 30,
): Sample[] =>
  SLOTS.flatMap((slot) => samplesOf(slot, slots[slot] ?? [], untilS, everyS)).sort(
    (a, b) => a.atMs - b.atMs || (a.slot < b.slot ? -1 : 1),
  )

describe('an episode', () => {
  test('is detected at once, confirmed after the dwell, escalated, and cleared after the hold-off', () => {
    const estate = createTestEstate()
    feed(estate, asHeard(inOrder({ a1: [[100, 1000]] }, 1_100)))
    expect(live(estate)).toMatchObject([
      {
        section: 'a',
        detectedMs: at(100),
        confirmedMs: at(160),
        escalatedMs: at(760),
        end: 'cleared',
        endedMs: at(1000),
        endDecidedMs: at(1010),
      },
    ])
  })

  test('that ends before the dwell has passed, and was never confirmed', () => {
    const estate = createTestEstate()
    feed(estate, asHeard(inOrder({ b2: [[100, 150]] }, 300)))
    expect(live(estate)).toMatchObject([
      { section: 'b', end: 'passed', confirmedMs: undefined, endedMs: at(150) },
    ])
  })

  test('goes on when the slot is occupied again within the hold-off', () => {
    const estate = createTestEstate()
    feed(
      estate,
      asHeard(
        inOrder(
          {
            a1: [
              [100, 130],
              [135, 400],
            ],
          },
          500,
        ),
      ),
    )
    expect(live(estate)).toMatchObject([{ detectedMs: at(100), endedMs: at(400), gatheredMs: 295_000 }])
  })

  test('is confirmed by the clock alone, without another reading, dated by its due time', () => {
    const estate = createTestEstate()
    feed(estate, asHeard([sampleAt('a1', 0, false, 0), sampleAt('a1', 10, true, 1)]))
    estate.flush(at(75))
    expect(live(estate)).toMatchObject([{ confirmedMs: at(70) }])
  })
})

describe('silence', () => {
  test('freezes a dwell, hides an episode and never ends it', () => {
    const estate = createTestEstate()
    feed(estate, asHeard([sampleAt('a1', 0, false, 0), sampleAt('a1', 10, true, 1)]))
    estate.flush(at(69))
    expect(live(estate)).toMatchObject([{ confirmedMs: undefined }])
    const muted = createTestEstate({}, ruleSet({ silenceAfterMs: 30_000 }))
    feed(muted, asHeard([sampleAt('a1', 0, false, 0), sampleAt('a1', 10, true, 1)]))
    muted.flush(at(100_000))
    expect(live(muted)).toMatchObject([
      { confirmedMs: undefined, unobservedMs: at(40), end: undefined, gatheredMs: 30_000 },
    ])
    feed(muted, asHeard([sampleAt('a1', 100_001, true, 2)]))
    expect(live(muted)).toMatchObject([{ unobservedMs: undefined, blockedSinceMs: at(100_001) }])
    muted.flush(at(100_031))
    expect(live(muted)).toMatchObject([{ confirmedMs: at(100_031) }])
  })

  test('of a slot that took no part does not keep an episode from ending', () => {
    const estate = createTestEstate()
    feed(estate, asHeard([sampleAt('a2', 0, false, 0), ...samplesOf('a1', [[200, 400]], 500, 30)]))
    expect(live(estate)).toMatchObject([{ end: 'cleared', endedMs: at(400) }])
  })

  test('that a late reading fills never was', () => {
    const estate = createTestEstate({}, ruleSet({ silenceAfterMs: 30_000 }))
    feed(estate, asHeard([sampleAt('a1', 0, false, 0), sampleAt('a1', 10, true, 1)]))
    estate.flush(at(60))
    expect(live(estate)).toMatchObject([{ unobservedMs: at(40) }])
    estate.accept(sampleAt('a1', 35, true, 2), at(61))
    estate.flush(at(62))
    expect(live(estate)).toMatchObject([{ unobservedMs: undefined, confirmedMs: undefined }])
  })

  test('before what a device still holds is unknown right after its last reading, so no dwell runs through it', () => {
    let holeMs: number | undefined = at(10)
    const estate = createTestEstate({ holeSinceMs: () => holeMs })
    feed(estate, asHeard([sampleAt('a1', 0, false, 0), sampleAt('a1', 10, true, 1)]))
    feed(estate, [{ sample: sampleAt('a1', 5_000, false, 9), heardMs: at(5_000) }])
    estate.flush(at(5_020))
    expect(live(estate)).toMatchObject([{ confirmedMs: undefined, end: 'passed' }])
    // The device's backfill shows the stay as it was.
    holeMs = undefined
    feed(
      estate,
      samplesOf('a1', [[0, 200]], 4_990, 60)
        .filter((one) => one.atMs > at(10))
        .map((sample, index) => ({
          sample: { ...sample, counter: 2 + index },
          heardMs: at(5_001 + index / 100),
        })),
    )
    estate.flush(at(5_100))
    expect(live(estate)).toMatchObject([{ detectedMs: at(10), confirmedMs: at(70), end: 'cleared' }])
  })
})

describe('an end by hand', () => {
  test('stands while the same vehicle stays, and the next one is a new episode', () => {
    const estate = createTestEstate()
    const samples = inOrder(
      {
        a1: [
          [100, 400],
          [500, 600],
        ],
      },
      700,
    )
    feed(estate, asHeard(samples.filter((one) => one.atMs < at(300))))
    estate.endByHand({ section: 'a', atMs: at(300), by: 'li', reason: 'a delivery, agreed' })
    feed(estate, asHeard(samples.filter((one) => one.atMs >= at(300))))
    expect(live(estate)).toMatchObject([
      { end: 'ended-by-hand', endedMs: at(300), endedBy: 'li' },
      { detectedMs: at(500), end: 'cleared' },
    ])
  })
})

describe('rules that change', () => {
  test('hold from their own time on, and a late reading is judged by the rules of its time', () => {
    const estate = createTestEstate()
    const samples = inOrder({ a1: [[100, 180]] }, 900)
    const late = samples.filter((one) => one.slot === 'a1' && one.atMs <= at(200))
    feed(estate, asHeard(samples.filter((one) => !late.includes(one) && one.atMs < at(500))))
    estate.configure({ fromMs: at(500), layout, rules: { ...ruleSet({ dwellDayMs: 600_000 }), version: 2 } })
    feed(
      estate,
      late.map((sample) => ({ sample, heardMs: at(501) })),
    )
    feed(estate, asHeard(samples.filter((one) => one.atMs >= at(502))))
    expect(live(estate)).toMatchObject([{ confirmedMs: at(160), rulesVersion: 1 }])
  })
})

describe('any order of the same readings', () => {
  const staysArbitrary = fc
    .array(fc.tuple(fc.integer({ min: 5, max: 400 }), fc.integer({ min: 2, max: 300 })), {
      minLength: 1,
      maxLength: 12,
    })
    .map((pairs) => {
      let time = 30
      return pairs.map(([gap, length]): [number, number] => {
        const from = time + gap
        time = from + length
        return [from, time]
      })
    })
  const UNTIL_S = 9_000

  const settle = (samples: readonly Sample[], delayMs: readonly number[], allowanceMs: number) => {
    const rules = ruleSet({}, allowanceMs)
    const estate = createTestEstate({}, rules)
    const heard = samples
      .map((sample, index) => ({ sample, heardMs: sample.atMs + delayMs[index]! }))
      .sort((a, b) => a.heardMs - b.heardMs)
    const settled = feed(estate, heard)
    // A last word of every slot, long after, lets everything before it settle.
    const end = SLOTS.map((slot) => sampleAt(slot, UNTIL_S + 20_000, false, 999_999))
    settled.push(
      ...feed(estate, [
        ...asHeard(end),
        ...asHeard(end.map((one) => ({ ...one, atMs: one.atMs + 1, counter: 1_000_000 }))),
      ]),
    )
    for (let minute = 0; minute < 40; minute++) {
      estate.flush(at(UNTIL_S + 20_000 + 60 * minute))
      settled.push(...estate.takeSettled())
    }
    const key = ({ record }: SettledRecord) => `${record.endDecidedMs}-${record.section}`
    return JSON.stringify(settled.sort((a, b) => (key(a) < key(b) ? -1 : 1)))
  }

  test('settles to byte-identical episodes, with three in ten displaced by up to the allowance and heard twice', () => {
    fc.assert(
      fc.property(
        fc.array(staysArbitrary, { minLength: 4, maxLength: 4 }),
        fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
        (stays, chance) => {
          const samples = SLOTS.flatMap((slot, index) => samplesOf(slot, stays[index]!, UNTIL_S, 40))
          const next = () => chance.next().value as number
          const twice = samples.flatMap((sample) => (next() < 0.3 ? [sample, sample] : [sample]))
          const delays = twice.map(() => (next() < 0.4 ? Math.floor(next() * 900_000) : 0))
          const ordered = settle(
            samples,
            samples.map(() => 0),
            900_000,
          )
          expect(ordered).toContain('"section"')
          expect(settle(twice, delays, 900_000)).toBe(ordered)
        },
      ),
      { numRuns: 25 },
    )
  })

  test('would not, were there no allowance', () => {
    const samples = SLOTS.flatMap((slot) =>
      samplesOf(
        slot,
        [
          [100, 400],
          [700, 720],
          [900, 1_400],
        ],
        UNTIL_S,
        40,
      ),
    )
    const delays = samples.map((_, index) => (index % 3 === 0 ? (index * 7_919) % 900_000 : 0))
    const none = samples.map(() => 0)
    expect(settle(samples, delays, 900_000)).toBe(settle(samples, none, 900_000))
    expect(settle(samples, delays, 0)).not.toBe(settle(samples, none, 0))
  })
})

describe('a reading too late', () => {
  test('is refused with how far behind it is, and changes nothing settled', () => {
    const estate = createTestEstate()
    feed(estate, asHeard(inOrder({}, 4_000)))
    expect(estate.accept(sampleAt('a1', 10, true, 7_777), at(4_000))).toMatchObject({
      lateBehindMs: expect.any(Number),
    })
    expect(estate.accept({ ...sampleAt('a1', 10, true, 1), slot: 'nowhere' }, at(4_000))).toBe('no-slot')
  })
})

describe('the snapshot', () => {
  test('with the samples behind it gives the same live records as never having stopped', () => {
    const samples = inOrder(
      {
        a1: [
          [100, 2_000],
          [2_500, 2_700],
        ],
        b1: [[300, 350]],
      },
      3_000,
    )
    const whole = createTestEstate()
    feed(whole, asHeard(samples))
    const until = createTestEstate()
    feed(until, asHeard(samples.filter((one) => one.atMs < at(2_600))))
    const snapshot = structuredClone(until.snapshot())
    const resumed = createEstate({ gateway: 'gw', holeSinceMs: () => undefined, snapshot })
    feed(resumed, asHeard(samples))
    expect(live(resumed)).toEqual(
      live(whole).filter((record) => (record.endDecidedMs ?? Infinity) >= snapshot.lanes[0]!.watermarkMs),
    )
  })
})

test('memory stays bounded: beyond the limit of pending samples the oldest settle early, and it is counted', () => {
  const estate = createTestEstate({ maxPendingSamples: 200 })
  feed(estate, asHeard(inOrder({}, 900, 1)))
  expect(estate.stats().pendingSamples).toBeLessThanOrEqual(400)
  expect(estate.stats().shortenedAllowances).toBeGreaterThan(0)
})
