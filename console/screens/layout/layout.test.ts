import type { Layout } from '@clearlane/protocol'
import { findLayoutProblems, LayoutSchema } from '@clearlane/protocol'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { diffLayouts } from './difference.ts'
import { forgetDraft, keepDraft, readDraft } from './draft.ts'
import * as edits from './edits.ts'
import { laneToPath, lengthOf, slicePath, toPlan, toPoint, toShare } from './geometry.ts'
import { rebase } from './rebase.ts'

const base: Layout = {
  v: 1,
  site: 's',
  name: '云台一',
  version: 3,
  timeZone: 'Asia/Shanghai',
  lanes: [
    { id: 'n', name: '北', kind: 'fire-lane', lengthM: 20 },
    {
      id: 'w',
      name: '西',
      kind: 'gate',
      lengthM: 30,
      path: [
        [0, 0],
        [30, 0],
      ],
    },
  ],
  sections: [
    { id: 'n-a', name: 'A', lane: 'n', fromM: 0, toM: 8, gateway: 'gw-7' },
    { id: 'w-a', name: 'A', lane: 'w', fromM: 0, toM: 30, gateway: 'gw-7' },
  ],
  slots: [
    { id: 'n-a1', section: 'n-a', offsetM: 2, device: '70b3d57ed001a001' },
    { id: 'w-a1', section: 'w-a', offsetM: 5 },
  ],
}

describe('a hand changes a layout', () => {
  test('a new section takes the widest stretch that is free, and the gateway of its neighbours', () => {
    const { layout, item } = edits.addSection(base, base.lanes[0]!, 'B')
    expect(layout.sections[item.index]).toEqual({
      id: 'n-1',
      name: 'B',
      lane: 'n',
      fromM: 8,
      toM: 16,
      gateway: 'gw-7',
    })
  })

  test('a lane that is full gets a section over all of it, to be cut by hand', () => {
    const { layout, item } = edits.addSection(base, base.lanes[1]!, 'B')
    expect(layout.sections[item.index]).toMatchObject({ fromM: 0, toM: 30 })
  })

  test('a new slot stands in the middle of the widest gap', () => {
    const { layout, item } = edits.addSlot(base, base.sections[0]!)
    expect(layout.slots[item.index]).toEqual({ id: 'n-a2', section: 'n-a', offsetM: 5 })
  })

  test.each([
    { kind: 'lanes', left: { lanes: ['w'], sections: ['w-a'], slots: ['w-a1'] } },
    { kind: 'sections', left: { lanes: ['n', 'w'], sections: ['w-a'], slots: ['w-a1'] } },
    { kind: 'slots', left: { lanes: ['n', 'w'], sections: ['n-a', 'w-a'], slots: ['w-a1'] } },
  ] as const)('taking out the first of $kind takes what stands on it', ({ kind, left }) => {
    const layout = edits.remove(base, { kind, index: 0 })
    const ids = (things: readonly { readonly id: string }[]) => things.map(({ id }) => id)
    expect({ lanes: ids(layout.lanes), sections: ids(layout.sections), slots: ids(layout.slots) }).toEqual(
      left,
    )
  })

  test('what stands on a thing follows it to its new id', () => {
    const layout = edits.changeSection(edits.changeLane(base, 0, { id: 'north' }), 0, { id: 'first' })
    expect(layout.sections[0]).toMatchObject({ id: 'first', lane: 'north' })
    expect(layout.slots[0]).toMatchObject({ section: 'first' })
    expect(findLayoutProblems(layout)).toEqual([])
  })

  test('a lane that is drawn by itself gets a path when a point of it is moved; two points are the least', () => {
    const moved = edits.movePoint(base, 0, 1, [12.34, 5.06])
    expect(moved.lanes[0]?.path?.[1]).toEqual([12.3, 5.1])
    expect(edits.removePoint(moved, 0, 0)).toBe(moved)
    const three = edits.addPoint(moved, 0)
    expect(three.lanes[0]?.path).toHaveLength(3)
    expect(edits.removePoint(three, 0, 1).lanes[0]?.path).toEqual(moved.lanes[0]?.path)
  })

  test('any hands leave a layout of the right shape, and whatever they add is in order', () => {
    const step = fc.tuple(fc.constantFrom('lane', 'section', 'slot', 'remove'), fc.nat(50))
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        let layout = base
        for (const [what, at] of steps) {
          const lane = layout.lanes[at % layout.lanes.length]
          const section = layout.sections[at % layout.sections.length]
          if (what === 'lane') layout = edits.addLane(layout, 'x').layout
          else if (what === 'section' && lane) layout = edits.addSection(layout, lane, 'x').layout
          else if (what === 'slot' && section) layout = edits.addSlot(layout, section).layout
          else if (what === 'remove') {
            const kind = (['lanes', 'sections', 'slots'] as const)[at % 3]!
            if (layout[kind].length > 0)
              layout = edits.remove(layout, { kind, index: at % layout[kind].length })
          }
        }
        expect(LayoutSchema.safeParse(layout).success).toBe(true)
        expect(findLayoutProblems(layout)).toEqual([])
      }),
    )
  })
})

