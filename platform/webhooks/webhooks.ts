import { setTimeout } from 'node:timers/promises'
import type { EpisodeView, Layout, WebhookView } from '@clearlane/protocol'
import type { NoticeWord } from './notice.ts'
import { toNotice } from './notice.ts'
import type { Answer } from './requests.ts'
import { readAnswer, toRequest } from './requests.ts'
import type { Delivery, WebhookBook } from './webhook-book.ts'
import type { Webhook } from './webhook.ts'

/**
 * Tells each webhook of an alarm and of its end, one message each, in order. What is to be told is the difference
 * between what the episodes say and what the book says was told: so a restart is no second path, and an episode that
 * had ended before anyone could be told of it is told to nobody.
 */
export type Webhooks = {
  take(views: readonly EpisodeView[]): void
  list(): WebhookView[]
  close(): Promise<void>
}

export type WebhooksOptions = {
  readonly webhooks: readonly Webhook[]
  readonly book: WebhookBook
  readonly find: (episode: string) => EpisodeView | undefined
  readonly open: () => readonly EpisodeView[]
  readonly layout: () => Layout
  readonly timer: Timer
  /** A message that will not be sent any more. */
  readonly onGivenUp: (detail: string) => void
  /** The book's disk: what was to be put down is found again by comparing, once it is back. */
  readonly onFailure: (cause: unknown) => void
}
/** Wall time, ms, and a wait that `signal` ends early. */
export type Timer = {
  nowMs(): number
  wait(ms: number, signal: AbortSignal): Promise<void>
}

export const systemTimer: Timer = {
  nowMs: Date.now,
  wait: (ms, signal) => setTimeout(ms, undefined, { signal, ref: false }).catch(() => undefined),
}

const FIRST_RETRY_MS = 5_000
/** Whoever is back after an hour must not wait long for the alarm that stands now. */
const MAX_RETRY_MS = 60_000
const LOOK_EVERY_MS = 3_600_000
const GIVE_UP_AFTER_MS = 86_400_000
const ANSWER_WITHIN_MS = 10_000
const MAX_ANSWER_BYTES = 64 * 1024
const KEPT_MS = 30 * 86_400_000
/** WeCom and DingTalk take 20 messages a minute from a robot, Feishu 100. */
const APART_MS: Readonly<Record<Webhook['kind'], number>> = {
  json: 0,
  wecom: 3_000,
  dingtalk: 3_000,
  feishu: 600,
}

