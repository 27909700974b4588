/**
 * Which key a token was signed with: the one that it names, any that fits, or a newer one than we have.
 *
 * @see RFC 7515, section 4.1.4
 * @module
 */
import { errors, type JWTPayload, type JWTVerifyGetKey } from 'jose'
import type { KeySet } from './key-set.ts'
import { TokenRefused } from './token-refused.ts'

/** How many keys are tried for a token that does not say which one it was signed with. */
const MAX_TRIES = 8

/** Verifies the token with the keys that it is given. */
export type Check = (key: JWTVerifyGetKey) => Promise<JWTPayload>

/**
 * @param named whether the token says which key it was signed with.
 * @throws {TokenRefused}
 * @throws {McpError} `unavailable`
 */
export async function verifyWith(keys: KeySet, named: boolean, check: Check): Promise<JWTPayload> {
  try {
    const known = await keys.current()
    try {
      return await tryEach(known, check)
    } catch (thrown) {
      const unsigned = !named && thrown instanceof errors.JWSSignatureVerificationFailed
      if (!(thrown instanceof errors.JWKSNoMatchingKey || unsigned)) throw thrown
      // Signed with a key that is newer than what we have, or with one that does not exist.
      const renewed = await keys.renewed()
      if (renewed === undefined) throw thrown
      return await tryEach(renewed, check)
    }
  } catch (thrown) {
    throw refusalOf(thrown)
  }
}

/** A token without `kid` may be signed with any key of its kind. */
async function tryEach(keys: JWTVerifyGetKey, check: Check): Promise<JWTPayload> {
  let several: errors.JWKSMultipleMatchingKeys
  try {
    return await check(keys)
  } catch (thrown) {
    if (!(thrown instanceof errors.JWKSMultipleMatchingKeys)) throw thrown
    several = thrown
  }
  let tries = 0
  for await (const key of several) {
    try {
      return await check(async () => key)
    } catch (thrown) {
      if (!(thrown instanceof errors.JWSSignatureVerificationFailed) || ++tries === MAX_TRIES) throw thrown
    }
  }
  throw new errors.JWSSignatureVerificationFailed()
}

/** What the client may know about a token that is not accepted. Everything else is a failure of ours. */
function refusalOf(thrown: unknown): unknown {
  if (thrown instanceof errors.JWTExpired) return new TokenRefused('The token has expired.', { cause: thrown })
  if (thrown instanceof errors.JWSSignatureVerificationFailed || thrown instanceof errors.JWKSNoMatchingKey) {
    return new TokenRefused('The signature of the token is not valid.', { cause: thrown })
  }
  return thrown instanceof errors.JOSEError ? new TokenRefused('The token is not valid.', { cause: thrown }) : thrown
}
