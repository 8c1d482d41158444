/** Words that are no identifiers unless quoted; InfluxDB's list. */
const KEYWORDS: ReadonlySet<string> = new Set(
  `ALL ALTER ANALYZE ANY AS ASC BEGIN BY CARDINALITY CREATE CONTINUOUS DATABASE DATABASES DEFAULT DELETE DESC
   DESTINATIONS DIAGNOSTICS DISTINCT DROP DURATION END EVERY EXACT EXPLAIN FIELD FOR FROM GRANT GRANTS GROUP GROUPS INF
   INSERT INTO KEY KEYS KILL LIMIT MEASUREMENT MEASUREMENTS NAME OFFSET ON ORDER PASSWORD POLICY POLICIES PRIVILEGES
   QUERIES QUERY READ REPLICATION RESAMPLE RETENTION REVOKE SELECT SERIES SET SHOW SHARD SHARDS SLIMIT SOFFSET STATS
   SUBSCRIPTION SUBSCRIPTIONS TAG TO USER USERS VALUES WHERE WITH WRITE AND OR IN TRUE FALSE`.split(/\s+/),
)

export const keywordOf = (word: string): string | undefined => {
  const upper = word.toUpperCase()
  return KEYWORDS.has(upper) ? upper : undefined
}

/** Keywords and punctuation are kinds of their own, spelled as InfluxDB names them; the others carry their text. */
export type Token = {
  readonly kind: string
  /** The content where the kind has one: of an identifier or string without quotes and escapes. */
  readonly text: string
  readonly start: number
  readonly end: number
}

/** How a fault names what was found. */
export const describeToken = ({ kind, text }: Token): string => text || kind

const PUNCTUATION = ['=~', '!~', '!=', '<>', '<=', '>=', '::', ...'+-*/%&|^=<>(),:;.'] as const
const WORD = /[A-Za-z_][A-Za-z0-9_]*/y
const SPACE = /[ \t\r\n]+/y
const LINE_COMMENT = /--[^\n]*/y
const NUMBER = /(?:\d+(?:\.\d*)?|\.\d+)/y
const DURATION = /\d+[A-Za-zµ][A-Za-zµ0-9]*/y

const match = (pattern: RegExp, text: string, at: number): string | undefined => {
  pattern.lastIndex = at
  return pattern.exec(text)?.[0]
}

/** The token at an offset. It takes whatever it finds: what is no token is of the kind ILLEGAL. */
export const scanToken = (text: string, start: number): Token => {
  const token = (kind: string, content: string, end: number): Token => ({ kind, text: content, start, end })
  if (start >= text.length) return token('EOF', '', start)
  const space = match(SPACE, text, start)
  if (space !== undefined) return token('WS', space, start + space.length)
  const word = match(WORD, text, start)
  if (word !== undefined) {
    const keyword = keywordOf(word)
    return token(keyword ?? 'IDENT', keyword === undefined ? word : '', start + word.length)
  }
  const first = text[start] ?? ''
  if (first === '"' || first === "'") return scanQuoted(text, start, first)
  const duration = match(DURATION, text, start)
  if (duration !== undefined) return token('DURATIONVAL', duration, start + duration.length)
  const number = match(NUMBER, text, start)
  if (number !== undefined) {
    const end = start + number.length
    return number.includes('.') ? token('NUMBER', number, end) : token('INTEGER', number, end)
  }
  const lineComment = match(LINE_COMMENT, text, start)
  if (lineComment !== undefined) return token('COMMENT', '', start + lineComment.length)
  if (text.startsWith('/*', start)) {
    const end = text.indexOf('*/', start + 2)
    return end < 0 ? token('ILLEGAL', '', text.length) : token('COMMENT', '', end + 2)
  }
  const punctuation = PUNCTUATION.find((one) => text.startsWith(one, start))
  if (punctuation !== undefined)
    return token(punctuation === '<>' ? '!=' : punctuation, '', start + punctuation.length)
  const codePoint = String.fromCodePoint(text.codePointAt(start) ?? 0)
  return token('ILLEGAL', codePoint, start + codePoint.length)
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', '\\': '\\', '"': '"', "'": "'" }

const scanQuoted = (text: string, start: number, quote: string): Token => {
  let content = ''
  for (let at = start + 1; at < text.length; at++) {
    const char = text[at] ?? ''
    if (char === quote) return { kind: quote === '"' ? 'IDENT' : 'STRING', text: content, start, end: at + 1 }
    if (char === '\n') break
    if (char === '\\') {
      const escaped = text[++at] ?? ''
      const plain = ESCAPES[escaped]
      if (plain === undefined) return { kind: 'BADESCAPE', text: `\\${escaped}`, start: at, end: at + 1 }
      content += plain
    } else content += char
  }
  return { kind: 'BADSTRING', text: content, start, end: text.length }
}

/** The regular expression whose opening slash stands at an offset. */
export const scanRegex = (text: string, start: number): Token => {
  let source = ''
  for (let at = start + 1; at < text.length; at++) {
    const char = text[at] ?? ''
    if (char === '/') return { kind: 'REGEX', text: source, start, end: at + 1 }
    if (char === '\n') break
    // Only the slash is taken out of its escape; the rest belongs to the expression.
    if (char === '\\' && text[at + 1] === '/') {
      source += '/'
      at++
    } else source += char
  }
  return { kind: 'BADREGEX', text: '', start, end: text.length }
}
