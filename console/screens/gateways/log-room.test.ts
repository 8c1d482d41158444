import { describe, expect, test } from 'vitest'
import type { Sounding } from './log-room.ts'
import { toLogRoom } from './log-room.ts'

const HOUR_MS = 3_600_000
const MIB = 1024 ** 2
const sounding = (hours: number, log: Partial<Sounding['log']>): Sounding => ({
  atMs: hours * HOUR_MS,
  log: { committedRow: 0, acknowledgedRow: 0, droppedRows: 0, parkedRows: 0, bytes: 0, ...log },
})

describe('how long a lost line loses nothing', () => {
  test.each([
    {
      name: 'few readings: they grow too old before the log is full',
      first: sounding(0, { committedRow: 1_000 }),
      last: sounding(1, { committedRow: 2_000, acknowledgedRow: 2_000, bytes: MIB }),
      hoursLeft: 168,
    },
    {
      name: 'a day of them waits already',
      first: sounding(0, { committedRow: 23_000 }),
      last: sounding(1, { committedRow: 24_000, acknowledgedRow: 0, bytes: MIB }),
      hoursLeft: 144,
    },
    {
      name: 'many readings: the log is full first',
      first: sounding(0, { committedRow: 0 }),
      last: sounding(1, { committedRow: MIB, acknowledgedRow: MIB, bytes: 200 * MIB }),
      hoursLeft: 10.24,
    },
    {
      name: 'half of the room is waiting',
      first: sounding(0, { committedRow: 4 * MIB }),
      last: sounding(1, { committedRow: 5 * MIB, acknowledgedRow: 0, bytes: 1024 * MIB }),
      hoursLeft: 5,
    },
    {
      name: 'no second sounding yet',
      first: sounding(1, { committedRow: 9, bytes: MIB }),
      last: sounding(1, { committedRow: 9, bytes: MIB }),
      hoursLeft: undefined,
    },
    {
      name: 'nothing is heard: nobody can say',
      first: sounding(0, { committedRow: 9, bytes: MIB }),
      last: sounding(1, { committedRow: 9, bytes: MIB }),
      hoursLeft: undefined,
    },
    { name: 'an empty log', first: sounding(0, {}), last: sounding(1, {}), hoursLeft: undefined },
  ])('$name', ({ first, last, hoursLeft }) => {
    const room = toLogRoom(first, last)
    if (hoursLeft === undefined) expect(room.hoursLeft).toBeUndefined()
    else expect(room.hoursLeft).toBeCloseTo(hoursLeft, 5)
  })
})
