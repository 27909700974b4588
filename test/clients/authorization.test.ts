/**
 * The official clients and a real authorization server: discovery from a 401 on, registration, PKCE, tokens, refresh and
 * step-up, each by the client's own code; with one process, and with three replicas of which every request reaches another one.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type ServerHandle, serve } from '../../src/adapters/node.ts'
import { nodePlatform } from '../../src/adapters/node-platform.ts'
import { jwt } from '../../src/auth/index.ts'
import { memoryEngine } from '../../src/engine/memory.ts'
import { createServer } from '../../src/index.ts'
import { install } from '../install.mjs'
import { roundRobin } from '../round-robin.mjs'
import type { Connection, Release } from './releases.ts'

await install(new URL('./', import.meta.url))
await install(new URL('../auth/', import.meta.url))
const { RELEASES } = await import('./releases.ts')
const { browse, DOCUMENT_URL, startProvider } = await import('../auth/provider.mjs')

/** Nothing listens there: the browser stops where the redirect leaves for it. */
const REDIRECT = 'http://localhost:59999/callback'

/** What an application keeps for the official client: in memory, and nothing but what it is told to keep. */
class Keeper {
  readonly redirectUrl = REDIRECT
  readonly clientMetadataUrl?: string
  readonly #scope: string | undefined
  discovered: unknown
  client: Record<string, unknown> | undefined
  saved: Record<string, unknown> | undefined
  verifier = ''
  readonly visits: URL[] = []

  constructor(release: Release, document = false) {
    if (document) this.clientMetadataUrl = DOCUMENT_URL
    // It takes no scopes from challenges and metadata yet: the application has to know them.
    this.#scope = release.name === '1.17.5' ? 'mcp' : undefined
  }