describe('geometry', () => {
  const path = fc
    .array(fc.tuple(fc.integer({ min: -99, max: 99 }), fc.integer({ min: -99, max: 99 })), {
      minLength: 2,
      maxLength: 8,
    })
    .filter((points) => lengthOf(points) > 1)

  test('a place on a path is found again, or one that is as near', () => {
    fc.assert(
      fc.property(path, fc.double({ min: 0, max: 1, noNaN: true }), (points, share) => {
        const point = toPoint(points, share)
        const again = toPoint(points, toShare(points, point))
        expect(Math.hypot(again[0] - point[0], again[1] - point[1])).toBeLessThan(1e-6)
      }),
    )
  })

  test('the parts of a path are as long as the whole', () => {
    fc.assert(
      fc.property(path, fc.double({ min: 0, max: 1, noNaN: true }), (points, share) => {
        const parts = lengthOf(slicePath(points, 0, share)) + lengthOf(slicePath(points, share, 1))
        expect(parts).toBeCloseTo(lengthOf(points), 6)
      }),
    )
  })

  test.each([
    { name: 'by themselves', layout: base },
    { name: 'on a narrow plan', layout: { ...base, plan: { widthM: 10, heightM: 500 } } },
    { name: 'while a number is being typed', layout: edits.changeLane(base, 0, { lengthM: Number.NaN }) },
    { name: 'where there are none', layout: { ...base, lanes: [] } },
  ])('lanes that are drawn $name lie on the plan', ({ layout }) => {
    const plan = toPlan(layout)
    const points = layout.lanes.flatMap((lane, index) => (lane.path ? [] : laneToPath(layout, index, plan)))
    for (const [x, y] of points) {
      expect(x).toBeGreaterThanOrEqual(0)
      expect(x).toBeLessThanOrEqual(plan.widthM)
      expect(y).toBeGreaterThanOrEqual(0)
      expect(y).toBeLessThanOrEqual(plan.heightM)
    }
    expect(plan.widthM * plan.heightM).toBeGreaterThan(0)
  })
})

