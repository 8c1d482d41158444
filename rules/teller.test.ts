import type { EpisodeEvent } from '@clearlane/protocol'
import { EpisodeEventSchema, PresenceEventSchema } from '@clearlane/protocol'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createEstate } from './estate.ts'
import type { Sample } from './sample.ts'
import { createTeller } from './teller.ts'
import type { Told } from './teller.ts'
import { layout, ruleSet, sampleAt, samplesOf, SLOTS, T0 } from './testing-world.ts'

const at = (seconds: number) => T0 + seconds * 1000

const createDesk = (told: readonly Told[] = [], isDated = (_atMs: number) => true) => {
  const estate = createEstate({ gateway: 'gw', holeSinceMs: () => undefined })
  estate.configure({ fromMs: 0, layout, rules: ruleSet() })
  const teller = createTeller({ epoch: 'e1', told, isDated })
  const hear = (samples: readonly Sample[], heardMs?: number): EpisodeEvent[] =>
    samples.flatMap((sample) => {
      estate.accept(sample, heardMs ?? sample.atMs)
      estate.flush(heardMs ?? sample.atMs)
      return estate.takeChanged().flatMap((view) => teller.tellLane(view, heardMs ?? sample.atMs))
    })
  return { estate, teller, hear }
}
const brief = (events: readonly EpisodeEvent[]) =>
  events.map((event) => `${event.transition} ${event.episode.revision}`)

describe('what is told of a stay', () => {
  test('is each transition once, in order, under one id made of its first reading', () => {
    const { hear } = createDesk()
    const events = hear(samplesOf('a1', [[100, 900]], 1_000, 30))
    expect(brief(events)).toEqual(['detected 1', 'confirmed 2', 'escalated 3', 'cleared 4'])
    expect(new Set(events.map((event) => event.episode.id)).size).toBe(1)
    expect(events[0]!.episode.id).toMatch(/^[0-9a-f]{16}-1-\d+-e1$/)
    for (const event of events) expect(EpisodeEventSchema.safeParse(event).error).toBeUndefined()
  })

  test('carries its evidence: slot, field before and after, baseline and threshold', () => {
    const { hear } = createDesk()
    expect(hear(samplesOf('a1', [[100, 900]], 200, 30))[0]!.evidence).toMatchObject([
      {
        slot: 'a1',
        before: [33_000, -3_800, expect.any(Number)],
        after: [33_000, -3_800, expect.any(Number)],
        thresholdNt: 900,
      },
    ])
  })

  test('is nothing when nothing changed', () => {
    const { estate, teller, hear } = createDesk()
    hear(samplesOf('a1', [[100, 900]], 400, 30))
    expect([...estate.lanes()].flatMap((view) => teller.tellLane(view, at(401)))).toEqual([])
  })
})

describe('a late reading', () => {
  test('moves the beginning under the same id, with a higher revision', () => {
    const { hear } = createDesk()
    const [first] = hear([sampleAt('a1', 0, false, 0), sampleAt('a1', 100, true, 5)])
    const [moved] = hear([sampleAt('a1', 80, true, 4)], at(101))
    expect(moved).toMatchObject({
      transition: 'extended',
      episode: { id: first!.episode.id, revision: 2, detectedMs: at(80) },
    })
  })

  test('takes a confirmation back, and the end says that it passed', () => {
    const { hear } = createDesk()
    hear([sampleAt('a1', 0, false, 0), sampleAt('a1', 10, true, 1), sampleAt('a1', 80, true, 3)])
    const events = hear([sampleAt('a1', 40, false, 2)], at(81))
    expect(events.at(-1)).toMatchObject({ episode: { confirmed: false } })
  })

  test('voids what never was, and the same reading later goes on from its revision', () => {
    const { estate, teller, hear } = createDesk()
    const [detected] = hear([sampleAt('a1', 0, false, 0), sampleAt('a1', 10, true, 1)])
    const voided = teller.tellLane({ lane: 'north', records: [] }, at(11))
    expect(brief(voided)).toEqual(['voided 2'])
    expect(teller.tellLane({ lane: 'north', records: [] }, at(12))).toEqual([])
    const again = [...estate.lanes()].flatMap((view) => teller.tellLane(view, at(13)))
    expect(again).toMatchObject([{ episode: { id: detected!.episode.id, revision: 3 } }])
    expect(again[0]!.episode.end).toBeUndefined()
  })
})

