import { fork } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import type { Supervised, SupervisedState } from './supervise.ts'
import { supervise } from './supervise.ts'

const folder = mkdtempSync(join(tmpdir(), 'supervise-'))
const running: Supervised[] = []
afterEach(async () => {
  for (const one of running.splice(0)) await one.stop()
})
const start = (program: string, over: { hungAfterMs?: number; maxMemoryBytes?: number } = {}) => {
  const file = join(folder, `${Math.abs(program.length)}-${running.length}.mjs`)
  writeFileSync(file, program)
  const heard: SupervisedState[] = []
  const asked: boolean[] = []
  const supervised = supervise({
    spawn: (isSafe) => {
      asked.push(isSafe)
      return fork(file, [], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
    },
    endsBeforeSafe: 1,
    endsBeforeGivenUp: 2,
    nowMs: () => 1,
    onChange: (state) => heard.push(state),
    ...over,
  })
  running.push(supervised)
  return { supervised, heard, asked, states: () => heard.map(({ state }) => state) }
}
const READY = `process.send({ kind: 'ready' });`

test('a child that runs is left alone, and ends when it is stopped', async () => {
  const { supervised, states } = start(`${READY} setInterval(() => process.send({ kind: 'alive' }), 50)`, {
    hungAfterMs: 2_000,
  })
  await expect.poll(states).toEqual(['starting', 'running'])
  await supervised.stop()
  expect(states()).toEqual(['starting', 'running'])
})

test.each([
  { name: 'ends', program: `${READY} setTimeout(() => process.exit(3), 50)`, reason: /exit code 3/ },
  {
    name: 'says why it ends',
    program: `${READY} process.send({ kind: 'failed', reason: 'no port' }, () => process.exit(1))`,
    reason: /no port/,
  },
  {
    name: 'hangs',
    program: `${READY} setTimeout(() => { for (;;); }, 50)`,
    over: { hungAfterMs: 500 },
    reason: /no sign/,
  },
  {
    name: 'takes memory that no heap limit counts',
    program: `${READY} const kept = []; setInterval(() => kept.push(Buffer.alloc(50e6, 1)), 20)`,
    over: { maxMemoryBytes: 400e6 },
    reason: /MB of memory/,
  },
])(
  'a child that $name is started again, then in its safe mode, then given up',
  async ({ program, over, reason }) => {
    const { supervised, states, asked, heard } = start(program, over)
    await expect.poll(() => supervised.state().state).toBe('given-up')
    expect(states()).toEqual(['starting', 'running', 'waiting', 'starting', 'safe-mode', 'given-up'])
    expect(asked).toEqual([false, true])
    expect(heard.at(-1)).toMatchObject({ restarts: 2, reason: expect.stringMatching(reason) })
  },
)

test('flows that somebody starts in the safe mode make it run', async () => {
  const { states } = start(
    `${READY} process.argv; setTimeout(() => process.send({ kind: 'flows-started' }), 50); setTimeout(() => process.exit(1), 100)`,
  )
  await expect
    .poll(states)
    .toEqual(['starting', 'running', 'waiting', 'starting', 'safe-mode', 'running', 'given-up'])
})
