/**
 * From claims to an identity. Identity providers agree on little: what is looked for here is what they really send.
 *
 * @see RFC 7519, section 4.1; RFC 8693, section 4; RFC 9068, section 2.2
 * @module
 */
import type { Identity } from '../session/principal.ts'
import type { JsonObject } from '../wire/jsonrpc.ts'
import { sameAudience } from './protected-resource.ts'
import { TokenRefused } from './token-refused.ts'

/** How claims are read. */
export interface ClaimOptions {
  /**
   * The audience of tokens for this server; one of several is enough. Default `resource`. Some providers issue tokens
   * for an identifier of their own, such as `api://default` or the id of an application.
   */
  readonly audience?: string | readonly string[]
  /**
   * The claim that says whom the token was issued for. Default `aud`; for providers without audiences `client_id` or
   * `azp`, where these clients ask for tokens for this server only.
   */
  readonly audienceClaim?: string
  /** Claims that must have this value, for example `{ token_use: 'access' }`. Default: none. */
  readonly requiredClaims?: { readonly [claim: string]: string | number | boolean }
  /** The scopes of a token. Default: what is in `scope` and `scp`, as a list or with spaces between. */
  readonly scopesOf?: (claims: JsonObject) => readonly string[]
}

/** Names of the claim that names the client, in the order of preference. */
const CLIENT_CLAIMS = ['client_id', 'azp', 'cid', 'appid']

/** @throws {TokenRefused} for a token for somebody else, and for one that names nobody. */
export function identityOf(
  claims: JsonObject,
  issuer: string,
  ownAudiences: readonly string[],
  options: ClaimOptions,
): Identity {
  const audience = matchAudience(claims[options.audienceClaim ?? 'aud'], ownAudiences)
  if (audience === undefined) throw new TokenRefused('The token was not issued for this server.')
  for (const [claim, value] of Object.entries(options.requiredClaims ?? {})) {
    if (claims[claim] !== value) throw new TokenRefused(`The token lacks the right ${claim}.`)
  }
  const subject = text(claims['sub'])
  const clientId = CLIENT_CLAIMS.map((name) => text(claims[name])).find((value) => value !== undefined)
  if (subject === undefined && clientId === undefined) throw new TokenRefused('The token names nobody.')
  const { exp } = claims
  return {
    issuer,
    audience,
    scopes: (options.scopesOf ?? scopesOf)(claims),
    claims,
    ...(subject !== undefined && { subject }),
    ...(clientId !== undefined && { clientId }),
    ...(typeof exp === 'number' && { expiresAt: exp * 1000 }),
  }
}

/** One of ours that is among those of the token: the same for every token of a person, so it can be part of who he is. */
function matchAudience(claim: unknown, own: readonly string[]): string | undefined {
  const audiences = (Array.isArray(claim) ? claim : [claim]).filter((value) => typeof value === 'string')
  return own.find((mine) => audiences.some((audience) => sameAudience(audience, mine)))
}

function scopesOf(claims: JsonObject): readonly string[] {
  const words = [claims['scope'], claims['scp']].flatMap((claim) =>
    typeof claim === 'string' ? claim.split(' ') : Array.isArray(claim) ? claim : [],
  )
  return [...new Set(words.filter((word): word is string => typeof word === 'string' && word !== ''))]
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** The audiences that tokens for this server have. */
export function audiences(option: ClaimOptions['audience'], identifiers: readonly string[]): readonly string[] {
  if (option === undefined) return identifiers
  return typeof option === 'string' ? [option] : option
}