test('whatever the order of arrival, in the end the same is told, and nothing that was is voided', () => {
  const samples = ['a1', 'a2', 'b1'].flatMap((slot, index) =>
    samplesOf(
      slot,
      [
        [100 + index * 40, 400],
        [700, 720],
        [1_000, 1_300 + index],
      ],
      6_000,
      40,
    ),
  )
  const heard = (displacedMs: (index: number) => number) => {
    const { estate, teller } = createDesk()
    const last = new Map<string, EpisodeEvent['episode']>()
    const arrivals = samples
      .map((sample, index) => ({ sample, heardMs: sample.atMs + displacedMs(index) }))
      .sort((a, b) => a.heardMs - b.heardMs)
    for (const { sample, heardMs } of arrivals) {
      estate.accept(sample, heardMs)
      estate.flush(heardMs)
      for (const view of estate.takeChanged()) {
        for (const { episode } of teller.tellLane(view, heardMs)) last.set(episode.id, episode)
      }
      for (const settled of estate.takeSettled()) teller.forget(settled)
    }
    const told = [...last.values()].filter((episode) => episode.end !== 'voided')
    return told.map(({ revision: _revision, id: _id, ...episode }) => JSON.stringify(episode)).sort()
  }
  expect(heard(() => 0)).toHaveLength(6)
  for (const seed of [3, 7, 11]) {
    expect(heard((index) => (index % 3 === 0 ? (index * seed * 7_919) % 800_000 : 0))).toEqual(heard(() => 0))
  }
})

describe('after an outage, when the memories of the sensors come in one by one', () => {
  const OUTAGE_S = 12_000
  /** As the gateway's memory of counters says it: the time before the first one that is missing. */
  const createHoles = () => {
    const seen = new Map<string, Map<number, number>>()
    return {
      enter: ({ device, counter, atMs }: Sample): void => {
        seen.set(device, (seen.get(device) ?? new Map<number, number>()).set(counter, atMs))
      },
      sinceMs: (device: string): number | undefined => {
        const counters = seen.get(device) ?? new Map<number, number>()
        let next = 0
        while (counters.has(next)) next++
        return counters.size > next ? (counters.get(next - 1) ?? 0) : undefined
      },
    }
  }
  /** What the centre holds once all has settled: the highest revision of each episode, voided ones aside. */
  const centreAfter = (bursts: readonly (readonly Sample[])[]): string[] => {
    const holes = createHoles()
    const estate = createEstate({ gateway: 'gw', holeSinceMs: holes.sinceMs })
    estate.configure({ fromMs: 0, layout, rules: ruleSet() })
    const teller = createTeller({ epoch: 'e1', isDated: () => true })
    const centre = new Map<string, EpisodeEvent['episode']>()
    const hear = (burst: readonly Sample[], heardMs: number): void => {
      for (const sample of burst) {
        holes.enter(sample)
        expect(estate.accept(sample, heardMs)).toBe('merged')
      }
      estate.flush(heardMs)
      for (const view of estate.takeChanged()) {
        for (const { episode } of teller.tellLane(view, heardMs)) {
          if (episode.revision > (centre.get(episode.id)?.revision ?? 0)) centre.set(episode.id, episode)
        }
      }
      for (const settled of estate.takeSettled()) teller.forget(settled)
    }
    for (const [index, burst] of bursts.entries()) hear(burst, at(OUTAGE_S) + index)
    for (let minute = 0; minute < 40; minute++) {
      const laterS = OUTAGE_S + 60 * minute
      const lengths = SLOTS.map((slot) => bursts.flat().filter((sample) => sample.slot === slot).length)
      hear(
        SLOTS.map((slot, index) => sampleAt(slot, laterS, false, lengths[index]! + minute)),
        at(laterS),
      )
    }
    return [...centre.values()]
      .filter((episode) => episode.end !== 'voided')
      .map(({ revision: _revision, id: _id, ...episode }) => JSON.stringify(episode))
      .sort()
  }
  const inOrder = (memories: readonly (readonly Sample[])[]): Sample[][] => [
    memories.flat().sort((a, b) => a.atMs - b.atMs),
  ]

  test('a stay that another one covers for a while does not lend it its id for good', () => {
    const first = samplesOf('a1', [[7_000, 7_150]], 8_000, 90)
    const second = samplesOf(
      'a2',
      [
        [1_000, 1_004],
        [3_000, 3_100],
      ],
      8_000,
      90,
    )
    const others = ['b1', 'b2'].map((slot) => samplesOf(slot, [], 8_000, 90))
    const until = (fromS: number, toS: number) =>
      second.filter((sample) => sample.atMs >= at(fromS) && sample.atMs < at(toS))
    expect(
      centreAfter([...others, first, until(0, 1_002), until(1_002, 3_050), until(3_050, 9_000)]),
    ).toEqual(centreAfter(inOrder([...others, first, second])))
  })

  test('the centre ends with what they saw, however they are cut and mixed', () => {
    const UNTIL_S = 8_000
    const stayArbitrary = fc.record({
      gap: fc.integer({ min: 20, max: 600 }),
      length: fc.integer({ min: 5, max: 600 }),
    })
    const toStays = (drawn: readonly { readonly gap: number; readonly length: number }[]) => {
      let time = 30
      return drawn.flatMap(({ gap, length }): [number, number][] => {
        const from = time + gap
        time = from + length
        return time < UNTIL_S ? [[from, time]] : []
      })
    }
    fc.assert(
      fc.property(
        fc.array(fc.array(stayArbitrary, { minLength: 4, maxLength: 20 }), { minLength: 4, maxLength: 4 }),
        fc.array(fc.tuple(fc.nat({ max: 3 }), fc.integer({ min: 1, max: 60 })), {
          minLength: 4,
          maxLength: 40,
        }),
        fc.boolean(),
        (stays, turns, isNewestFirst) => {
          const memories = SLOTS.map((slot, index) => samplesOf(slot, toStays(stays[index]!), UNTIL_S, 90))
          const left = memories.map((memory) => (isNewestFirst ? memory.slice(0, -1) : [...memory]))
          const bursts = isNewestFirst ? [memories.map((memory) => memory.at(-1)!)] : []
          for (const [slot, count] of turns) bursts.push(left[slot]!.splice(0, count))
          bursts.push(...left)
          expect(centreAfter(bursts)).toEqual(centreAfter(inOrder(memories)))
        },
      ),
      { numRuns: 200 },
    )
  })
})

