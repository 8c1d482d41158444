import type { EpisodeView, Layout } from '@clearlane/protocol'
import type { WebhookConfig } from './webhook.ts'

/** What is said of an episode: that it is an alarm, or how it ended. */
export type Notice = {
  readonly site: string
  readonly word: NoticeWord
  /** Names as the layout has them, or the ids where it no longer has the place. */
  readonly lane: string
  readonly sections: readonly string[]
  readonly view: EpisodeView
}
export const NOTICE_WORDS = ['confirmed', 'cleared', 'passed', 'voided', 'ended-by-hand'] as const
export type NoticeWord = (typeof NOTICE_WORDS)[number]

export const toNotice = (word: NoticeWord, view: EpisodeView, layout: Layout): Notice => {
  const { lane, sections } = view.episode
  return {
    site: view.site,
    word,
    lane: layout.lanes.find(({ id }) => id === lane)?.name ?? lane,
    sections: sections.map((section) => layout.sections.find(({ id }) => id === section)?.name ?? section),
    view,
  }
}

/** Title and text for people, times local to the site. A name in it may hold anything: it is cut, and one line. */
export const toText = (
  notice: Notice,
  language: WebhookConfig['language'],
  timeZone: string,
): { readonly title: string; readonly text: string } => {
  const { episode } = notice.view
  const words = WORDS[language]
  const time = new Intl.DateTimeFormat(LOCALES[language], {
    timeZone,
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  })
  const places = `${toLine(notice.lane)} · ${notice.sections.map(toLine).join(' · ')}`
  const sinceMs = episode.detectedMs ?? notice.view.firstReceivedMs
  const lines = [places, `${words.since} ${time.format(sinceMs)}`]
  if (notice.word !== 'confirmed') {
    const untilMs = episode.endedMs ?? notice.view.receivedMs
    lines.push(`${words.until} ${time.format(untilMs)} ${words.lasted(Math.max(0, untilMs - sinceMs))}`)
    if (episode.endedBy !== undefined) lines.push(`${words.by} ${toLine(episode.endedBy)}`)
    if (episode.endReason !== undefined) lines.push(toLine(episode.endReason))
  }
  lines.push(toLine(notice.site))
  return { title: `${SHAPES[notice.word]} ${words.titles[notice.word]}`, text: lines.join('\n') }
}

const MAX_LINE = 120
/** A robot would read a line break, a mention or a link in a name as its own. */
const toLine = (text: string): string =>
  text
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .replace(/[<>@[\]()*_`~#|\\]/g, ' ')
    .trim()
    .slice(0, MAX_LINE)

const LOCALES = { zh: 'zh-CN', en: 'en-GB' }
const SHAPES: Readonly<Record<NoticeWord, string>> = {
  confirmed: '■',
  cleared: '●',
  passed: '●',
  voided: '●',
  'ended-by-hand': '●',
}
const MINUTE_MS = 60_000
const WORDS = {
  zh: {
    titles: {
      confirmed: '消防车通道占用',
      cleared: '已畅通',
      passed: '已离开',
      voided: '更正：没有占用',
      'ended-by-hand': '已人工结束',
    },
    since: '占用自',
    until: '结束于',
    lasted: (ms: number) => `（共 ${Math.round(ms / MINUTE_MS)} 分钟）`,
    by: '操作人',
  },
  en: {
    titles: {
      confirmed: 'Fire lane blocked',
      cleared: 'Clear again',
      passed: 'Gone again',
      voided: 'Correction: it was not blocked',
      'ended-by-hand': 'Ended by hand',
    },
    since: 'Blocked since',
    until: 'Ended at',
    lasted: (ms: number) => `(${Math.round(ms / MINUTE_MS)} min)`,
    by: 'By',
  },
}
