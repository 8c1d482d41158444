import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import { openEmbeddedHistory } from './embedded-history.ts'
import type { HistoryReply, HistoryRequest, HistoryWorkerOptions } from './sqlite-history.ts'

/**
 * The thread that owns the history's file. The history can be made again from the log, so it is not synced at every
 * commit. A reading without event time stands at its receive time until its gateway's clock is known. A file that
 * another process has locked fails the request at once: who asked comes again, and the next in the line has its turn.
 */
const run = (port: NonNullable<typeof parentPort>, options: HistoryWorkerOptions): void => {
  const reply = (message: HistoryReply): void => port.postMessage(message)
  const history = openEmbeddedHistory({
    ...options,
    onDamage: (message) => reply({ kind: 'trouble', message }),
  })

  /** Answers to `apply` that wait until there is room again: whoever follows the log brings no more meanwhile. */
  const held: HistoryReply[] = []
  let tending: NodeJS.Immediate | undefined
  /** A little between two requests, so that nobody waits for it. */
  const tend = (): void => {
    let isDone = true
    try {
      isDone = !history.upkeep.step()
    } catch (cause) {
      reply({ kind: 'trouble', message: toMessage(cause) })
    }
    if (isDone || !history.upkeep.isBehind()) for (const answer of held.splice(0)) reply(answer)
    tending = isDone ? undefined : setImmediate(tend)
  }

  const work = (request: Exclude<HistoryRequest, { kind: 'close' }>): HistoryReply => {
    const { id } = request
    switch (request.kind) {
      case 'readings': {
        const { items, next } = history.readings(request.query)
        return { kind: 'page', id, text: JSON.stringify(items), next }
      }
      case 'series':
        return { kind: 'series', id, series: history.series(request.query) }
      case 'apply':
        history.apply(request.entries, request.cursor)
        break
      case 'date-boot':
        history.dateBoot(request.boot, request.utcMs)
        break
      case 'open':
        break
    }
    return { kind: 'done', id, cursor: history.cursor() }
  }
  const answer = (request: Exclude<HistoryRequest, { kind: 'close' }>): HistoryReply => {
    try {
      return work(request)
    } catch (cause) {
      return { kind: 'failed', id: request.id, message: toMessage(cause) }
    }
  }

  port.on('message', (request: HistoryRequest) => {
    if (request.kind === 'close') {
      clearImmediate(tending)
      history.close()
      port.close()
      return
    }
    const answered = answer(request)
    if (request.kind === 'apply' && history.upkeep.isBehind()) held.push(answered)
    else reply(answered)
    if (answered.kind === 'done') tending ??= setImmediate(tend)
  })
}

const toMessage = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))

if (!isMainThread && parentPort !== null) run(parentPort, workerData as HistoryWorkerOptions)
