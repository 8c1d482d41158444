import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { closeSync, constants, existsSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { explain, startTestEstate } from './testing-estate.ts'

/** Two ends of a serial cable that can be pulled (socat ends) and put back. */
const createCable = () => {
  const folder = mkdtempSync(join(tmpdir(), 'cable-'))
  const ends = [join(folder, 'sensors'), join(folder, 'gateway')] as const
  let socat: ChildProcess | undefined
  return {
    ends,
    plug: async (): Promise<void> => {
      socat = spawn(
        'socat',
        ends.map((end) => `pty,raw,echo=0,link=${end}`),
        { stdio: 'ignore' },
      )
      await expect.poll(() => ends.every((end) => existsSync(end)), { timeout: 5_000 }).toBe(true)
    },
    pull: async (): Promise<void> => {
      const ended = new Promise((resolve) => socat?.once('exit', resolve))
      socat?.kill('SIGKILL')
      await ended
      for (const end of ends) rmSync(end, { force: true })
    },
    /** Noise on the line, as if the sensors' radio had sent it. */
    disturb: (): void => {
      const end = openSync(ends[0], constants.O_WRONLY | constants.O_NOCTTY)
      for (const bytes of GARBAGE) writeSync(end, bytes)
      closeSync(end)
    },
    [Symbol.asyncDispose]: async (): Promise<void> => {
      socat?.kill('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
/** Letters, a block whose length byte points beyond its end, one too short for a frame, an empty one, and a run that is longer than a frame. */
const GARBAGE = [
  Buffer.from('login: '),
  Uint8Array.of(0, 0xfe, 1, 2, 3, 0),
  Uint8Array.of(0, 4, 1, 2, 3, 0),
  Uint8Array.of(0, 0, 0),
  Uint8Array.of(0, ...new Uint8Array(600).fill(0x55), 0),
  Uint8Array.of(0x13, 0x37),
]
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

test('over a noisy serial cable that is pulled and put back in mid-run, nothing is lost and nothing doubled', async () => {
  await using cable = createCable()
  await cable.plug()
  cable.disturb()
  await using estate = await startTestEstate({
    speed: 10,
    forMs: 90_000,
    serial: cable.ends,
    arrivalsPerHour: 900,
  })
  for (const awayMs of [3_000, 8_000]) {
    for (let second = 0; second < 10; second++) {
      await pause(1_000)
      cable.disturb()
    }
    await cable.pull()
    await expect
      .poll(async () => (await estate.gateways())[0]?.health?.links[0]?.state, { timeout: 15_000 })
      .toBe('down')
    await pause(awayMs)
    await cable.plug()
    cable.disturb()
  }
  await pause(20_000)
  cable.disturb()
  const verdict = await estate.verdict()
  expect(verdict.green, explain(verdict, estate.dataDir)).toBe(true)
  const [gateway] = await estate.gateways()
  const refused = gateway?.health?.refusals.map(({ reason }) => reason)
  expect(refused).toEqual(expect.arrayContaining(['frame-cobs', 'frame-too-long', 'frame-too-short']))
})

test('after thirteen hours without the cable everything that the sensors kept arrives', async () => {
  await using cable = createCable()
  await cable.plug()
  // 13 hours pass in 47 seconds; heartbeats are so far apart that the sensors' memory holds it all.
  await using estate = await startTestEstate({
    speed: 1_000,
    forMs: 90_000,
    serial: cable.ends,
    heartbeatMs: 600_000,
    arrivalsPerHour: 60,
    rulesFile: join(import.meta.dirname, 'testing-slow-rules.json'),
  })
  await pause(8_000)
  await cable.pull()
  await pause(47_000)
  await cable.plug()
  await pause(10_000)
  const verdict = await estate.verdict()
  expect(verdict.readingsMissing, explain(verdict, estate.dataDir)).toBe(0)
  expect(verdict.green, explain(verdict, estate.dataDir)).toBe(true)
})
