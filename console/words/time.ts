import type { Language } from './language.ts'
import { localeOf, translated } from './language.ts'

const UNITS = translated(
  { seconds: '秒', minutes: '分', hours: '小时', days: '天', ago: '前' },
  { seconds: 's', minutes: 'min', hours: 'h', days: 'd', ago: 'ago' },
)

/** How long something has lasted, in one or two units. */
export const toAge = (ms: number, language: Language): string => {
  const words = UNITS[language]
  const seconds = Math.max(0, Math.floor(ms / 1000))
  const [minutes, hours, days] = [
    Math.floor(seconds / 60),
    Math.floor(seconds / 3600),
    Math.floor(seconds / 86_400),
  ]
  if (minutes < 1) return `${seconds} ${words.seconds}`
  if (hours < 1) return `${minutes} ${words.minutes} ${seconds % 60} ${words.seconds}`
  if (days < 1) return `${hours} ${words.hours} ${minutes % 60} ${words.minutes}`
  return `${days} ${words.days} ${hours % 24} ${words.hours}`
}

/** How long something has lasted, in its largest unit alone, for where there is no room. */
export const toShortAge = (ms: number, language: Language): string =>
  toAge(ms, language).split(' ').slice(0, 2).join(' ')

/** How long ago something was. */
export const toAgo = (ms: number, language: Language): string => {
  const age = toAge(ms, language)
  return language === 'zh' ? `${age}${UNITS.zh.ago}` : `${age} ${UNITS.en.ago}`
}

/** To make one costs more than to use it a hundred times: so each is made once, when it is wanted. */
const toFormat = (options: Intl.DateTimeFormatOptions) => {
  const made: Partial<Record<Language, Intl.DateTimeFormat>> = {}
  return (language: Language): Intl.DateTimeFormat =>
    (made[language] ??= new Intl.DateTimeFormat(localeOf(language), options))
}
const MOMENT = toFormat({ dateStyle: 'medium', timeStyle: 'medium' })
const SHORT_MOMENT = toFormat({ month: 'numeric', day: 'numeric', hour: '2-digit', minute: '2-digit' })

/** A moment as a clock and a calendar say it. */
export const toMoment = (atMs: number, language: Language): string => MOMENT(language).format(atMs)

/** The same where there is little room: the year is this one or the one before. */
export const toShortMoment = (atMs: number, language: Language): string => SHORT_MOMENT(language).format(atMs)

/** The time of day, with the date in front of it where that is another than today's by the server's clock. */
export const toClock = (atMs: number, nowMs: number | undefined, language: Language): string => {
  const at = new Date(atMs)
  const isToday = nowMs !== undefined && at.toDateString() === new Date(nowMs).toDateString()
  return at.toLocaleString(localeOf(language), {
    ...(!isToday && { month: 'short', day: 'numeric' }),
    hour: '2-digit',
    minute: '2-digit',
  })
}
