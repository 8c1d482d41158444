import { createHmac } from 'node:crypto'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Webhook } from './webhook.ts'

/** What a robot or a program would have taken: the text that people see, or the message itself. */
export type Taken = { readonly text: string; readonly delivery: string | undefined }

const HOUR_MS = 3_600_000
const MAX_CHARACTERS = 2_048

/**
 * An endpoint that holds a message against the documented rules of its receiver, answers as that does, and can be told
 * to answer otherwise.
 */
export const startTestEndpoint = async (kind: Webhook['kind'], secret: string, nowMs: () => number) => {
  const taken: Taken[] = []
  const waiters: (() => void)[] = []
  let requests = 0
  let answerOtherwise: ((response: ServerResponse) => void) | undefined
  const server = createServer((request, response) => {
    void readBody(request).then((body) => {
      requests++
      if (answerOtherwise !== undefined) {
        answerOtherwise(response)
      } else {
        const problem = check(kind, secret, request, body, nowMs())
        if (problem === undefined) taken.push(toTaken(kind, request, body))
        response.setHeader('content-type', 'application/json')
        response.end(toAnswer(kind, problem))
      }
      for (const resolve of waiters.splice(0)) resolve()
    })
  })
  const listen = (port: number) => new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  await listen(0)
  const { port } = server.address() as AddressInfo
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return {
    url: `http://127.0.0.1:${port}/robot/send?key=hidden`,
    taken,
    requests: () => requests,
    /** Resolves with the next request. */
    next: () => new Promise<void>((resolve) => waiters.push(resolve)),
    answer: (otherwise: typeof answerOtherwise) => {
      answerOtherwise = otherwise
    },
    stop,
    start: () => listen(port),
  }
}

const readBody = async (request: IncomingMessage): Promise<string> => {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  return Buffer.concat(parts).toString()
}

/** What the receiver's document would have it refuse. */
const check = (
  kind: Webhook['kind'],
  secret: string,
  request: IncomingMessage,
  body: string,
  nowMs: number,
): string | undefined => {
  if (request.method !== 'POST') return 'not a POST'
  if (request.headers['content-type']?.startsWith('application/json') !== true) return 'not JSON'
  const message = JSON.parse(body) as Record<string, unknown>
  const query = new URL(request.url ?? '', 'http://endpoint').searchParams
  switch (kind) {
    case 'wecom':
      return message['msgtype'] === 'text' && Buffer.byteLength(textOf(kind, body)) <= MAX_CHARACTERS
        ? undefined
        : 'invalid message'
    case 'dingtalk': {
      const timestamp = Number(query.get('timestamp'))
      if (Math.abs(nowMs - timestamp) > HOUR_MS) return 'timestamp more than an hour off'
      const sign = createHmac('sha256', secret).update(`${timestamp}\n${secret}`).digest('base64')
      if (query.get('sign') !== sign) return 'sign not match'
      return message['msgtype'] === 'text' ? undefined : 'invalid message'
    }
    case 'feishu': {
      const timestamp = Number(message['timestamp']) * 1_000
      if (Math.abs(nowMs - timestamp) > HOUR_MS) return 'timestamp more than an hour off'
      const sign = createHmac('sha256', `${String(message['timestamp'])}\n${secret}`).digest('base64')
      if (message['sign'] !== sign) return 'sign match fail'
      return message['msg_type'] === 'text' ? undefined : 'invalid message'
    }
    case 'json': {
      const [, seconds, sign] =
        /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(request.headers['clearlane-signature'])) ?? []
      const own = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')
      return sign === own ? undefined : 'signature does not fit'
    }
  }
}

const textOf = (kind: Webhook['kind'], body: string): string => {
  const message = JSON.parse(body) as {
    text?: { content: string }
    content?: { text: string }
    event?: string
  }
  return kind === 'json'
    ? (message.event ?? '')
    : ((kind === 'feishu' ? message.content?.text : message.text?.content) ?? '')
}

const toTaken = (kind: Webhook['kind'], request: IncomingMessage, body: string): Taken => ({
  text: textOf(kind, body),
  delivery: request.headers['clearlane-delivery']?.toString(),
})

const toAnswer = (kind: Webhook['kind'], problem: string | undefined): string => {
  if (kind === 'json') return problem ?? 'taken'
  return JSON.stringify(
    kind === 'feishu'
      ? { code: problem === undefined ? 0 : 19_021, msg: problem ?? 'success' }
      : { errcode: problem === undefined ? 0 : 310_000, errmsg: problem ?? 'ok' },
  )
}
