import type { Words } from './words/en.ts'
import { EN } from './words/en.ts'
import { ZH } from './words/zh.ts'

/** The two languages in which every dashboard is made; its uid ends with the language. */
export const LANGUAGES = ['zh', 'en'] as const
export type Language = (typeof LANGUAGES)[number]

export const WORDS: Readonly<Record<Language, Words>> = { zh: ZH, en: EN }

/** What a dashboard is made from. */
export type Setting = { readonly language: Language; readonly words: Words }

export const DASHBOARDS = ['estate', 'slot', 'rules', 'fleet', 'pipeline'] as const
export type DashboardName = (typeof DASHBOARDS)[number]

export const toUid = (name: DashboardName, language: Language): string => `clearlane-${name}-${language}`
