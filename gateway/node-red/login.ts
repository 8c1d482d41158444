import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** The one account of Node-RED on this box. */
export type Login = { readonly username: string; readonly passwordHash: string }
type Bcrypt = {
  hash(text: string, rounds: number): Promise<string>
  compare(text: string, hash: string): Promise<boolean>
}

const USERNAME = 'admin'
const PASSWORD_FILE = 'admin.password'
const HASH_FILE = 'admin.hash'
const ROUNDS = 10

/**
 * Makes a password on the first start, in a file that only this user can read. Whoever writes another one there has
 * changed it; whoever has read it may take the file away, and its hash stays.
 */
export const readLogin = async (folder: string, bcrypt: Bcrypt): Promise<Login> => {
  const passwordFile = join(folder, PASSWORD_FILE)
  const hashFile = join(folder, HASH_FILE)
  const known = existsSync(hashFile) ? readFileSync(hashFile, 'utf8').trim() : undefined
  if (known !== undefined && !existsSync(passwordFile)) return { username: USERNAME, passwordHash: known }
  if (!existsSync(passwordFile))
    writeFileSync(passwordFile, `${randomBytes(18).toString('base64url')}\n`, { mode: 0o600, flag: 'wx' })
  const password = readFileSync(passwordFile, 'utf8').trim()
  if (password === '') throw new Error(`${PASSWORD_FILE} is empty: put a password in it, or take it away`)
  if (known !== undefined && (await bcrypt.compare(password, known)))
    return { username: USERNAME, passwordHash: known }
  const passwordHash = await bcrypt.hash(password, ROUNDS)
  writeFileSync(hashFile, `${passwordHash}\n`, { mode: 0o600 })
  return { username: USERNAME, passwordHash }
}

/** Whether an Authorization header is this account's, for what flows answer over HTTP. What was right once is not hashed anew. */
export const createBasicLogin = ({ username, passwordHash }: Login, bcrypt: Pick<Bcrypt, 'compare'>) => {
  let right: Buffer | undefined
  return async (header: string | undefined): Promise<boolean> => {
    const [scheme, encoded] = (header ?? '').split(' ')
    if (scheme?.toLowerCase() !== 'basic' || encoded === undefined) return false
    const digest = createHash('sha256').update(encoded).digest()
    if (right !== undefined && timingSafeEqual(right, digest)) return true
    const text = Buffer.from(encoded, 'base64').toString('utf8')
    const colon = text.indexOf(':')
    if (text.slice(0, colon) !== username || !(await bcrypt.compare(text.slice(colon + 1), passwordHash)))
      return false
    right = digest
    return true
  }
}
