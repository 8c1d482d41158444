import { createHmac, randomBytes, scrypt, scryptSync, timingSafeEqual } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Identity, Result } from '@clearlane/protocol'
import { fault, fromJson, IdSchema, ok, toFault } from '@clearlane/protocol'
import { z } from 'zod'

/** Who may connect: a list of user names, each with the hash of its secret and what it is. */
const HASH_PATTERN = /^scrypt\$(\d+)\$(\d+)\$(\d+)\$([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/=]+)$/

const ofGateway = { site: IdSchema, gateway: IdSchema }
const IdentitySchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('gateway'), ...ofGateway }),
  z.object({ kind: z.literal('platform') }),
  z.object({ kind: z.literal('viewer'), site: IdSchema }),
  z.object({ kind: z.literal('box'), ...ofGateway }),
  z.object({ kind: z.literal('box-flows'), ...ofGateway }),
  z.object({ kind: z.literal('box-viewer'), ...ofGateway }),
])
const UsernameSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'a user name is 1 to 64 of A-Z a-z 0-9 . _ -')
const IdentitiesSchema = z.array(
  z.object({
    username: UsernameSchema,
    secretHash: z.string().regex(HASH_PATTERN, 'a hash made by hashSecret'),
    identity: IdentitySchema,
  }),
)
export type StoredIdentity = z.infer<typeof IdentitiesSchema>[number]

/** One whose secret stands in a file of its own, as it is; the broker makes what is missing when it starts. */
export const ProvisionedSchema = z.object({
  username: UsernameSchema,
  secretFile: z.string().min(1),
  identity: IdentitySchema,
})

export type Identities = {
  /** The identity behind a user name and secret, or undefined. Takes as long for an unknown name as for a wrong secret. */
  verify(username: string, secret: Buffer): Promise<Identity | undefined>
}

const COST = 16_384
const BLOCK_SIZE = 8
const PARALLELISM = 1
const KEY_LENGTH = 32
/** Secrets found right lately, so that a storm of reconnections costs no hashing. */
const MAX_REMEMBERED = 1_000
/** Hashes under way at once; more attempts are refused until one is done. */
const MAX_VERIFYING = 32

/** `scrypt$N$r$p$salt$key` of a secret, for the identities file. */
export const hashSecret = (secret: string): string => {
  const salt = randomBytes(16)
  const key = scryptSync(secret, salt, KEY_LENGTH, { N: COST, r: BLOCK_SIZE, p: PARALLELISM })
  return ['scrypt', COST, BLOCK_SIZE, PARALLELISM, salt.toString('base64'), key.toString('base64')].join('$')
}

/** Reads each secret, or makes a random one that only this user can read. */
export const provisionIdentities = (provisioned: readonly Provisioned[]): StoredIdentity[] =>
  provisioned.map(({ username, secretFile, identity }) => {
    if (!existsSync(secretFile)) {
      mkdirSync(dirname(secretFile), { recursive: true, mode: 0o700 })
      writeFileSync(secretFile, randomBytes(24).toString('base64url'), { mode: 0o600, flag: 'wx' })
    }
    return { username, secretHash: hashSecret(readFileSync(secretFile, 'utf8').trim()), identity }
  })
type Provisioned = z.infer<typeof ProvisionedSchema>

export const parseIdentities: (text: string) => Result<StoredIdentity[]> = fromJson((value) => {
  const parsed = IdentitiesSchema.safeParse(value)
  if (!parsed.success) return { ok: false, fault: toFault('identities-shape', parsed.error) }
  const names = parsed.data.map((one) => one.username)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  return twice === undefined
    ? ok(parsed.data)
    : fault('identities-invalid', `${twice} is listed twice; take one out`)
})

export const createIdentities = (stored: readonly StoredIdentity[]): Identities => {
  const byName = new Map(stored.map((one) => [one.username, one]))
  const pepper = randomBytes(32)
  const remembered = new Map<string, Buffer>()
  const nobody = hashSecret(randomBytes(16).toString('hex'))
  let verifying = 0

  return {
    verify: async (username, secret) => {
      const known = byName.get(username)
      const digest = createHmac('sha256', pepper).update(username).update('\0').update(secret).digest()
      const earlier = remembered.get(username)
      if (known !== undefined && earlier !== undefined && timingSafeEqual(earlier, digest))
        return known.identity
      if (verifying >= MAX_VERIFYING) return undefined
      verifying++
      try {
        const isRight = await matches(secret, known?.secretHash ?? nobody)
        if (known === undefined || !isRight) return undefined
        const [oldest] = remembered.keys()
        if (remembered.size >= MAX_REMEMBERED && oldest !== undefined) remembered.delete(oldest)
        remembered.set(username, digest)
        return known.identity
      } finally {
        verifying--
      }
    },
  }
}

const matches = (secret: Buffer, hash: string): Promise<boolean> => {
  const [, cost, blockSize, parallelism, salt, key] = HASH_PATTERN.exec(hash) ?? []
  const expected = Buffer.from(key ?? '', 'base64')
  const options = { N: Number(cost), r: Number(blockSize), p: Number(parallelism) }
  return new Promise((resolve) => {
    scrypt(secret, Buffer.from(salt ?? '', 'base64'), expected.length, options, (failure, actual) =>
      resolve(failure === null && timingSafeEqual(actual, expected)),
    )
  })
}
