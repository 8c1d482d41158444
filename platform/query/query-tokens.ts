import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { IdSchema } from '@clearlane/protocol'
import { z } from 'zod'

/**
 * Who may read a site's history over `/query`. The file holds what a token is known by, never the token: 256 random
 * bits are not found by trying, so a plain hash keeps them.
 */
const TokensSchema = z.array(
  z.object({ name: IdSchema, site: IdSchema, sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
)
type StoredToken = z.infer<typeof TokensSchema>[number]
export type TokenOwner = Pick<StoredToken, 'name' | 'site'>

const TOKEN_BYTES = 32

export const toTokensFile = (dataDir: string): string => join(dataDir, 'query-tokens.json')

/** Whose token it is. The file is read each time, so that a new token is taken at once and a removed one no more. */
export const findTokenOwner = (file: string, token: string): TokenOwner | undefined => {
  const digest = digestOf(token)
  return readTokens(file).find(({ sha256 }) => timingSafeEqual(Buffer.from(sha256, 'hex'), digest))
}

/** Makes a token, which is told this once. An earlier one of the same name and site is taken no more. */
export const addToken = (file: string, owner: TokenOwner): string => {
  const token = randomBytes(TOKEN_BYTES).toString('base64url')
  const others = readTokens(file).filter((one) => !isSame(one, owner))
  writeTokens(file, [...others, { ...owner, sha256: digestOf(token).toString('hex') }])
  return token
}

/** False where there is no such token. */
export const removeToken = (file: string, owner: TokenOwner): boolean => {
  const tokens = readTokens(file)
  const others = tokens.filter((one) => !isSame(one, owner))
  if (others.length === tokens.length) return false
  writeTokens(file, others)
  return true
}

const isSame = (a: TokenOwner, b: TokenOwner): boolean => a.name === b.name && a.site === b.site

const digestOf = (token: string): Buffer => createHash('sha256').update(token).digest()

const readTokens = (file: string): readonly StoredToken[] =>
  existsSync(file) ? TokensSchema.parse(JSON.parse(readFileSync(file, 'utf8'))) : []

const writeTokens = (file: string, tokens: readonly StoredToken[]): void => {
  const fresh = `${file}.new`
  writeFileSync(fresh, `${JSON.stringify(tokens, undefined, 2)}\n`, { mode: 0o600 })
  renameSync(fresh, file)
}
