import { useConsole } from '../../live/use-console.ts'
import { useLanguage, useWords } from '../../words/language.ts'
import { STATE_WORDS } from '../../words/states.ts'
import { toAge, toShortAge } from '../../words/time.ts'
import type { SectionFacts } from './estate-facts.ts'
import { ESTATE_WORDS } from './words.ts'

/** What is said of a section in words: its state, since how long, and why it is not seen. */
export const useSectionText = (): ((section: SectionFacts) => {
  readonly word: string
  readonly age: string
  readonly shortAge: string
  readonly why: string
}) => {
  const { state: console, nowMs } = useConsole()
  const language = useLanguage()
  const states = useWords(STATE_WORDS)
  const words = useWords(ESTATE_WORDS)
  return ({ view: { state, sinceMs }, unseenBecause }) => {
    const ageMs = nowMs === undefined || sinceMs === undefined ? undefined : nowMs - sinceMs
    return {
      word: states[state],
      age: ageMs === undefined ? '' : toAge(ageMs, language),
      shortAge: ageMs === undefined ? '' : toShortAge(ageMs, language),
      why: console.isConnected ? (unseenBecause === undefined ? '' : words[unseenBecause]) : words.beforeLoss,
    }
  }
}
