/**
 * The official clients under test, behind one small interface. Each keeps its own code path: handlers are registered
 * the way that release documents, and nothing here resumes or retries for it.
 */
import * as v2 from 'client-v2'

/** What a test answers when the server asks; a missing method is a capability that the client does not declare. */
export interface Answers {
  'sampling/createMessage'?: (params: SamplingParams) => object | Promise<object>
  'elicitation/create'?: (params: ElicitationParams) => object | Promise<object>
  'roots/list'?: () => object
}

export interface SamplingParams {
  messages: { role: string; content: { type: string; text: string } }[]
  maxTokens: number
}

export interface ElicitationParams {
  mode?: 'form' | 'url'
  message: string
  url?: string
  elicitationId?: string
  requestedSchema?: { type: string; properties: Record<string, unknown>; required?: string[] }
}

export interface CallOptions {
  onprogress?: (progress: { progress: number; total?: number; message?: string }) => void
  signal?: AbortSignal
  timeout?: number
  resumptionToken?: string
  onresumptiontoken?: (token: string) => void
}

export interface CallResult {
  content: { type: string; text: string; mimeType?: string; data?: string; resource?: { uri: string; text?: string } }[]
  structuredContent?: object
  isError?: boolean
}

/** The part of the official `Client` that all releases share. */
interface OfficialClient {
  fallbackNotificationHandler?: (notification: Notification) => Promise<void>
  onerror?: (error: Error) => void
  connect(transport: OfficialTransport): Promise<void>
  close(): Promise<void>
  setRequestHandler(what: unknown, handler: (request: { params: never }) => object | Promise<object>): void
  getServerVersion(): { name: string; version: string; title?: string } | undefined
  getServerCapabilities(): Record<string, unknown> | undefined
  getInstructions(): string | undefined
  ping(): Promise<object>
  listTools(): Promise<{ tools: { name: string; description?: string; inputSchema: object }[] }>
  listPrompts(): Promise<{ prompts: { name: string; arguments?: { name: string; required?: boolean }[] }[] }>
  getPrompt(params: object): Promise<{ messages: { role: string; content: { type: string; text?: string } }[] }>
  listResources(): Promise<{ resources: { uri: string; name: string; mimeType?: string }[] }>
  listResourceTemplates(): Promise<{ resourceTemplates: { uriTemplate: string; name: string }[] }>
  readResource(
    params: object,
  ): Promise<{ contents: { uri: string; mimeType?: string; text?: string; blob?: string }[] }>
  complete(params: object): Promise<{ completion: { values: string[] } }>
  setLoggingLevel(level: string): Promise<object>
  subscribeResource(params: { uri: string }): Promise<object>
  unsubscribeResource(params: { uri: string }): Promise<object>
  sendRootsListChanged(): Promise<void>
}

interface OfficialTransport {
  readonly sessionId?: string
  finishAuth(redirect: string | URLSearchParams): Promise<void>
  terminateSession(): Promise<void>
}

export interface Notification {
  method: string
  params?: Record<string, unknown>
}

export interface Connection {
  /** The official client itself. */
  readonly client: OfficialClient
  sessionId(): string | undefined
  /** Every notification that no handler of the client itself takes. */
  readonly notifications: Notification[]
  readonly errors: Error[]
  call(name: string, args?: object, options?: CallOptions): Promise<CallResult>
  text(name: string, args?: object, options?: CallOptions): Promise<string>
  terminate(): Promise<void>
}

export interface Release {
  readonly name: string
  /** The newest revision that this release speaks, which it therefore negotiates. */
  readonly revision: '2024-11-05' | '2025-03-26' | '2025-06-18' | '2025-11-25'
  /** Whether it is driven over Streamable HTTP, or over HTTP with SSE, the transport before it. */
  readonly transport: 'streamable' | 'sse'
  /** Whether a request stream that breaks is resumed by the client, or by its caller with a `resumptionToken`. */
  readonly resumes: 'by itself' | 'by hand' | 'never'
  /** @param url the MCP endpoint */
  connect(url: string, answers?: Answers, options?: ConnectOptions): Promise<Connection>
  /** Exchanges the code of an authorization response for tokens. */
  finishAuth(url: string, authProvider: object, redirect: URL): Promise<void>
}

export interface ConnectOptions {
  name?: string
  fetch?: typeof fetch
  /** The official `OAuthClientProvider`. */
  authProvider?: object
}

type ClientConstructor = new (info: object, options: object) => OfficialClient
type TransportConstructor = new (url: URL, options: object) => OfficialTransport

/** What differs between releases once their modules are loaded. */
interface Bound {
  Client: ClientConstructor
  Transport: TransportConstructor
  /** How a request handler names its method. */
  handles(method: keyof Answers): unknown
  call(client: OfficialClient, params: object, options: CallOptions): Promise<CallResult>
  /** What `finishAuth` takes of an authorization response. */
  callback(parameters: URLSearchParams): string | URLSearchParams
  options: object
}

type Loaded = { Client: unknown } & Record<string, unknown>

/** Releases of version 1 name a method by its zod schema, and `callTool` takes the schema of the result. */
function bindV1(modules: readonly object[]): Bound {
  const loaded = Object.assign({}, ...modules) as Loaded
  const schemas: Record<keyof Answers, string> = {
    'sampling/createMessage': 'CreateMessageRequestSchema',
    'elicitation/create': 'ElicitRequestSchema',
    'roots/list': 'ListRootsRequestSchema',
  }
  return {
    Client: loaded.Client as ClientConstructor,
    Transport: (loaded['StreamableHTTPClientTransport'] ?? loaded['SSEClientTransport']) as TransportConstructor,
    handles: (method) => loaded[schemas[method]],
    call: (client, params, options) =>
      (client as unknown as V1).callTool(params, loaded['CallToolResultSchema'], options),
    callback: (parameters) => parameters.get('code')!,
    options: {},
  }
}

