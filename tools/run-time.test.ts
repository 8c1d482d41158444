import { toDomainMs } from '@clearlane/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { reachedAt, toRunTime } from './run-time.ts'

const NOW = Date.UTC(2026, 5, 1, 12)
const MINUTE = 60_000
const DAY = 86_400_000

test.each([
  { name: 'speed 1 is the wall clock', speed: 1, forMs: undefined, reachedMs: undefined, startMs: NOW },
  {
    name: 'speed 1 goes on at now after a pause',
    speed: 1,
    forMs: undefined,
    reachedMs: NOW - DAY,
    startMs: NOW,
  },
  {
    name: 'a fast run without an end starts a day back',
    speed: 10,
    forMs: undefined,
    reachedMs: undefined,
    startMs: NOW - DAY,
  },
  {
    name: 'a run with an end arrives at now at its end',
    speed: 20,
    forMs: MINUTE,
    reachedMs: undefined,
    startMs: NOW - 19 * MINUTE,
  },
  {
    name: 'a run that had not caught up goes on where it was',
    speed: 10,
    forMs: undefined,
    reachedMs: NOW - 3 * MINUTE,
    startMs: NOW - 3 * MINUTE,
  },
  {
    name: 'a run that had caught up goes on at what it reached',
    speed: 10,
    forMs: undefined,
    reachedMs: NOW,
    startMs: NOW,
  },
  {
    name: 'after a long pause a fast run is a day back, not further',
    speed: 10,
    forMs: undefined,
    reachedMs: NOW - 9 * DAY,
    startMs: NOW - DAY,
  },
  {
    name: 'what an earlier run reached in the future is cut to now',
    speed: 10,
    forMs: undefined,
    reachedMs: NOW + DAY,
    startMs: NOW,
  },
])('$name', ({ startMs, ...options }) => {
  expect(toRunTime({ wallMs: NOW, ...options })).toEqual({ anchorMs: NOW, startMs, speed: options.speed })
})

test('over any restarts domain time never goes backwards and never beyond the wall clock', () => {
  const run = fc.record({
    speed: fc.integer({ min: 1, max: 100 }),
    forMs: fc.option(fc.integer({ min: 1, max: DAY }), { nil: undefined }),
    lastsMs: fc.integer({ min: 0, max: DAY }),
    pauseMs: fc.integer({ min: 0, max: 3 * DAY }),
  })
  fc.assert(
    fc.property(fc.array(run, { minLength: 1, maxLength: 6 }), (runs) => {
      let wallMs = NOW
      let reachedMs: number | undefined
      for (const { speed, forMs, lastsMs, pauseMs } of runs) {
        const time = toRunTime({ wallMs, speed, forMs, reachedMs })
        expect(toDomainMs(time, wallMs)).toBeGreaterThanOrEqual(reachedMs ?? Number.NEGATIVE_INFINITY)
        wallMs += lastsMs
        reachedMs = reachedAt(time, wallMs)
        expect(reachedMs).toBeLessThanOrEqual(wallMs)
        wallMs += pauseMs
      }
    }),
  )
})