  get clientMetadata() {
    return {
      client_name: 'official client',
      redirect_uris: [REDIRECT],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
      ...(this.#scope && { scope: this.#scope }),
    }
  }

  state = () => 'a state'
  clientInformation = () => this.client
  saveClientInformation = (client: Record<string, unknown>) => {
    this.client = client
  }
  tokens = () => this.saved
  saveTokens = (tokens: Record<string, unknown>) => {
    this.saved = tokens
  }
  saveCodeVerifier = (verifier: string) => {
    this.verifier = verifier
  }
  codeVerifier = () => this.verifier
  discoveryState = () => this.discovered
  saveDiscoveryState = (discovered: unknown) => {
    this.discovered = discovered
  }
  redirectToAuthorization = (url: URL) => {
    this.visits.push(url)
  }
}

/** Before 1.17 clients looked for the authorization server at the server itself. */
const AUTHORIZING = RELEASES.filter(({ name, transport }) => transport === 'streamable' && name !== '1.11.4')
/** Client id metadata documents and step-up came with 2025-11-25. */
const NEWER = AUTHORIZING.filter(({ name }) => name !== '1.17.5')

interface Served {
  readonly url: string
  close(): Promise<void>
}

function define() {
  const server = createServer({ name: 'protected', version: '1.0.0' })
  server.tool('who', {}, (_, ctx) => JSON.stringify(ctx.auth))
  server.tool('write', { scopes: ['files:write'] }, () => 'written')
  return server
}

type Auth = Parameters<typeof jwt>[0]

/** One process, which knows its own address. */
async function startOne(auth: Auth): Promise<Served> {
  const handle = await serve(define(), { port: 0, signals: false, auth: jwt(auth) })
  return { url: handle.url, close: () => handle.close({ deadline: 0 }) }
}

/** Three, which know the address of what stands before them. */
async function startThree(auth: Auth): Promise<Served> {
  const store = await memoryEngine(nodePlatform).open(() => {})
  const handles: ServerHandle[] = []
  const balancer = await roundRobin(() => handles.map(({ port }) => port))
  for (let at = 0; at < 3; at++) {
    const engine = { open: async () => store, close: async () => {} }
    const scheme = jwt({ ...auth, resource: balancer.url })
    const secrets = ['one secret for all three of the replicas']
    handles.push(await serve(define(), { port: 0, signals: false, auth: scheme, engine, secrets }))
  }
  return {
    url: balancer.url,
    async close() {
      balancer.close()
      await Promise.all(handles.map((handle) => handle.close({ deadline: 0 })))
    },
  }
}

describe.each([
  ['one process', startOne],
  ['three replicas behind a load balancer', startThree],
] as const)('%s', (_, startServer) => {
  let provider: Awaited<ReturnType<typeof startProvider>>
  let handle: Served
  const open: Connection[] = []
  beforeAll(async () => {
    provider = await startProvider({ path: '/tenants/one' })
    provider.state.documents.set(DOCUMENT_URL, {
      client_id: DOCUMENT_URL,
      client_name: 'documented client',
      redirect_uris: [REDIRECT],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    })
    handle = await startServer({ issuer: provider.issuer, scopes: ['mcp'], clockTolerance: 0, cache: 100 })
  })
  beforeEach(() => {
    provider.requests.length = 0
    provider.state.accessTokenTtl = 3600
  })
  afterAll(async () => {
    for (const { client } of open) await client.close()
    await handle.close()
    await provider.close()
  })

  /** A person at a browser, until the client is connected. */
  async function connect(release: Release, keeper: Keeper): Promise<Connection> {
    await expect(release.connect(handle.url, {}, { authProvider: keeper })).rejects.toThrow()
    await visit(release, keeper)
    const connection = await release.connect(handle.url, {}, { authProvider: keeper })
    open.push(connection)
    return connection
  }

  async function visit(release: Release, keeper: Keeper): Promise<void> {
    const redirect = await browse(keeper.visits.at(-1)!, REDIRECT)
    expect(redirect.searchParams.get('error')).toBeNull()
    await release.finishAuth(handle.url, keeper, redirect)
  }

  const count = (what: string): number => provider.requests.filter((request) => request.endsWith(what)).length

  describe.each(AUTHORIZING)('client $name', (release) => {
    test('finds the authorization server, registers, and gets a token for this server alone', async () => {
      const keeper = new Keeper(release)
      const { text } = await connect(release, keeper)
      const asked = keeper.visits[0]!.searchParams
      expect(asked.get('code_challenge_method')).toBe('S256')
      expect(asked.get('resource')).toBe(handle.url)
      expect(asked.get('client_id')).toBe(keeper.client?.['client_id'])
      expect(count('/reg')).toBe(1)
      const who = JSON.parse(await text('who'))
      expect(who).toMatchObject({ issuer: provider.issuer, subject: 'ada', audience: handle.url })
      expect(who.scopes).toContain('mcp')
      expect(who.clientId).toBe(keeper.client?.['client_id'])
    })

    test('refreshes its token when it expires, and stays in its session', async () => {
      provider.state.accessTokenTtl = 2
      const keeper = new Keeper(release)
      const connection = await connect(release, keeper)
      const first = keeper.saved?.['access_token']
      expect(JSON.parse(await connection.text('who')).subject).toBe('ada')
      const session = connection.sessionId()
      await sleep(2_500)
      expect(JSON.parse(await connection.text('who')).subject).toBe('ada')
      expect(keeper.saved?.['access_token']).not.toBe(first)
      expect(connection.sessionId()).toBe(session)
      expect(keeper.visits).toHaveLength(1)
    })
  })

  describe.each(NEWER)('client $name', (release) => {
    test('needs no registration where it has a metadata document', async () => {
      const keeper = new Keeper(release, true)
      const { text } = await connect(release, keeper)
      expect(keeper.visits[0]!.searchParams.get('client_id')).toBe(DOCUMENT_URL)
      expect(keeper.visits[0]!.searchParams.get('scope')).toContain('mcp')
      expect(count('/reg')).toBe(0)
      expect(JSON.parse(await text('who'))).toMatchObject({ subject: 'ada', clientId: DOCUMENT_URL })
    })

    test('asks for more when a tool needs it, and the session goes on', async () => {
      const keeper = new Keeper(release, true)
      const connection = await connect(release, keeper)
      // Releases of version 1 would answer a 403 with their refresh token, which brings the same scopes.
      delete keeper.saved?.['refresh_token']
      const session = connection.sessionId()
      await expect(connection.call('write')).rejects.toThrow()
      expect(keeper.visits).toHaveLength(2)
      expect(keeper.visits[1]!.searchParams.get('scope')?.split(' ')).toEqual(
        expect.arrayContaining(['mcp', 'files:write']),
      )
      await visit(release, keeper)
      expect(await connection.text('write')).toBe('written')
      expect(connection.sessionId()).toBe(session)
    })
  })

  test('client 2.4.0 binds its tokens to a key, and proves with every request that it has it', async () => {
    const release = NEWER.find(({ name }) => name === '2.4.0')!
    const { DpopSession } = await import('client-v2')
    const session = await DpopSession.create()
    const keeper = Object.assign(new Keeper(release, true), { dpop: () => session })
    const { text, call, sessionId } = await connect(release, keeper)
    expect(keeper.saved).toMatchObject({ token_type: 'DPoP' })
    const who = JSON.parse(await text('who'))
    expect(who).toMatchObject({ subject: 'ada', claims: { cnf: { jkt: expect.any(String) } } })
    const stolen = `Bearer ${keeper.saved!['access_token']}`
    const { status } = await fetch(handle.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-session-id': sessionId()!,
        authorization: stolen,
      },
      body: '{"jsonrpc":"2.0","id":"thief","method":"ping"}',
    })
    expect(status).toBe(401)
    delete keeper.saved?.['refresh_token']
    await expect(call('write')).rejects.toThrow()
    await visit(release, keeper)
    expect(await text('write')).toBe('written')
  })
})