describe('what differs between two layouts', () => {
  test.each([
    { name: 'nothing but the version', after: { ...base, version: 9 }, says: [] },
    {
      name: 'a slot moved',
      after: edits.changeSlot(base, 0, { offsetM: 3.5 }),
      says: [
        {
          change: 'changed',
          of: 'slots',
          id: 'n-a1',
          name: 'n-a1',
          fields: [{ field: 'offsetM', before: 2, after: 3.5 }],
        },
      ],
    },
    {
      name: 'a lane renamed',
      after: edits.changeLane(base, 0, { name: '北门' }),
      says: [
        {
          change: 'changed',
          of: 'lanes',
          id: 'n',
          name: '北门',
          fields: [{ field: 'name', before: '北', after: '北门' }],
        },
      ],
    },
    {
      name: 'a section added',
      after: edits.addSection(base, base.lanes[0]!, 'B').layout,
      says: [{ change: 'added', of: 'sections', id: 'n-1', name: 'B' }],
    },
    {
      name: 'a slot gone',
      after: edits.remove(base, { kind: 'slots', index: 1 }),
      says: [{ change: 'removed', of: 'slots', id: 'w-a1', name: 'w-a1' }],
    },
    {
      name: 'the site renamed',
      after: { ...base, name: '云台二' },
      says: [
        {
          change: 'changed',
          of: 'site',
          id: 's',
          name: '云台二',
          fields: [{ field: 'name', before: '云台一', after: '云台二' }],
        },
      ],
    },
  ])('$name', ({ after, says }) => {
    expect(diffLayouts(base, after)).toEqual(says)
    expect(diffLayouts(after, structuredClone(after))).toEqual([])
  })
})

describe('two people edit at once', () => {
  const mine = edits.changeSlot(base, 0, { offsetM: 3 })

  test.each([
    { name: 'different things', theirs: edits.changeLane(base, 1, { name: '西门' }), clashes: [] },
    {
      name: 'different fields of one slot',
      theirs: edits.changeSlot(base, 0, { device: '70b3d57ed001a009' }),
      clashes: [],
    },
    {
      name: 'the same field',
      theirs: edits.changeSlot(base, 0, { offsetM: 4 }),
      clashes: [{ of: 'slots', id: 'n-a1', field: 'offsetM' }],
    },
    {
      name: 'one changed what the other took out',
      theirs: edits.remove(base, { kind: 'slots', index: 0 }),
      clashes: [{ of: 'slots', id: 'n-a1', field: undefined }],
    },
    { name: 'both the same', theirs: mine, clashes: [] },
  ])('$name: mine stands, and what clashes is named', ({ theirs, clashes }) => {
    const done = rebase(base, mine, { ...theirs, version: 8 })
    expect(done.clashes).toEqual(clashes)
    expect(done.layout.version).toBe(8)
    expect(done.layout.slots.find(({ id }) => id === 'n-a1')?.offsetM).toBe(3)
    if (theirs.lanes[1]?.name === '西门') expect(done.layout.lanes[1]?.name).toBe('西门')
  })

  test('what I took out stays out, what they added stays', () => {
    const done = rebase(
      base,
      edits.remove(base, { kind: 'slots', index: 0 }),
      edits.addSlot(base, base.sections[1]!).layout,
    )
    expect(done.layout.slots.map(({ id }) => id)).toEqual(['w-a1', 'w-a2'])
    expect(done.clashes).toEqual([])
  })
})

describe('a draft is kept on the device', () => {
  const createStore = (maxLength: number) => {
    const kept = new Map<string, string>()
    return {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, text: string) => {
        if (text.length > maxLength) throw new Error('full')
        kept.set(key, text)
      },
      removeItem: (key: string) => void kept.delete(key),
    }
  }

  test('and comes back as it was, with numbers half typed, until it is forgotten', () => {
    const store = createStore(1e6)
    const draft = { baseVersion: 3, layout: edits.changeSlot(base, 0, { offsetM: Number.NaN }) }
    expect(readDraft(store)).toBeUndefined()
    expect(keepDraft(store, draft)).toBe(true)
    expect(readDraft(store)).toEqual(draft)
    forgetDraft(store)
    expect(readDraft(store)).toBeUndefined()
  })

  test('a device without room says so', () => {
    expect(keepDraft(createStore(10), { baseVersion: 3, layout: base })).toBe(false)
  })

  test.each(['{', '7', '{"baseVersion":3,"layout":{}}'])('%s is no draft', (text) => {
    const store = createStore(1e6)
    store.setItem('clearlane.layout-draft', text)
    expect(readDraft(store)).toBeUndefined()
  })
})
