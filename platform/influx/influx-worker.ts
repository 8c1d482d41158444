import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import { systemTimer } from '../webhooks/webhooks.ts'
import { toTarget } from './config.ts'
import { createFollower } from './follower.ts'
import { openInfluxBook } from './influx-book.ts'
import type { InfluxReply, InfluxRequest, InfluxWorkerData } from './influx.ts'
import { createLineWriter } from './line-writer.ts'

/** The thread that makes lines of entries, sends them, and owns the cursor. */
const run = (port: NonNullable<typeof parentPort>, { config, file, position }: InfluxWorkerData): void => {
  const book = openInfluxBook(file, toTarget(config))
  // A log that was made anew is behind where the old one was.
  if (book.cursor() > position) book.moveTo(0, [])
  const reply = (message: InfluxReply): void => port.postMessage(message)
  const follower = createFollower({
    book,
    writer: createLineWriter(config),
    timer: systemTimer,
    onChange: () => reply({ kind: 'state', state: follower.state(), cursor: book.cursor() }),
  })
  port.on('message', (request: InfluxRequest) => {
    if (request.kind === 'close') {
      follower.close()
      book.close()
      port.close()
      return
    }
    const { id } = request
    // Whoever could not ask for the cursor begins with the beginning, and learns it here.
    if (request.kind === 'open' || request.cursor <= book.cursor()) {
      reply({ kind: 'done', id, state: follower.state(), cursor: book.cursor() })
      return
    }
    follower.apply(request.entries, request.cursor).then(
      () => reply({ kind: 'done', id, state: follower.state(), cursor: book.cursor() }),
      (cause: unknown) =>
        reply({ kind: 'failed', id, message: cause instanceof Error ? cause.message : String(cause) }),
    )
  })
}

if (!isMainThread && parentPort !== null) run(parentPort, workerData as InfluxWorkerData)
