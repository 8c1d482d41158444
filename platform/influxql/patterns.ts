import { RE2JS } from 're2js'

export type Pattern = { test(text: string): boolean }

/** Matches anywhere in a text, in time linear to its length. */
export const createPattern = (source: string): Pattern => {
  const compiled = RE2JS.compile(source)
  return { test: (text) => compiled.matcher(text).find() }
}
