import { describe, expect, test } from 'vitest'
import type { Layout } from './layout.ts'
import { findLayoutProblems, LayoutDraftSchema, parseLayout, readLayoutPlaces } from './layout.ts'

const DEVICE = '70b3d57ed001a001'
const north = { id: 'north', name: 'North', kind: 'fire-lane', lengthM: 20 }
const a = { id: 'a', name: 'A', lane: 'north', fromM: 0, toM: 8, gateway: 'gw' }
const b = { ...a, id: 'b', fromM: 8, toM: 20 }
const a1 = { id: 'a1', section: 'a', offsetM: 2, device: DEVICE }
const b1 = { id: 'b1', section: 'b', offsetM: 12 }
const calibration = { xNt: 33_000, yNt: -3_800, zNt: 36_200, temperatureC: 20.5, atMs: 1 }
const good = {
  v: 1,
  site: 's',
  name: '云台一期',
  version: 7,
  timeZone: 'Asia/Shanghai',
  lanes: [north],
  sections: [a, b],
  slots: [{ ...a1, calibration }, b1],
}
const refusalOf = (value: unknown): string => {
  const parsed = parseLayout(value)
  return parsed.ok ? 'in order' : `${parsed.fault.reason} ${parsed.fault.detail}`
}

test('a good layout is taken as it is, with fields that this version does not know', () => {
  const rich = {
    ...good,
    colour: 'red',
    lanes: [{ ...north, headingDegrees: 270, surface: 'asphalt' }],
    sections: [{ ...a, hydrant: { at: 3 } }, b],
    slots: [{ ...a1, depthMm: 40 }],
  }
  for (const layout of [good, rich, { ...good, lanes: [], sections: [], slots: [] }])
    expect(parseLayout(layout)).toEqual({ ok: true, value: layout })
})

describe('what contradicts itself is refused with its place and what to do', () => {
  test.each([
    {
      name: 'two lanes of one id',
      change: { lanes: [north, north] },
      says: 'lanes[1]: the id north is used twice: give it another',
    },
    {
      name: 'two sections of one id',
      change: { sections: [a, b, a] },
      says: 'sections[2]: the id a is used twice: give it another',
    },
    {
      name: 'two slots of one id',
      change: { slots: [b1, b1] },
      says: 'slots[1]: the id b1 is used twice: give it another',
    },
    {
      name: 'a section of a lane that is not there',
      change: { sections: [a, b, { ...a, id: 'c', lane: 'south' }] },
      says: 'sections[2].lane: there is no lane south: add it or name another',
    },
    {
      name: 'a section that ends beyond its lane',
      change: { sections: [a, { ...b, toM: 20.5 }] },
      says: "sections[1]: 8 m to 20.5 m is not a stretch of the lane's 0 to 20 m",
    },
    {
      name: 'a section that ends before it begins',
      change: { sections: [a, { ...b, fromM: 20, toM: 8 }], slots: [] },
      says: "sections[1]: 20 m to 8 m is not a stretch of the lane's 0 to 20 m",
    },
    {
      name: 'a section without length',
      change: { sections: [a, { ...b, fromM: 12, toM: 12 }] },
      says: "sections[1]: 12 m to 12 m is not a stretch of the lane's 0 to 20 m",
    },
    {
      name: 'a slot of a section that is not there',
      change: { slots: [a1, { ...b1, section: 'c' }] },
      says: 'slots[1].section: there is no section c: add it or name another',
    },
    {
      name: 'a slot before its section',
      change: { slots: [a1, { ...b1, offsetM: 7.9 }] },
      says: 'slots[1].offsetM: 7.9 m lies outside its section, 8 m to 20 m',
    },
    {
      name: 'a slot behind its section',
      change: { slots: [{ ...a1, offsetM: 8.1 }] },
      says: 'slots[0].offsetM: 8.1 m lies outside its section, 0 m to 8 m',
    },
    {
      name: 'a device in two slots',
      change: { slots: [a1, { ...b1, device: DEVICE }] },
      says: `slots[1].device: ${DEVICE} is already in slot a1: unbind it there first`,
    },
    {
      name: 'two devices whose frames would carry the same short id',
      change: {
        slots: [a1, { ...b1, device: '0011223344556677' }, { ...b1, id: 'b2', device: 'ffeeddcc44556677' }],
      },
      says: 'slots[2].device: ffeeddcc44556677 and 0011223344556677 end in the same 8 digits: swap one of them',
    },
    {
      name: 'several things at once',
      change: {
        lanes: [north, north],
        slots: [
          { ...a1, offsetM: 9 },
          { ...b1, section: 'c' },
        ],
      },
      says: 'lanes[1]: the id north is used twice: give it another; slots[0].offsetM: 9 m lies outside its section, 0 m to 8 m; slots[1].section: there is no section c: add it or name another',
    },
  ])('$name', ({ change, says }) => {
    expect(refusalOf({ ...good, ...change })).toBe(`layout-invalid ${says}`)
  })
})