export const startWebhooks = (options: WebhooksOptions): Webhooks => {
  const { webhooks, book, find, open, layout, timer, onGivenUp, onFailure } = options
  const closing = new AbortController()
  const sleepers = new Map<string, () => void>()
  /** Webhooks that may have missed a change: all of them at the start. */
  const behind = new Set(webhooks)

  const takeFor = (webhook: Webhook, view: EpisodeView): void => {
    const { id: episode, confirmed, end } = view.episode
    const alarm = book.find(webhook.id, episode, 'alarm')
    const put = (stage: Delivery['stage'], word: NoticeWord): void =>
      book.add({ webhook: webhook.id, episode, stage, word, madeMs: timer.nowMs() })
    if (end === undefined) {
      if (confirmed && alarm === undefined) put('alarm', 'confirmed')
    } else if (alarm?.state === 'waiting') {
      book.note(alarm.id, { ...alarm, state: 'overtaken' }, timer.nowMs())
    } else if (alarm?.state === 'sent') {
      put('end', end)
    }
    sleepers.get(webhook.id)?.()
  }

  /** Until then, or until something is put down: what is not due yet is looked at again, and waited for again. */
  const sleep = async (webhook: Webhook, ms: number): Promise<void> => {
    const waking = new AbortController()
    sleepers.set(webhook.id, () => waking.abort())
    await timer.wait(ms, AbortSignal.any([closing.signal, waking.signal]))
    sleepers.delete(webhook.id)
  }

  /** Alarms that still stand, and ends of what was told. */
  const catchUp = (webhook: Webhook): void => {
    for (const view of open()) takeFor(webhook, view)
    for (const episode of book.unended(webhook.id)) {
      const view = find(episode)
      if (view !== undefined) takeFor(webhook, view)
    }
    behind.delete(webhook)
  }

  const run = async (webhook: Webhook): Promise<void> => {
    let notBeforeMs = 0
    while (!closing.signal.aborted) {
      try {
        if (behind.has(webhook)) catchUp(webhook)
        const delivery = book.next(webhook.id)
        const waitMs = Math.max(delivery?.dueMs ?? 0, notBeforeMs) - timer.nowMs()
        if (delivery === undefined) {
          book.forget(timer.nowMs() - KEPT_MS)
          await sleep(webhook, LOOK_EVERY_MS)
        } else if (waitMs > 0) {
          await sleep(webhook, waitMs)
        } else {
          const answer = await send(webhook, delivery)
          if (closing.signal.aborted) return
          notBeforeMs = timer.nowMs() + APART_MS[webhook.kind]
          settle(webhook, delivery, answer)
        }
      } catch (cause) {
        onFailure(cause)
        behind.add(webhook)
        await sleep(webhook, FIRST_RETRY_MS)
      }
    }
  }

  const send = async (webhook: Webhook, delivery: Delivery): Promise<Answer> => {
    const view = find(delivery.episode)
    if (view === undefined) return { kind: 'refused', reason: 'the episode is not known any more' }
    const now = layout()
    const name = `${webhook.id}-${delivery.episode}-${delivery.stage}`
    const notice = toNotice(delivery.word, view, now)
    const { url, headers, body } = toRequest(webhook, notice, name, now.timeZone, timer.nowMs())
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers,
        body,
        // An address that has moved is for a person to look at: the secret in it is not carried elsewhere.
        redirect: 'manual',
        signal: AbortSignal.any([closing.signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]),
      })
      return readAnswer(webhook.kind, response.status, await readText(response))
    } catch (cause) {
      return { kind: 'later', reason: toReason(cause) }
    }
  }

  const settle = (webhook: Webhook, delivery: Delivery, answer: Answer): void => {
    const nowMs = timer.nowMs()
    const attempts = delivery.attempts + 1
    // It may have been overtaken while it was on its way.
    const isStillWanted = book.find(webhook.id, delivery.episode, delivery.stage)?.state === 'waiting'
    if (answer.kind === 'taken') {
      book.note(delivery.id, { state: 'sent', attempts, dueMs: nowMs, reason: undefined }, nowMs)
      const view = find(delivery.episode)
      if (!isStillWanted && view !== undefined) takeFor(webhook, view)
      return
    }
    if (!isStillWanted) return
    const { reason } = answer
    if (answer.kind === 'later' && nowMs - delivery.madeMs < GIVE_UP_AFTER_MS) {
      const dueMs = nowMs + Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** delivery.attempts)
      book.note(delivery.id, { state: 'waiting', attempts, dueMs, reason }, nowMs)
    } else {
      book.note(delivery.id, { state: 'given-up', attempts, dueMs: nowMs, reason }, nowMs)
      onGivenUp(`${webhook.id}: ${delivery.word} of episode ${delivery.episode}: ${reason}`)
    }
  }

  const running = Promise.all(webhooks.map(run))

  return {
    take: (views) => {
      for (const webhook of webhooks) {
        try {
          for (const view of views) takeFor(webhook, view)
        } catch (cause) {
          onFailure(cause)
          behind.add(webhook)
        }
      }
    },
    list: () =>
      webhooks.map(({ id, kind }) => {
        const head = book.next(id)
        const { lastSentMs, givenUp, ...tally } = book.tally(id)
        return {
          webhook: id,
          kind,
          ...tally,
          ...(lastSentMs !== undefined && { lastSentMs }),
          ...(head?.reason !== undefined && {
            failing: {
              sinceMs: head.madeMs,
              attempts: head.attempts,
              nextMs: head.dueMs,
              reason: head.reason,
            },
          }),
          givenUp: givenUp.map((one) => ({ ...one })),
        }
      }),
    close: async () => {
      closing.abort()
      await running
      book.close()
    },
  }
}

const readText = async (response: Response): Promise<string> => {
  if (response.body === null) return ''
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of response.body) {
    length += part.length
    // What is longer is no answer that anyone could read, and is not taken into memory.
    if (length > MAX_ANSWER_BYTES) break
    parts.push(part)
  }
  return Buffer.concat(parts).toString()
}

/** Why a request failed, without its address: a robot's address is a secret. */
const toReason = (cause: unknown): string => {
  if (!(cause instanceof Error)) return 'no answer'
  if (cause.name === 'TimeoutError') return `no answer within ${ANSWER_WITHIN_MS / 1_000} s`
  const code = cause.cause instanceof Error && 'code' in cause.cause ? String(cause.cause.code) : cause.name
  return `it cannot be reached: ${code}`
}
