/** A token that is not accepted. The reason may be sent to the client: it says nothing that is not in the token. */
export class TokenRefused extends Error {
  override readonly name = 'TokenRefused'
  /** The token is of another issuer: perhaps another scheme knows it. */
  readonly foreign: boolean

  readonly error: 'invalid_token' | 'invalid_dpop_proof'

  constructor(
    message: string,
    options?: { readonly foreign?: boolean; readonly error?: TokenRefused['error']; readonly cause?: unknown },
  ) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause })
    this.error = options?.error ?? 'invalid_token'
    this.foreign = options?.foreign ?? false
  }
}
