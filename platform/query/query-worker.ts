import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import { openHistorySource } from '../history/history-source.ts'
import type { QueryLimits } from '../influxql/budget.ts'
import { formatAnswer } from '../influxql/format.ts'
import { answerInfluxql } from '../influxql/influxql.ts'
import { toChunks } from './chunks.ts'
import type { QueryReply, QueryRequest } from './query-runner.ts'

/** A thread that answers one query after another over a history that it only reads. */
export type QueryWorkerData = { readonly file: string; readonly limits: Partial<QueryLimits> }

/** Many small pieces of an answer travel together. */
const PIECE_CHARACTERS = 256 * 1_024

const run = (port: NonNullable<typeof parentPort>, { file, limits }: QueryWorkerData): void => {
  let source: ReturnType<typeof openHistorySource> | undefined

  const answer = (request: QueryRequest): QueryReply => {
    const { databases: names, nowMs } = request
    const databases = {
      names: () => names,
      open: (name: string) => (names.includes(name) ? (source ??= openHistorySource(file)) : undefined),
    }
    // Domain time may run faster; how long a query takes is measured in the time of the machine.
    const aheadMs = nowMs - Date.now()
    const found = answerInfluxql(request, { databases, limits, now: () => Date.now() + aheadMs })
    return { kind: 'answered', isRefused: 'fault' in found, pieces: [...toPieces(request, found)] }
  }

  port.on('message', (request: QueryRequest) => {
    try {
      const reply = answer(request)
      const buffers =
        reply.kind === 'answered' ? reply.pieces.map((piece) => piece.buffer as ArrayBuffer) : []
      port.postMessage(reply, buffers)
    } catch (cause) {
      // It may be the file that has failed: the next query opens it again.
      source?.close()
      source = undefined
      port.postMessage({ kind: 'failed', ...describe(cause) } satisfies QueryReply)
    }
  })
}

const toPieces = function* (
  { chunkSize, isPretty, epoch }: QueryRequest,
  found: ReturnType<typeof answerInfluxql>,
): Generator<Uint8Array> {
  const json = formatAnswer(found, epoch)
  const encoder = new TextEncoder()
  let text = ''
  for (const part of chunkSize === undefined ? [json] : toChunks(json, chunkSize)) {
    text += `${JSON.stringify(part, undefined, isPretty ? 4 : undefined)}\n`
    if (text.length < PIECE_CHARACTERS) continue
    yield encoder.encode(text)
    text = ''
  }
  if (text !== '') yield encoder.encode(text)
}

const describe = (cause: unknown): { message: string; isAway: boolean } => {
  const error = cause instanceof Error ? cause : new Error(String(cause))
  return {
    message: error.stack ?? error.message,
    isAway: 'code' in error && error.code === 'ERR_SQLITE_ERROR',
  }
}

if (!isMainThread && parentPort !== null) run(parentPort, workerData as QueryWorkerData)