describe('the places in the text are those of the problems themselves', () => {
  test.each([
    { name: 'two lanes of one id', change: { lanes: [north, north] } },
    { name: 'a section outside its lane', change: { sections: [a, { ...b, toM: 21 }] } },
    {
      name: 'slots outside their sections',
      change: {
        slots: [
          { ...a1, offsetM: 9 },
          { ...b1, section: 'c' },
        ],
      },
    },
    { name: 'a device in two slots', change: { slots: [a1, { ...b1, device: DEVICE }] } },
    { name: 'a number that is not one', change: { slots: [a1, { ...b1, offsetM: Number.NaN }] } },
    { name: 'a name that is too long, and no time zone', change: { name: 'x'.repeat(201), timeZone: '' } },
    { name: 'a plan without height', change: { plan: { widthM: 60, heightM: 0 } } },
  ])('$name', ({ change }) => {
    const value = { ...good, ...change }
    const parsed = parseLayout(value)
    expect(readLayoutPlaces(parsed.ok ? '' : parsed.fault.detail)).toEqual(
      findLayoutProblems(value).map(({ place, text }) => ({ place, text })),
    )
    expect(findLayoutProblems(value).length).toBeGreaterThan(0)
  })

  test('a layout in order has none', () => {
    expect(findLayoutProblems(good)).toEqual([])
    expect(readLayoutPlaces('the body is not JSON')).toEqual([])
  })
})

test('a draft keeps whatever is typed, over JSON and back', () => {
  const draft = {
    ...good,
    lanes: [
      {
        ...north,
        lengthM: Number.NaN,
        path: [
          [0, Number.NaN],
          [1, 1],
        ],
      },
    ],
    sections: [{ ...a, id: '', toM: -1 }],
    slots: [
      { ...a1, calibration },
      { ...b1, offsetM: Number.NaN, device: 'typed so f' },
    ],
  }
  expect(LayoutDraftSchema.parse(JSON.parse(JSON.stringify(draft)))).toEqual(draft)
})

describe('what stands exactly at a border is in order', () => {
  test.each([
    { name: 'a slot where its section begins', change: { slots: [{ ...b1, offsetM: 8 }] } },
    { name: 'a slot where its section ends', change: { slots: [{ ...b1, offsetM: 20 }] } },
    { name: 'one id for things of different kinds', change: { slots: [{ ...b1, id: 'north' }] } },
    {
      name: 'devices that differ in their last 8 digits',
      change: { slots: [a1, { ...b1, device: '70b3d57ed001a002' }] },
    },
    { name: 'a name that is empty', change: { name: '' } },
  ])('$name', ({ change }) => {
    expect(refusalOf({ ...good, ...change })).toBe('in order')
  })
})

