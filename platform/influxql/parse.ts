import { createExpressionReader } from './expressions.ts'
import { InfluxqlFault } from './fault.ts'
import { readSelect } from './select-statement.ts'
import { readShow } from './show-statement.ts'
import type { Statement } from './syntax.ts'
import type { TokenReader } from './token-reader.ts'
import { createTokenReader } from './token-reader.ts'

const STATEMENTS = 'SELECT DELETE SHOW CREATE DROP EXPLAIN GRANT REVOKE ALTER SET KILL'.split(' ')
const MAX_CHARACTERS = 100_000

/** The statements of a query, or an `InfluxqlFault` that names what is wrong and where. */
export const parseInfluxql = (text: string): Statement[] => {
  if (text.length > MAX_CHARACTERS)
    throw new InfluxqlFault(`the query has more than ${MAX_CHARACTERS} characters`)
  const reader = createTokenReader(text)
  const statements: Statement[] = []
  let isSeparated = true
  for (let token = reader.peek(); token.kind !== 'EOF'; token = reader.peek()) {
    if (reader.take(';')) isSeparated = true
    else if (isSeparated) {
      statements.push(readStatement(reader))
      isSeparated = false
    } else throw reader.found(token, ';')
  }
  return statements
}

const readStatement = (reader: TokenReader): Statement => {
  const token = reader.next()
  if (token.kind === 'SELECT') return readSelect(reader, createExpressionReader(reader))
  if (token.kind === 'SHOW') return readShow(reader, createExpressionReader(reader))
  if (STATEMENTS.includes(token.kind)) throw reader.faultAt(`${token.kind} is not supported`, token)
  throw reader.found(token, ...STATEMENTS)
}
