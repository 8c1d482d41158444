import { expect, test } from 'vitest'
import { createProgressBar } from './progress-bar.ts'

const start = (isTTY: boolean) => {
  const said: string[] = []
  let nowMs = 0
  const bar = createProgressBar({ isTTY, write: (text) => said.push(text) }, () => nowMs)
  return {
    bar,
    said,
    show: (atMs: number, done: number): void => {
      nowMs = atMs
      bar.show({ done, began: 20, end: 100, points: done * 10 })
    },
  }
}

test('a terminal sees one line that moves, with the time that is left', () => {
  const { said, show } = start(true)
  show(2_000, 40)
  show(8_000, 100)
  expect(said).toEqual([
    '\r\u001B[K[############..................] 40 %, 400 points, 200 a second, 6 s left',
    '\r\u001B[K[##############################] 100 %, 1000 points, 125 a second, 0 s left',
  ])
})

test('a file gets a line every five seconds, a sentence once, and the end', () => {
  const { bar, said, show } = start(false)
  show(1_000, 30)
  show(5_000, 40)
  bar.note('away')
  bar.note('away')
  show(6_000, 50)
  bar.end('done')
  expect(said.map((line) => line.replace(/^\[.*\] /, ''))).toEqual([
    '30 %, 300 points, 300 a second, 7 s left\n',
    'away\n',
    '50 %, 500 points, 83 a second, 10 s left\n',
    'done\n',
  ])
})

test('what has nothing to do is done', () => {
  const { bar, said } = start(false)
  bar.show({ done: 0, began: 0, end: 0, points: 0 })
  expect(said[0]).toContain('100 %, 0 points')
})
