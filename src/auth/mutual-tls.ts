/**
 * `mutualTls`: clients that show a certificate, where this process itself ends TLS.
 *
 * @see RFC 8446, section 4.4.2
 * @module
 */
import type { MaybePromise } from '../engine/platform.ts'
import type { Identity } from '../session/principal.ts'
import type { ClientCertificate } from './authenticate.ts'
import type { AuthScheme } from './authenticator.ts'

/** Options of {@link mutualTls}. */
export interface MutualTlsOptions {
  /**
   * Whom a certificate speaks for, or `undefined` for nobody. TLS has verified it. Default: its subject, as its issuer
   * names it; a renewed certificate is the same identity.
   */
  readonly identity?: (certificate: ClientCertificate) => MaybePromise<Identity | undefined>
}

/**
 * Certificates of clients. The HTTPS server has to ask for them: `requestCert: true`, with the `ca` that issues them.
 * Behind a proxy that ends TLS use a function that reads the header which that proxy sets, and takes from everybody else.
 *
 * @example
 * ```ts
 * const handler = expressHandler(server, { auth: mutualTls() })
 * https.createServer({ key, cert, ca, requestCert: true }, app.use('/mcp', handler))
 * ```
 */
export function mutualTls(options: MutualTlsOptions = {}): AuthScheme {
  const { identity: identify = subjectOf } = options
  return {
    start: (context) => ({
      admit: async (request) => {
        const certificate = request.clientCertificate?.()
        if (certificate === undefined) return undefined
        const identity = await identify(certificate)
        if (!identity) return { refused: 403, message: 'This certificate may not use the server.' }
        return await context.admit({ expiresAt: certificate.expiresAt, ...identity })
      },
      // HTTP has no challenge that asks for a certificate; every 401 needs one all the same.
      challenge: () => 'MutualTLS',
    }),
  }
}

function subjectOf({ issuer, subject, subjectAltName, fingerprint256 }: ClientCertificate): Identity {
  return { issuer: `x509:${issuer}`, subject: subject || subjectAltName || fingerprint256 }
}
