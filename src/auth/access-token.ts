/**
 * The `Authorization` header.
 *
 * @see RFC 6750, section 2.1; RFC 9449, section 7.1
 * @module
 */

/** An access token as a client sends it. */
export interface AccessToken {
  readonly text: string
  /** Sent with the scheme DPoP: the request brings a proof that the client has the key of the token. */
  readonly bound: boolean
}

/** Longest header in characters. Node refuses larger heads anyway; other runtimes may not. */
const MAX_CHARS = 16_384

/**
 * The token of a header value; `undefined` where it is of another scheme; `'malformed'` for a token that can't be one, or
 * for two of them, which arrive joined by a comma.
 */
export function accessToken(header: string): AccessToken | 'malformed' | undefined {
  const [, scheme] = /^(bearer|dpop)(?: |$)/i.exec(header) ?? []
  if (scheme === undefined) return undefined
  const match = header.length <= MAX_CHARS ? /^[a-z]+ +([A-Za-z0-9._~+/-]+=*) *$/i.exec(header) : null
  return match === null ? 'malformed' : { text: match[1]!, bound: scheme.length === 4 }
}
