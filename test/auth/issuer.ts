/**
 * An issuer on loopback that does what a test tells it: keys that change, metadata that are wrong, answers that do not
 * come. What it signs is real; for the flows of a real authorization server see `provider.ts`.
 */
import { createServer as createHttpServer, type Server as HttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose'

export interface Key {
  readonly kid: string
  readonly alg: string
  readonly privateKey: CryptoKey
  readonly jwk: JWK
}

/** @param alg its signature algorithm. */
export async function makeKey(kid: string, alg = 'ES256'): Promise<Key> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true })
  return { kid, alg, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } }
}

interface Answer {
  readonly status?: number
  readonly body?: unknown
  readonly headers?: Record<string, string>
}

export class Issuer {
  readonly issuer: string
  readonly keys: Key[]
  /** The paths that were asked for, oldest first. */
  readonly requests: string[] = []
  /** Answers by path, in place of the usual ones; `'silence'` never comes. */
  readonly answers = new Map<string, Answer | 'silence' | (() => Answer)>()
  readonly #http: HttpServer
  readonly #path: string
  readonly #port: number

  private constructor(http: HttpServer, path: string, keys: Key[]) {
    this.#http = http
    this.#path = path
    this.#port = (http.address() as AddressInfo).port
    this.issuer = `${this.origin}${path}`
    this.keys = keys
  }

  get origin(): string {
    return `http://localhost:${this.#port}`
  }

  /** @param path of the issuer, such as `/tenants/one`; where an issuer ends in a slash that too. */
  static async start(path = ''): Promise<Issuer> {
    const http = createHttpServer()
    await new Promise<void>((resolve) => http.listen(0, 'localhost', resolve))
    const issuer = new Issuer(http, path, [await makeKey('first')])
    http.on('request', (request, response) => {
      const at = request.url ?? ''
      issuer.requests.push(at)
      const said = issuer.answers.get(at) ?? issuer.#usual(at)
      if (said === 'silence') return
      const { status = 200, body, headers } = typeof said === 'function' ? said() : said
      response.writeHead(status, { 'content-type': 'application/json', ...headers })
      response.end(typeof body === 'string' ? body : JSON.stringify(body))
    })
    return issuer
  }

  metadata(): Record<string, unknown> {
    return { issuer: this.issuer, jwks_uri: `${this.origin}/keys`, token_endpoint: `${this.origin}/token` }
  }

  #usual(at: string): Answer {
    if (at === '/keys') return { body: { keys: this.keys.map(({ jwk }) => jwk) } }
    const bare = this.#path.replace(/\/$/, '')
    if (at === `${bare}/.well-known/openid-configuration`) return { body: this.metadata() }
    return { status: 404, body: 'Nothing here.' }
  }

  /** A token as this issuer would issue it for `audience`, with changes; a claim set to `undefined` is left out. */
  async token(
    audience: string,
    changes: JWTPayload & { [claim: string]: unknown } = {},
    { key = this.keys[0]!, header = {} }: { key?: Key; header?: Record<string, unknown> } = {},
  ): Promise<string> {
    const now = Math.floor(Date.now() / 1000)
    const usual = { iss: this.issuer, sub: 'ada', aud: audience, iat: now, exp: now + 600, client_id: 'client-1' }
    const payload = JSON.parse(JSON.stringify({ ...usual, ...changes }, (_, value) => value)) as JWTPayload
    return await new SignJWT(payload)
      .setProtectedHeader({ alg: key.alg, kid: key.kid, typ: 'at+jwt', ...header })
      .sign(key.privateKey)
  }

  requested(path: string): number {
    return this.requests.filter((at) => at === path).length
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => void this.#http.close(() => resolve()))
    this.#http.closeAllConnections()
    await closed
  }
}
