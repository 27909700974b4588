/**
 * The client of every command that talks to a server, made from the options of the command line.
 *
 * @module
 */
import { pathToFileURL } from 'node:url'
import { type Client, ClientError, type ClientOptions, createClient } from '../testing/client/index.ts'
import { answerElicitation, readAnswers } from './answers/elicitation.ts'
import { canPrompt, createPrompt } from './answers/prompt.ts'
import { answerSampling } from './answers/sampling.ts'
import { failure, usage } from './failure.ts'
import type { ConnectionOptions } from './options.ts'
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
 * the server.
 */
export async function withClient<T>(client: Client, work: () => Promise<T>): Promise<T> {
  const onInterrupt = (): void => {
    void client.close().finally(() => process.exit(130))
  }
  process.once('SIGINT', onInterrupt)
  try {
    return await work()
  } catch (error) {
    throw error instanceof ClientError ? failure(sentenceFor(client.url, error), error) : error
  } finally {
    await client.close()
    process.off('SIGINT', onInterrupt)
  }
}

/** What happened, and what to do about it. */
export function sentenceFor(url: string, error: ClientError): string {
  const { code, status, rpc } = error
  if (code === 'unreachable') return `${error.message}. Is the server running there?`
  if (status === 401) {
    return `The server wants to know who asks (HTTP 401). Give credentials by --header 'Authorization: Bearer …'.`
  }
  if (status === 403) return `The server refused (HTTP 403): ${rpc?.message ?? 'it does not say why'}`
  if (code === 'http_error' && (status === 404 || status === 405)) {
    return `There is no MCP endpoint at ${url} (HTTP ${status}). Most servers have it at the path /mcp.`
  }
  if (code === 'not_mcp') return `${error.message} Is ${url} an MCP endpoint?`
  return error.message
}