interface V1 {
  callTool(params: object, resultSchema: unknown, options: CallOptions): Promise<CallResult>
}

const bindV2 = (): Bound => ({
  Client: v2.Client as unknown as ClientConstructor,
  Transport: v2.StreamableHTTPClientTransport as unknown as TransportConstructor,
  handles: (method) => method,
  call: (client, params, options) => (client as unknown as V2).callTool(params, options),
  // With the issuer in it, which the client compares with the one that it asked (RFC 9207).
  callback: (parameters) => parameters,
  options: { versionNegotiation: { mode: 'legacy' } },
})

interface V2 {
  callTool(params: object, options: CallOptions): Promise<CallResult>
}

const v1 = (load: () => Promise<object[]>) => async () => bindV1(await load())

/** In the order in which they appeared. */
export const RELEASES: readonly Release[] = [
  // The last one before Streamable HTTP.
  release(
    '1.9.0',
    '2024-11-05',
    'never',
    v1(() =>
      Promise.all([import('sdk-1.9/client/index.js'), import('sdk-1.9/client/sse.js'), import('sdk-1.9/types.js')]),
    ),
    'sse',
  ),
  release(
    '1.11.4',
    '2025-03-26',
    'by itself',
    v1(() =>
      Promise.all([
        import('sdk-1.11/client/index.js'),
        import('sdk-1.11/client/streamableHttp.js'),
        import('sdk-1.11/types.js'),
      ]),
    ),
  ),
  release(
    '1.17.5',
    '2025-06-18',
    'by hand',
    v1(() =>
      Promise.all([
        import('sdk-1.17/client/index.js'),
        import('sdk-1.17/client/streamableHttp.js'),
        import('sdk-1.17/types.js'),
      ]),
    ),
  ),
  release(
    '1.23.1',
    '2025-06-18',
    'by itself',
    v1(() =>
      Promise.all([
        import('sdk-1.23/client/index.js'),
        import('sdk-1.23/client/streamableHttp.js'),
        import('sdk-1.23/types.js'),
      ]),
    ),
  ),
  release(
    '1.29.0',
    '2025-11-25',
    'by itself',
    v1(() =>
      Promise.all([
        import('sdk-1.29/client/index.js'),
        import('sdk-1.29/client/streamableHttp.js'),
        import('sdk-1.29/types.js'),
      ]),
    ),
  ),
  release(
    '1.32.2',
    '2025-11-25',
    'by itself',
    v1(() =>
      Promise.all([
        import('sdk-1.32/client/index.js'),
        import('sdk-1.32/client/streamableHttp.js'),
        import('sdk-1.32/types.js'),
      ]),
    ),
  ),
  // A client of today that was told to use the older transport.
  release(
    '1.32.2-sse',
    '2025-11-25',
    'never',
    v1(() =>
      Promise.all([import('sdk-1.32/client/index.js'), import('sdk-1.32/client/sse.js'), import('sdk-1.32/types.js')]),
    ),
    'sse',
  ),
  // In the modern era it is driven by eras.test.ts.
  release('2.4.0', '2025-11-25', 'by itself', async () => bindV2()),
]

function release(
  name: string,
  revision: Release['revision'],
  resumes: Release['resumes'],
  bind: () => Promise<Bound>,
  transport: Release['transport'] = 'streamable',
): Release {
  return {
    name,
    revision,
    transport,
    resumes,
    async connect(url, answers = {}, options = {}) {
      const bound = await bind()
      const info = { name: options.name ?? `official-${name}`, version: name }
      const client = new bound.Client(info, { capabilities: capabilities(answers, revision), ...bound.options })
      for (const [method, answer] of Object.entries(answers)) {
        client.setRequestHandler(bound.handles(method as keyof Answers), (request) => answer(request.params))
      }
      const address = transport === 'sse' ? url.replace(/\/mcp$/, '/sse') : url
      const { fetch, authProvider } = options
      const settings = { ...(fetch && { fetch }), ...(authProvider && { authProvider }) }
      const over = new bound.Transport(new URL(address), settings)
      return await open(client, over, bound)
    },
    async finishAuth(url, authProvider, redirect) {
      const bound = await bind()
      const over = new bound.Transport(new URL(url), { authProvider })
      await over.finishAuth(bound.callback(redirect.searchParams))
    },
  }
}

function capabilities(answers: Answers, revision: Release['revision']): object {
  return {
    ...(answers['sampling/createMessage'] && { sampling: {} }),
    ...(answers['elicitation/create'] && { elicitation: revision === '2025-11-25' ? { form: {}, url: {} } : {} }),
    ...(answers['roots/list'] && { roots: { listChanged: true } }),
  }
}

async function open(client: OfficialClient, transport: OfficialTransport, bound: Bound): Promise<Connection> {
  const notifications: Notification[] = []
  const errors: Error[] = []
  client.fallbackNotificationHandler = async (notification) => {
    notifications.push(notification)
  }
  client.onerror = (error) => errors.push(error)
  await client.connect(transport)
  const call: Connection['call'] = (name, args, options = {}) => {
    return bound.call(client, { name, ...(args && { arguments: args }) }, options)
  }
  return {
    client,
    notifications,
    errors,
    call,
    sessionId: () => transport.sessionId,
    text: async (...parameters) => (await call(...parameters)).content.map((block) => block.text).join(''),
    terminate: () => transport.terminateSession(),
  }
}
