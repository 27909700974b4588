/**
 * A real authorization server on loopback (oidc-provider): authorization code with PKCE, dynamic registration, client id
 * metadata documents, resource indicators, refresh, client credentials, introspection. A person who is logged in already
 * consents to everything.
 */
import { createServer } from 'node:http'
import { decodeJwt, decodeProtectedHeader, exportJWK, generateKeyPair, SignJWT } from 'jose'
import { Provider } from 'oidc-provider'

/**
 * @typedef {object} Shape what one provider's access tokens look like
 * @property {string} [path] of the issuer, for example `/realms/one`; `/` for an issuer that ends in a slash
 * @property {'RS256' | 'ES256'} [alg]
 * @property {(jwt: { header: Record<string, unknown>, payload: Record<string, unknown> }) => void} [change]
 * @property {'jwt' | 'opaque'} [format]
 * @property {string} [audience] in place of the resource that was asked for
 */

/** A client that asks for tokens on its own behalf, or as its person. */
export const CONFIDENTIAL = { client_id: 'confidential', client_secret: 'a secret of the confidential client' }

/** Where a client id metadata document is, and what is in it. */
export const DOCUMENT_URL = 'https://client.example/oauth/client.json'

const SCOPES = ['mcp', 'files:read', 'files:write']

/**
 * @param {Shape} [shape]
 */
export async function startProvider(shape = {}) {
  const { format = 'jwt', alg = 'RS256', audience, change } = shape
  const path = (shape.path ?? '').replace(/\/$/, '')
  const { privateKey } = await generateKeyPair(alg, { extractable: true })
  const jwk = { ...(await exportJWK(privateKey)), kid: 'signing', alg, use: 'sig' }
  const http = createServer()
  await new Promise((resolve) => http.listen(0, 'localhost', () => resolve(undefined)))
  const { port } = /** @type {import('node:net').AddressInfo} */ (http.address())
  const origin = `http://localhost:${port}`
  /** Requests, as `METHOD path`. @type {string[]} */
  const requests = []
  const state = { person: 'ada', accessTokenTtl: 3600, documents: new Map() }
  const provider = new Provider(`${origin}${shape.path ?? ''}`, {
    jwks: { keys: [jwk] },
    cookies: { keys: ['only for tests'] },
    scopes: ['openid', 'offline_access', ...SCOPES],
    clients: [
      {
        ...CONFIDENTIAL,
        redirect_uris: [],
        response_types: [],
        grant_types: ['client_credentials'],
        token_endpoint_auth_method: 'client_secret_basic',
      },
    ],
    clientDefaults: {
      id_token_signed_response_alg: alg,
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token'],
    },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    issueRefreshToken: async (_, client) => client.grantTypeAllowed('refresh_token'),
    expiresWithSession: async () => false,
    ttl: {
      AccessToken: () => state.accessTokenTtl,
      ClientCredentials: () => state.accessTokenTtl,
      Interaction: 600,
      Session: 600,
      Grant: 600,
      RefreshToken: 600,
    },
    interactions: { url: (_, interaction) => `${path}/interaction/${interaction.uid}` },
    features: {
      devInteractions: { enabled: false },
      registration: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      clientCredentials: { enabled: true },
      revocation: { enabled: true },
      dPoP: { enabled: true },
      clientIdMetadataDocument: { enabled: true, ack: 'draft-02' },
      resourceIndicators: {
        enabled: true,
        defaultResource: (_, __, resources) => resources,
        useGrantedResource: () => true,
        getResourceServerInfo: (_, resource) => ({
          scope: SCOPES.join(' '),
          audience: audience ?? resource,
          accessTokenFormat: format,
          accessTokenTTL: state.accessTokenTtl,
          ...(format === 'jwt' && { jwt: { sign: { alg, kid: 'signing' } } }),
        }),
      },
    },
    fetch: async (url) => {
      const document = state.documents.get(String(url))
      return new Response(JSON.stringify(document), {
        status: document === undefined ? 404 : 200,
        headers: { 'content-type': 'application/json' },
      })
    },
  })
  /** Some providers send what this server refuses to: no audience, or another type. The key is the same. */
  const reshape = async (issued) => {
    const jwt = { header: decodeProtectedHeader(issued), payload: decodeJwt(issued) }
    change(jwt)
    return await new SignJWT(jwt.payload).setProtectedHeader(jwt.header).sign(privateKey)
  }
  const callback = provider.callback()
  http.on('request', (request, response) => {
    requests.push(`${request.method} ${request.url.split('?')[0]}`)
    if (request.url.startsWith(`${path}/interaction/`)) {
      interact(provider, state.person, request, response).catch((thrown) => {
        response.writeHead(500)
        response.end(String(thrown))
      })
      return
    }
    const inserted = /^\/\.well-known\/(oauth-authorization-server|openid-configuration)(\/.*)?$/.exec(request.url)
    if (path !== '' && inserted?.[2] !== path && !request.url.startsWith(`${path}/`)) {
      response.writeHead(404)
      response.end()
      return
    }
    // As a router would mount it: the provider goes by the original URL.
    request.originalUrl = inserted?.[2] === path && path !== '' ? `${path}/.well-known/${inserted[1]}` : request.url
    request.url = request.originalUrl.slice(path.length)
    callback(request, response)
  })
  return {
    issuer: `${origin}${shape.path ?? ''}`,
    origin,
    requests,
    state,
    provider,
    /** A token by client credentials, for a resource. @param {string} resource @param {string} [scope] */
    async token(resource, scope = 'mcp') {
      const response = await fetch(`${origin}${path}/token`, {
        method: 'POST',
        headers: {
          authorization: `Basic ${btoa(`${encodeURIComponent(CONFIDENTIAL.client_id)}:${encodeURIComponent(CONFIDENTIAL.client_secret)}`)}`,
        },
        body: new URLSearchParams({ grant_type: 'client_credentials', scope, resource }),
      })
      const body = await response.json()
      if (!response.ok) throw new Error(JSON.stringify(body))
      return change === undefined ? String(body.access_token) : reshape(body.access_token)
    },
    async close() {
      const closed = new Promise((resolve) => http.close(() => resolve(undefined)))
      http.closeAllConnections()
      await closed
    },
  }
}

