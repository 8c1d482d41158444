import { expect, test } from 'vitest'
import { createLocalHour } from './local-hour.ts'

test.each([
  { zone: 'Asia/Shanghai', at: '2026-06-01T04:30:00Z', hour: 12.5 },
  { zone: 'Asia/Shanghai', at: '2026-06-01T16:00:00Z', hour: 0 },
  { zone: 'Asia/Kathmandu', at: '2026-06-01T00:00:00Z', hour: 5.75 },
  { zone: 'Europe/Copenhagen', at: '2026-03-29T00:59:00Z', hour: 1 + 59 / 60 },
  { zone: 'Europe/Copenhagen', at: '2026-03-29T01:00:00Z', hour: 3 },
])('$at is hour $hour in $zone', ({ zone, at, hour }) => {
  expect(createLocalHour(zone)(Date.parse(at))).toBeCloseTo(hour, 6)
})
