import { X509Certificate } from 'node:crypto'
import * as fs from 'node:fs'
import * as path from 'node:path'
import { parseArgs } from 'node:util'
import { PLATFORM_SERVICE } from '@clearlane/platform/config.ts'
import { toTarget } from '@clearlane/platform/influx/config.ts'
import { createFollower } from '@clearlane/platform/influx/follower.ts'
import { openInfluxBook } from '@clearlane/platform/influx/influx-book.ts'
import { createLineWriter } from '@clearlane/platform/influx/line-writer.ts'
import { openLogFile } from '@clearlane/platform/log/log-file.ts'
import { systemTimer } from '@clearlane/platform/webhooks/webhooks.ts'
import { readServiceConfig } from '@clearlane/protocol'
import { createProgressBar } from './progress-bar.ts'

/**
 * `npm run history -- copy --from embedded --to influx --config FILE [--again]`: moves a site's past, with the platform
 * running or not. It reads the platform's log, which the embedded history is made from, and keeps a cursor of its own:
 * what was broken off goes on where it was. `--again` begins anew. Ends with 1 where lines were parked.
 */
const USAGE = 'usage: npm run history -- copy --from embedded --to influx --config PLATFORM.json [--again]'
const SLICE = { maxEntries: 5_000, maxBytes: 4 * 1024 * 1024 }

const refuse = (text: string): number => {
  process.stderr.write(`history: ${text}\n`)
  return 2
}

const main = async (): Promise<number> => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      from: { type: 'string' },
      to: { type: 'string' },
      config: { type: 'string' },
      again: { type: 'boolean', default: false },
    },
  })
  const { from, to, config: file, again } = values
  if (positionals.join(' ') !== 'copy' || from !== 'embedded' || to !== 'influx' || file === undefined)
    return refuse(USAGE)
  const start = readServiceConfig(PLATFORM_SERVICE, ['--config', file], {
    fs,
    path,
    X509Certificate,
  })
  if (start.kind !== 'run') return refuse(start.text)
  const { dataDir, influx } = start.config
  if (influx === undefined) return refuse(`${file} names no influx to copy to`)
  const logFile = path.join(dataDir, 'log.sqlite')
  if (!fs.existsSync(logFile)) return refuse(`${logFile} is not there: this platform has no past yet`)

  const log = openLogFile(logFile)
  const book = openInfluxBook(path.join(dataDir, 'influx-copy.sqlite'), toTarget(influx))
  if (again) book.moveTo(0, [])
  const bar = createProgressBar(process.stderr, () => performance.now())
  const parkedBefore = book.parked().total
  const follower = createFollower({
    book,
    writer: createLineWriter(influx),
    timer: systemTimer,
    onChange: () => {
      const { failing, missing } = follower.state()
      for (const sentence of missing) bar.note(sentence)
      if (failing !== undefined) bar.note(`the server takes nothing: ${failing.reason}; asking again`)
    },
  })
  let isStopped = false
  process.once('SIGINT', () => {
    isStopped = true
    follower.close()
  })

  const end = log.position()
  const began = book.cursor()
  if (began >= end) bar.note('everything was copied before; --again begins anew')
  try {
    while (book.cursor() < end) {
      const entries = log.read(book.cursor(), SLICE.maxEntries, SLICE.maxBytes)
      const last = entries.at(-1)
      if (last === undefined) break
      await follower.apply(entries, last.position)
      bar.show({ done: book.cursor(), began, end, points: follower.state().written })
    }
  } catch (cause) {
    if (!isStopped) throw cause
    bar.end(`stopped at entry ${book.cursor()} of ${end}; run it again to go on`)
    return 130
  } finally {
    follower.close()
    log.close()
  }
  const parked = book.parked().total - parkedBefore
  const { written } = follower.state()
  bar.end(`${written} points copied, ${parked} lines refused; the log is copied up to entry ${book.cursor()}`)
  for (const { line, reason } of book.parked().items.slice(0, parked))
    process.stderr.write(`  ${reason}\n    ${line}\n`)
  book.close()
  return parked === 0 ? 0 : 1
}

process.exitCode = await main()
