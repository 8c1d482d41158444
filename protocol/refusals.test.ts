import { expect, test } from 'vitest'
import { createRefusals, RefusalSchema } from './refusals.ts'

test('counts every refusal by its reason, and logs each reason at most once a minute', () => {
  let monotonicMs = 12.75
  const logged: string[] = []
  const refusals = createRefusals({
    nowMs: () => 1_795_521_434_154.5,
    monotonicMs: () => monotonicMs,
    log: ({ reason, count, sample }) => logged.push(`${reason} ${count} ${sample}`),
  })
  for (let count = 0; count < 1_000; count++) refusals.refuse('frame-crc', `sample ${count}`)
  refusals.refuse('frame-type', 'x'.repeat(10_000))
  monotonicMs += 59_999
  refusals.refuse('frame-crc', 'too soon')
  monotonicMs += 1
  refusals.refuse('frame-crc', 'a minute later')

  expect(logged.map((line) => line.slice(0, 40))).toEqual([
    'frame-crc 1 sample 0',
    `frame-type 1 ${'x'.repeat(27)}`,
    'frame-crc 1002 a minute later',
  ])
  const [crc, type] = refusals.list().map((one) => RefusalSchema.parse(one))
  expect(crc).toEqual({
    reason: 'frame-crc',
    count: 1_002,
    lastMs: 1_795_521_434_154,
    sample: 'a minute later',
  })
  expect(type!.sample.length).toBeLessThan(400)
})

test('reasons without end cost no memory without end', () => {
  const refusals = createRefusals({ nowMs: () => 0, monotonicMs: () => 0, log: () => undefined })
  for (let count = 0; count < 10_000; count++) refusals.refuse(`reason-${count}`, '')
  expect(refusals.list().length).toBeLessThan(1_000)
})
