import { InfluxqlFault, placeOf } from './fault.ts'
import type { Token } from './tokens.ts'
import { describeToken, scanRegex, scanToken } from './tokens.ts'

/** Reads tokens one after the other, and says where a fault is. */
export type TokenReader = {
  /** The next token, white space included. */
  raw(): Token
  /** The next token that means something. */
  next(): Token
  /** The next token that means something, without taking it. */
  peek(): Token
  /** Takes the next token if it is of the kind. */
  take(kind: string): boolean
  /** Takes tokens of these kinds in this order. */
  expect(...kinds: readonly string[]): void
  identifier(): string
  /** A regular expression if the next thing is a slash: only the grammar knows a division from it. */
  regex(): Token | undefined
  /** Whether this character stands next, with nothing between. */
  isNext(char: string): boolean
  unread(token: Token): void
  found(token: Token, ...expected: readonly string[]): InfluxqlFault
  faultAt(message: string, token: Token): InfluxqlFault
}

export const createTokenReader = (text: string): TokenReader => {
  let offset = 0
  const raw = (): Token => {
    const token = scanToken(text, offset)
    offset = token.end
    return token
  }
  const next = (): Token => {
    for (;;) {
      const token = raw()
      if (token.kind !== 'WS' && token.kind !== 'COMMENT') return token
    }
  }
  const unread = (token: Token): void => {
    offset = token.start
  }
  const peek = (): Token => {
    const before = offset
    const token = next()
    offset = before
    return token
  }
  const faultAt = (message: string, { start }: Token): InfluxqlFault =>
    new InfluxqlFault(`${message} at ${placeOf(text, start)}`)
  const found = (token: Token, ...expected: readonly string[]): InfluxqlFault =>
    faultAt(`found ${describeToken(token)}, expected ${expected.join(', ')}`, token)
  const take = (kind: string): boolean => {
    const before = offset
    if (next().kind === kind) return true
    offset = before
    return false
  }
  return {
    raw,
    next,
    peek,
    take,
    unread,
    found,
    faultAt,
    expect: (...kinds) => {
      for (const kind of kinds) {
        const token = next()
        if (token.kind !== kind) throw found(token, kind)
      }
    },
    identifier: () => {
      const token = next()
      if (token.kind !== 'IDENT') throw found(token, 'identifier')
      return token.text
    },
    regex: () => {
      const before = offset
      const token = next()
      const isComment = text.startsWith('/*', token.start)
      if (text[token.start] !== '/' || isComment) {
        offset = before
        return undefined
      }
      const regex = scanRegex(text, token.start)
      offset = regex.end
      return regex
    },
    isNext: (char) => text[offset] === char,
  }
}
