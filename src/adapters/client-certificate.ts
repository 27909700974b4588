/**
 * The certificate that a client showed, on a server that asks for one.
 *
 * @module
 */
import type { Socket } from 'node:net'
import type { PeerCertificate, TLSSocket } from 'node:tls'
import type { ClientCertificate } from '../auth/authenticate.ts'

/** Only one that TLS verified: a server may take others too (`rejectUnauthorized: false`). */
export function clientCertificate(socket: Socket): ClientCertificate | undefined {
  const { authorized } = socket as Partial<TLSSocket>
  if (authorized !== true) return undefined
  const certificate = (socket as TLSSocket).getPeerCertificate()
  if (certificate.subject === undefined) return undefined
  return {
    subject: distinguishedName(certificate.subject),
    issuer: distinguishedName(certificate.issuer),
    subjectAltName: certificate.subjectaltname,
    fingerprint256: certificate.fingerprint256,
    expiresAt: Date.parse(certificate.valid_to),
  }
}

/** As RFC 4514 writes it, but in the order of the certificate: no two names look the same. */
function distinguishedName(name: PeerCertificate['subject']): string {
  const escaped = (value: string): string => value.replace(/[\\,+="<>;]/g, (character) => `\\${character}`)
  return Object.entries(name)
    .flatMap(([type, values]) => [values].flat().map((value) => `${type}=${escaped(String(value))}`))
    .join(',')
}