test('after a restart the difference to what was told is empty, and goes on under the same ids', () => {
  const samples = samplesOf('a1', [[100, 900]], 1_000, 30)
  const before = createDesk()
  const told = before.hear(samples.filter((one) => one.atMs < at(500)))
  const kept = structuredClone([...before.teller.told()])
  const after = createDesk(kept)
  for (const sample of samples.filter((one) => one.atMs < at(500))) after.estate.accept(sample, at(500))
  after.estate.flush(at(500))
  expect(after.estate.takeChanged().flatMap((view) => after.teller.tellLane(view, at(500)))).toEqual([])
  const rest = after.hear(samples.filter((one) => one.atMs >= at(500)))
  expect(brief([...told, ...rest])).toEqual(['detected 1', 'confirmed 2', 'escalated 3', 'cleared 4'])
})

test('without a known clock an alarm is told at once without times, and dated once the clock is known', () => {
  let isKnown = false
  const { estate, teller, hear } = createDesk([], () => isKnown)
  const provisional = [
    sampleAt('a1', 0, false, 0),
    sampleAt('a1', 10, true, 1),
    sampleAt('a1', 75, true, 2),
  ].map((sample): Sample => ({ ...sample, isProvisional: true }))
  estate.hold(true)
  const events = hear(provisional)
  expect(brief(events)).toEqual(['detected 1', 'confirmed 2'])
  expect(events.every((event) => event.atMs === undefined && event.episode.detectedMs === undefined)).toBe(
    true,
  )

  isKnown = true
  estate.hold(false)
  estate.shift(5_000_000)
  estate.flush(at(80) + 5_000_000)
  const dated = estate.takeChanged().flatMap((view) => teller.tellLane(view, at(80)))
  expect(dated).toMatchObject([
    {
      episode: {
        id: events[0]!.episode.id,
        revision: 3,
        detectedMs: at(10) + 5_000_000,
        confirmedMs: at(70) + 5_000_000,
      },
    },
  ])
})

test('presence of a slot is told when it changes, silence as unknown, with its evidence', () => {
  const { estate, teller } = createDesk()
  const told: string[] = []
  const tell = () => {
    for (const view of estate.takeChangedSlots()) {
      const event = teller.tellSlot(view, at(0))
      if (event === undefined) continue
      expect(PresenceEventSchema.safeParse(event).error).toBeUndefined()
      told.push(`${event.slot} ${event.presence} ${event.revision}`)
    }
  }
  for (const sample of samplesOf('b1', [[60, 90]], 120, 30)) {
    estate.accept(sample, sample.atMs)
    estate.flush(sample.atMs)
    tell()
  }
  estate.flush(at(1_000))
  tell()
  expect(told).toEqual(['b1 vacant 1', 'b1 occupied 2', 'b1 vacant 3', 'b1 unknown 4'])
})
