import { createHmac } from 'node:crypto'
import type { Notice } from './notice.ts'
import { toText } from './notice.ts'
import type { Webhook } from './webhook.ts'

/** What goes over the wire for one notice, and how each receiver says yes or no. */
export type WebhookRequest = {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}
export type Answer =
  | { readonly kind: 'taken' }
  /** Not now: the network, the server, or a code of the robot's. Their lists of codes change: none is taken as final. */
  | { readonly kind: 'later'; readonly reason: string }
  /** Never like this: sending it again would change nothing. */
  | { readonly kind: 'refused'; readonly reason: string }

/**
 * Signatures as the receivers' own documents have them:
 * - DingTalk: HMAC-SHA256 with the secret over `timestamp\nsecret`, milliseconds, in the query.
 * - Feishu: HMAC-SHA256 with `timestamp\nsecret` as the key over nothing, seconds, in the body.
 * - Our own: HMAC-SHA256 with the secret over `seconds.body`, in a header; the delivery's id is the same each time.
 */
export const toRequest = (
  webhook: Webhook,
  notice: Notice,
  delivery: string,
  timeZone: string,
  nowMs: number,
): WebhookRequest => {
  const { kind, url, secret, language } = webhook
  const { title, text } = toText(notice, language, timeZone)
  const json = (body: object, over: Partial<WebhookRequest> = {}): WebhookRequest => ({
    url,
    headers: { 'content-type': 'application/json; charset=utf-8' },
    body: JSON.stringify(body),
    ...over,
  })
  switch (kind) {
    case 'wecom':
      return json({ msgtype: 'text', text: { content: `${title}\n${text}` } })
    case 'dingtalk':
      return json(
        { msgtype: 'text', text: { content: `${title}\n${text}` } },
        secret === undefined ? {} : { url: signDingtalk(url, secret, nowMs) },
      )
    case 'feishu': {
      const timestamp = String(Math.floor(nowMs / 1_000))
      return json({
        ...(secret !== undefined && {
          timestamp,
          sign: createHmac('sha256', `${timestamp}\n${secret}`).digest('base64'),
        }),
        msg_type: 'text',
        content: { text: `${title}\n${text}` },
      })
    }
    case 'json': {
      const { site, word, lane, sections, view } = notice
      const body = JSON.stringify({
        v: 1,
        delivery,
        site,
        event: word,
        lane: { id: view.episode.lane, name: lane },
        sections: view.episode.sections.map((id, index) => ({ id, name: sections[index] ?? id })),
        episode: view.episode,
      })
      const seconds = Math.floor(nowMs / 1_000)
      const sign = createHmac('sha256', secret ?? '')
        .update(`${seconds}.${body}`)
        .digest('hex')
      return {
        url,
        headers: {
          'content-type': 'application/json; charset=utf-8',
          'clearlane-delivery': delivery,
          'clearlane-signature': `t=${seconds},v1=${sign}`,
        },
        body,
      }
    }
  }
}

const signDingtalk = (url: string, secret: string, nowMs: number): string => {
  const signed = new URL(url)
  signed.searchParams.set('timestamp', String(nowMs))
  signed.searchParams.set('sign', createHmac('sha256', secret).update(`${nowMs}\n${secret}`).digest('base64'))
  return signed.href
}

const RETRIED_STATUSES = new Set([408, 425, 429])

export const readAnswer = (kind: Webhook['kind'], status: number, body: string): Answer => {
  if (status >= 500 || RETRIED_STATUSES.has(status)) return { kind: 'later', reason: `it answered ${status}` }
  if (status < 200 || status >= 300) return { kind: 'refused', reason: `it answered ${status}` }
  if (kind === 'json') return { kind: 'taken' }
  const { code, message } = readCode(body)
  if (code === 0) return { kind: 'taken' }
  if (code === undefined) return { kind: 'later', reason: 'its answer cannot be read' }
  return { kind: 'later', reason: `code ${code}: ${message}` }
}

/** `errcode` and `errmsg` at WeCom and DingTalk, `code` and `msg` at Feishu, whose old form is `StatusCode`. */
const readCode = (body: string): { readonly code: number | undefined; readonly message: string } => {
  let value: unknown
  try {
    value = JSON.parse(body)
  } catch {
    return { code: undefined, message: '' }
  }
  if (typeof value !== 'object' || value === null) return { code: undefined, message: '' }
  const fields = value as Readonly<Record<string, unknown>>
  const code = fields['errcode'] ?? fields['code'] ?? fields['StatusCode']
  const message = fields['errmsg'] ?? fields['msg'] ?? fields['StatusMessage']
  return {
    code: typeof code === 'number' ? code : undefined,
    message: typeof message === 'string' ? message.slice(0, MAX_MESSAGE) : '',
  }
}
const MAX_MESSAGE = 200
