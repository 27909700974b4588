/**
 * Signature algorithms with a public key. No `none`, and none with a shared secret: the public key would be the secret
 * (RFC 8725, section 2.1).
 *
 * @module
 */
export const ALGORITHMS: readonly string[] = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
]
