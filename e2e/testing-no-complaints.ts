import { afterEach, expect } from 'vitest'
import { takeComplaints } from './testing-complaints.ts'

/** Set up for every slow test: one whose pages complain has failed, whatever else it was about. */
afterEach(() => {
  expect(takeComplaints(), 'what the pages complained of').toEqual([])
})