describe('what has the wrong shape is refused with its place', () => {
  test.each([
    { name: 'no object', value: 'layout', says: 'document: Invalid input: expected object' },
    { name: 'nothing', value: undefined, says: 'document: Invalid input: expected object' },
    { name: 'another version of the format', value: { ...good, v: 2 }, says: 'v: Invalid input: expected 1' },
    {
      name: 'no version of the format',
      value: { ...good, v: undefined },
      says: 'v: Invalid input: expected 1',
    },
    { name: 'version 0', value: { ...good, version: 0 }, says: 'version: Too small' },
    {
      name: 'half a version',
      value: { ...good, version: 1.5 },
      says: 'version: Invalid input: expected int',
    },
    { name: 'a site that is no id', value: { ...good, site: 'a/b' }, says: 'site: an id is 1 to 64 of' },
    {
      name: 'a name that is no text',
      value: { ...good, name: 7 },
      says: 'name: Invalid input: expected string',
    },
    { name: 'a name without end', value: { ...good, name: 'x'.repeat(201) }, says: 'name: Too big' },
    {
      name: 'a time zone that there is not',
      value: { ...good, timeZone: 'Asia/Shangri-La' },
      says: 'timeZone: an IANA time zone, for example Asia/Shanghai',
    },
    { name: 'an empty time zone', value: { ...good, timeZone: '' }, says: 'timeZone: an IANA time zone' },
    {
      name: 'lanes that are no list',
      value: { ...good, lanes: {} },
      says: 'lanes: Invalid input: expected array',
    },
    { name: 'no slots', value: { ...good, slots: undefined }, says: 'slots: Invalid input: expected array' },
    {
      name: 'a lane of an unknown kind',
      value: { ...good, lanes: [{ ...north, kind: 'road' }] },
      says: 'lanes[0].kind: Invalid option',
    },
    {
      name: 'a lane without length',
      value: { ...good, lanes: [{ ...north, lengthM: 0 }] },
      says: 'lanes[0].lengthM: Too small',
    },
    {
      name: 'a heading beyond the circle',
      value: { ...good, lanes: [{ ...north, headingDegrees: 361 }] },
      says: 'lanes[0].headingDegrees: Too big',
    },
    {
      name: 'a section before its lane',
      value: { ...good, sections: [{ ...a, fromM: -1 }] },
      says: 'sections[0].fromM: Too small',
    },
    {
      name: 'a section that no gateway decides',
      value: { ...good, sections: [a, { ...b, gateway: undefined }] },
      says: 'sections[1].gateway: Invalid input: expected string',
    },
    {
      name: 'an offset that is text',
      value: { ...good, slots: [{ ...a1, offsetM: '2' }] },
      says: 'slots[0].offsetM: Invalid input: expected number',
    },
    {
      name: 'an offset that is no number',
      value: { ...good, slots: [{ ...a1, offsetM: Number.NaN }] },
      says: 'slots[0].offsetM: Invalid input: expected number',
    },
    {
      name: 'a slot that is null',
      value: { ...good, slots: [a1, null] },
      says: 'slots[1]: Invalid input: expected object',
    },
    {
      name: 'a device id in capital letters',
      value: { ...good, slots: [{ ...a1, device: DEVICE.toUpperCase() }] },
      says: 'slots[0].device: a device id is an EUI-64: 16 lower-case hexadecimal digits',
    },
    {
      name: 'a device id that is too short',
      value: { ...good, slots: [{ ...a1, device: 'd001a001' }] },
      says: 'slots[0].device: a device id is an EUI-64',
    },
    {
      name: 'an empty field without an axis',
      value: { ...good, slots: [{ ...a1, calibration: { ...calibration, yNt: undefined } }] },
      says: 'slots[0].calibration.yNt: Invalid input: expected number',
    },
    {
      name: 'an empty field in halves of a nanotesla',
      value: { ...good, slots: [{ ...a1, calibration: { ...calibration, zNt: 0.5 } }] },
      says: 'slots[0].calibration.zNt: Invalid input: expected int',
    },
  ])('$name', ({ value, says }) => {
    expect(refusalOf(value)).toContain(`layout-shape ${says}`)
  })
})

describe('a layout of 20,000 slots is judged in a moment, right or wrong', () => {
  const MOMENT_MS = 5_000
  const slots = Array.from({ length: 20_000 }, (_, index) => ({
    ...b1,
    id: `slot-${index}`,
    device: index.toString(16).padStart(16, '0'),
  }))
  const judge = (value: object): { readonly parsed: ReturnType<typeof parseLayout>; readonly ms: number } => {
    const startedMs = performance.now()
    return { parsed: parseLayout(value), ms: performance.now() - startedMs }
  }

  test('right', () => {
    const { parsed, ms } = judge({ ...good, slots })
    expect(parsed.ok && (parsed.value satisfies Layout).slots.length).toBe(20_000)
    expect(ms).toBeLessThan(MOMENT_MS)
  })

  test.each([
    { name: 'every slot outside its section', wrong: { offsetM: 1 } },
    { name: 'every slot of one id and device', wrong: { id: 'same', device: DEVICE } },
    { name: 'every slot of the wrong shape', wrong: { offsetM: 'x', device: 'y' } },
  ])('$name: the message stays short', ({ wrong }) => {
    const { parsed, ms } = judge({ ...good, slots: slots.map((slot) => ({ ...slot, ...wrong })) })
    expect(parsed.ok || parsed.fault.detail.length).toBeLessThan(4_000)
    expect(ms).toBeLessThan(MOMENT_MS)
  })
})