/** Logs the person in and consents to what is asked for. */
async function interact(provider, person, request, response) {
  const { prompt, params, session, grantId } = await provider.interactionDetails(request, response)
  let result
  if (prompt.name === 'login') {
    result = { login: { accountId: person } }
  } else {
    const grant = grantId
      ? await provider.Grant.find(grantId)
      : new provider.Grant({ accountId: session.accountId, clientId: params.client_id })
    const { missingOIDCScope, missingOIDCClaims, missingResourceScopes } = prompt.details
    if (missingOIDCScope) grant.addOIDCScope(missingOIDCScope.join(' '))
    if (missingOIDCClaims) grant.addOIDCClaims(missingOIDCClaims)
    for (const [resource, scopes] of Object.entries(missingResourceScopes ?? {})) {
      grant.addResourceScope(resource, scopes.join(' '))
    }
    result = { consent: { grantId: await grant.save() } }
  }
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: true })
}

/**
 * What a browser does with an authorization URL: follows redirects, with cookies, up to the one that leaves for the
 * client.
 *
 * @param {string | URL} url
 * @param {string} redirectUri
 * @returns {Promise<URL>} the redirect to the client
 */
export async function browse(url, redirectUri) {
  /** @type {Map<string, string>} */
  const cookies = new Map()
  let at = String(url)
  for (let steps = 0; steps < 12; steps++) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(at, { redirect: 'manual', headers: { cookie } })
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (value === '') cookies.delete(name)
      else cookies.set(name, value)
    }
    const location = response.headers.get('location')
    if (location === null) throw new Error(`${at} answered ${response.status}: ${await response.text()}`)
    at = new URL(location, at).href
    if (at.startsWith(redirectUri)) return new URL(at)
  }
  throw new Error('Too many redirects.')
}
