import { describe, expect, test } from 'vitest'
import { checkLanes, parseRuleSet, rulesOfLane } from './rule-set.ts'

const good = { v: 1, site: 's', version: 3 }
const refusalOf = (change: object): string => {
  const parsed = parseRuleSet({ ...good, ...change })
  return parsed.ok ? 'in order' : `${parsed.fault.reason} ${parsed.fault.detail}`
}

test('a good rule set gets the shipped values where it says nothing, and keeps fields that this version does not know', () => {
  const parsed = parseRuleSet({ ...good, author: 'Li', lanes: { north: { onNt: 1_200 } } })
  expect(parsed).toMatchObject({
    ok: true,
    value: { version: 3, author: 'Li', allowanceMs: 900_000, rules: { onNt: 900, offNt: 600 } },
  })
})

test('a lane has its own rules on top of the rules of the site', () => {
  const parsed = parseRuleSet({ ...good, rules: { offNt: 500 }, lanes: { north: { onNt: 1_200 } } })
  if (!parsed.ok) throw new Error(parsed.fault.detail)
  expect(rulesOfLane(parsed.value, 'north')).toMatchObject({ onNt: 1_200, offNt: 500 })
  expect(rulesOfLane(parsed.value, 'south')).toMatchObject({ onNt: 900, offNt: 500 })
})

describe('thresholds between which a slot would flap are refused with their place', () => {
  test.each([
    {
      name: 'equal, overall',
      change: { rules: { onNt: 700, offNt: 700 } },
      says: 'rules: offNt (700) must be less than onNt (700)',
    },
    {
      name: 'crossed, overall',
      change: { rules: { onNt: 100 } },
      says: 'rules: offNt (600) must be less than onNt (100)',
    },
    {
      name: 'in a lane',
      change: { lanes: { south: {}, north: { offNt: 950 } } },
      says: 'lanes.north: offNt (950) must be less than onNt (900)',
    },
    {
      name: 'in a lane, against its own threshold',
      change: { lanes: { north: { onNt: 300, offNt: 300 } } },
      says: 'lanes.north: offNt (300) must be less than onNt (300)',
    },
    {
      name: 'in several lanes',
      change: { lanes: { north: { offNt: 950 }, south: { onNt: 600 } } },
      says: 'lanes.north: offNt (950) must be less than onNt (900); lanes.south: offNt (600) must be less than onNt (600)',
    },
  ])('$name', ({ change, says }) => {
    expect(refusalOf(change)).toBe(`rules-invalid ${says}`)
  })

  test('a lane may cure what holds overall only if the rest of the site is in order', () => {
    expect(refusalOf({ lanes: { north: { onNt: 650, offNt: 649 } } })).toBe('in order')
    expect(refusalOf({ rules: { onNt: 500 }, lanes: { north: { onNt: 900 } } })).toContain('rules: offNt')
  })
})

describe('what has the wrong shape is refused with its place', () => {
  test.each([
    { name: 'another version of the format', change: { v: 2 }, says: 'v: Invalid input: expected 1' },
    { name: 'no version', change: { version: undefined }, says: 'version: Invalid input: expected number' },
    { name: 'version 0', change: { version: 0 }, says: 'version: Too small' },
    { name: 'a site that is no id', change: { site: '' }, says: 'site: an id is 1 to 64 of' },
    {
      name: 'rules that are text',
      change: { rules: 'strict' },
      says: 'rules: Invalid input: expected object',
    },
    { name: 'rules that are null', change: { rules: null }, says: 'rules: Invalid input: expected object' },
    {
      name: 'a threshold that is text',
      change: { rules: { onNt: '900' } },
      says: 'rules.onNt: Invalid input: expected number',
    },
    {
      name: 'half a nanotesla',
      change: { rules: { onNt: 900.5 } },
      says: 'rules.onNt: Invalid input: expected int',
    },
    { name: 'a threshold below the noise', change: { rules: { offNt: 49 } }, says: 'rules.offNt: Too small' },
    {
      name: 'a dwell before its beginning',
      change: { rules: { dwellDayMs: -1 } },
      says: 'rules.dwellDayMs: Too small',
    },
    {
      name: 'a dwell of more than a day',
      change: { rules: { dwellNightMs: 86_400_001 } },
      says: 'rules.dwellNightMs: Too big',
    },
    {
      name: 'an hour that there is not',
      change: { rules: { dayFromHour: 25 } },
      says: 'rules.dayFromHour: Too big',
    },
    {
      name: 'silence of less than a second',
      change: { rules: { silenceAfterMs: 0 } },
      says: 'rules.silenceAfterMs: Too small',
    },
    {
      name: 'an allowance that is no number',
      change: { allowanceMs: 'long' },
      says: 'allowanceMs: Invalid input: expected number',
    },
    { name: 'lanes that are a list', change: { lanes: [] }, says: 'lanes: Invalid input: expected record' },
    {
      name: 'a lane that is no id',
      change: { lanes: { 'a b': {} } },
      says: 'lanes.a b: Invalid key in record',
    },
    {
      name: 'a threshold of a lane',
      change: { lanes: { north: { onNt: true } } },
      says: 'lanes.north.onNt: Invalid input: expected number',
    },
  ])('$name', ({ change, says }) => {
    expect(refusalOf(change)).toContain(`rules-shape ${says}`)
  })

  test.each([[undefined], [null], [[]], ['rules'], [7]])('%j is no rule set', (value) => {
    expect(parseRuleSet(value)).toMatchObject({
      fault: {
        reason: 'rules-shape',
        detail: expect.stringContaining('document: Invalid input: expected object'),
      },
    })
  })
})

test('10,000 lanes with rules of their own are judged in a moment, and what is said of them stays short', () => {
  const lanes = Object.fromEntries(
    Array.from({ length: 10_000 }, (_, index) => [`l${index}`, { offNt: 950 }]),
  )
  const startedMs = performance.now()
  const says = refusalOf({ lanes })
  expect(performance.now() - startedMs).toBeLessThan(5_000)
  expect(says).toContain('lanes.l0: offNt (950)')
  expect(says.length).toBeLessThan(4_000)
})

test('rules for a lane that the layout lacks are found', () => {
  const layout = { lanes: [{ id: 'north', name: '', kind: 'gate' as const, lengthM: 4 }] }
  const site = {
    v: 1 as const,
    site: 's',
    name: '',
    version: 1,
    timeZone: 'UTC',
    sections: [],
    slots: [],
    ...layout,
  }
  const check = (lanes: object) => {
    const parsed = parseRuleSet({ ...good, lanes })
    return parsed.ok && checkLanes(parsed.value, site)
  }
  expect(check({ north: {} })).toEqual({ ok: true, value: undefined })
  expect(check({ north: {}, south: {} })).toMatchObject({
    fault: {
      reason: 'rules-invalid',
      detail: expect.stringContaining('lanes.south: the layout has no such lane'),
    },
  })
})
