/**
 * The client of every command that talks to a server, made from the options of the command line.
 *
 * @module
 */
import { pathToFileURL } from 'node:url'
import {
  type Client,
  ClientError,
  type ClientOptions,
  clientRevision,
  createClient,
  type Negotiated,
  spokenRevisions,
} from '../testing/client/index.ts'
import { isObject } from '../wire/jsonrpc.ts'
import { answerElicitation, readAnswers } from './answers/elicitation.ts'
import { canPrompt, createPrompt } from './answers/prompt.ts'
import { answerSampling } from './answers/sampling.ts'
import { failure, usage } from './failure.ts'
import type { ConnectionOptions } from './options.ts'
import { oneLine } from './terminal/text.ts'
import { packageVersion } from './version.ts'

export interface ConnectOptions {
  readonly connection: ConnectionOptions
  /** Whether the user may be asked. */
  readonly interactive: boolean
  /** Tells the user what is asked and answered. */
  readonly say: (text: string) => void
  /** Keeps other output back while the user types. */
  readonly hold: () => () => void
  readonly observe?: Pick<ClientOptions, 'onExchange' | 'onNotification' | 'onError'>
}

/** A client that answers sampling, elicitation and roots. Nothing is sent yet. */
export function clientFor(url: string, { connection, interactive, say, hold, observe }: ConnectOptions): Client {
  const { header = {}, revision, timeout, answer = [], reply, root = [] } = connection
  const given = readAnswers(answer)
  if (!given) throw usage('--answer takes key=value, accept, decline or cancel.')
  const prompt = interactive && canPrompt() ? createPrompt(hold) : undefined
  // Two questions at once would share one terminal.
  const inTurn = createTurns()
  return createClient(url, {
    headers: header,
    clientInfo: { name: 'fairlead', title: 'Fairlead command line', version: packageVersion() },
    ...(timeout === undefined ? {} : { timeoutMs: timeout }),
    ...(revision === undefined ? {} : { revision }),
    elicitation: (params, { signal }) => inTurn(() => answerElicitation(params, signal, { given, prompt, say })),
    sampling: (params, { signal }) => inTurn(() => answerSampling(params, signal, { reply, prompt, say })),
    roots: root.map((folder) => ({ uri: pathToFileURL(folder).href })),
    ...observe,
  })
}

/** Connects, and tells what a probe has found. */
export async function connected(client: Client, say: (text: string) => void): Promise<Negotiated> {
  const negotiated = await client.connect()
  const { finding } = client
  if (finding) say(`${finding.revision.era} era, ${finding.revision.name}. ${finding.why}`)
  return negotiated
}

function createTurns(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const turn = last.then(work, work)
    last = turn
    return turn
  }
}

/**
 * Runs `work` with a client and ends the session after it, also on Ctrl-C: a session that nobody deletes lives on at
 * the server, and so does a call. `signal` is aborted by Ctrl-C; what is in flight is then cancelled first.
 */
export async function withClient<T>(client: Client, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const interrupt = new AbortController()
  const working = work(interrupt.signal)
  const onInterrupt = async (): Promise<void> => {
    interrupt.abort()
    await Promise.race([working.catch(() => {}), new Promise((resolve) => setTimeout(resolve, INTERRUPT_MS))])
    await client.close()
    process.exit(130)
  }
  const listener = (): void => void onInterrupt()
  process.once('SIGINT', listener)
  try {
    return await working
  } catch (error) {
    throw error instanceof ClientError ? failure(sentenceFor(client.url, error), error) : error
  } finally {
    // Once interrupted, the interrupt ends the process with its own exit code.
    if (interrupt.signal.aborted) await new Promise(() => {})
    await client.close()
    process.off('SIGINT', listener)
  }
}

/** How long Ctrl-C waits for what was in flight to be cancelled. */
const INTERRUPT_MS = 1000

/** What happened, and what to do about it. */
export function sentenceFor(url: string, error: ClientError): string {
  const { code, status, rpc, message } = error
  if (code === 'unreachable') return `${message}. Is the server running there?`
  if (code === 'not_mcp') return `${message} Is ${url} an MCP endpoint?`
  if (status === 401) {
    return "The server wants to know who asks (HTTP 401). Give credentials by --header 'Authorization: Bearer …'."
  }
  if (status === 403) return `The server refused (HTTP 403): ${rpc?.message ?? 'it does not say why'}`
  if (code === 'unsupported_revision') return `${message} --revision auto finds a revision that both speak, if any.`
  const supported = supportedOf(rpc?.data)
  if (supported !== undefined) {
    // What was asked for is not among them, but something else may be.
    const hint = supported.some((name) => clientRevision(name)) ? ' --revision auto finds one that both speak.' : ''
    return `${message}. The server speaks ${oneLine(supported.join(', '))}, this client ${spokenRevisions()}.${hint}`
  }
  if (code === 'http_error' && (status === 404 || status === 405)) {
    const older = new URL(url).pathname.endsWith('/sse') ? ' The older transport (HTTP+SSE) is not spoken here.' : ''
    return `There is no MCP endpoint at ${url} (HTTP ${status}). Most servers have it at the path /mcp.${older}`
  }
  return message
}

/** The revisions that a refusal names: servers put them into `error.data.supported`. */
function supportedOf(data: unknown): readonly string[] | undefined {
  if (!isObject(data) || !Array.isArray(data['supported'])) return undefined
  return data['supported'].map(String)
}
