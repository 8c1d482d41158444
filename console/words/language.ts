import { createContext, useContext } from 'react'

export type Language = 'zh' | 'en'
/** The words of one screen in both languages. A key that one of them lacks is a type error. */
export type Translated<Key extends string> = Readonly<Record<Language, Readonly<Record<Key, string>>>>

export const translated = <const Words extends Readonly<Record<string, string>>>(
  zh: Words,
  en: Readonly<Record<keyof Words, string>>,
): Translated<keyof Words & string> => ({ zh, en })

const LanguageContext = createContext<Language>('zh')
export const LanguageProvider = LanguageContext.Provider
export const useLanguage = (): Language => useContext(LanguageContext)

/** The words of a screen in the language chosen. */
export const useWords = <Key extends string>(words: Translated<Key>): Readonly<Record<Key, string>> =>
  words[useLanguage()]

const KEPT_AS = 'clearlane.language'

/** What was chosen last, else what the browser asks for. */
export const firstLanguage = (): Language => {
  const kept = localStorage.getItem(KEPT_AS)
  if (kept === 'zh' || kept === 'en') return kept
  return navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en'
}

export const keepLanguage = (language: Language): void => {
  localStorage.setItem(KEPT_AS, language)
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en'
}

/** How numbers and times are written. */
export const localeOf = (language: Language): string => (language === 'zh' ? 'zh-CN' : 'en-GB')
