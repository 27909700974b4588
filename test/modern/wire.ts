/** A client of 2026-07-28, as thin as it can be: it adds the envelope and the headers that every request needs. */
import type { OutgoingHttpHeaders } from 'node:http'
import { type Exchange, exchange, type Message } from '../requirements/http.ts'
import { answerOf, JSON_BOTH } from '../requirements/session.ts'

export const REVISION = '2026-07-28'
export const KEY = 'io.modelcontextprotocol/'

/** Everything that a client can declare. */
export const CAPABILITIES = { sampling: { tools: {}, context: {} }, elicitation: { form: {}, url: {} }, roots: {} }

type Params = { readonly [name: string]: unknown }

export interface Changes {
  readonly id?: string | number
  /** Members of `_meta` added or, with `undefined`, left out. */
  readonly meta?: Params
  /** Headers added or, with `undefined`, left out. */
  readonly headers?: OutgoingHttpHeaders
}

let ids = 0

export function envelope(changes: Params = {}): Params {
  return {
    [`${KEY}protocolVersion`]: REVISION,
    [`${KEY}clientInfo`]: { name: 'raw', version: '1.0.0' },
    [`${KEY}clientCapabilities`]: CAPABILITIES,
    ...changes,
  }
}

/** The parameter that `Mcp-Name` mirrors. */
function nameOf(method: string, params: Params): unknown {
  if (method === 'tools/call' || method === 'prompts/get') return params['name']
  return method === 'resources/read' ? params['uri'] : undefined
}

/** Posts one request. */
export function send(url: string, method: string, params: Params = {}, changes: Changes = {}): Promise<Exchange> {
  const name = nameOf(method, params)
  const headers = {
    ...JSON_BOTH,
    'mcp-protocol-version': REVISION,
    'mcp-method': method,
    ...(typeof name === 'string' && { 'mcp-name': name }),
    ...changes.headers,
  }
  const id = changes.id ?? ++ids
  const body = { jsonrpc: '2.0', id, method, params: { ...params, _meta: envelope(changes.meta) } }
  return exchange(url, { headers, body: JSON.stringify(body) })
}

export interface Outcome extends Message {
  readonly status: number
}

/** Sends one request and reads its answer. */
export async function ask(url: string, method: string, params: Params = {}, changes: Changes = {}): Promise<Outcome> {
  const reply = await send(url, method, params, changes)
  return { ...(await answerOf(reply)), status: reply.status }
}

export function call(url: string, name: string, args: Params = {}, changes: Changes = {}): Promise<Outcome> {
  return ask(url, 'tools/call', { name, arguments: args }, changes)
}

export interface Round {
  readonly inputRequests: { readonly [key: string]: { readonly method: string; readonly params?: Params } }
  readonly requestState: string
}

/** What an interim answer asks for. */
export function roundOf({ result, error }: Message): Round {
  if (result?.['resultType'] !== 'input_required') {
    throw new Error(`Not an answer that asks for input: ${JSON.stringify(result ?? error)}`)
  }
  return result as unknown as Round
}

/** Retries a call with answers. */
export function retry(
  url: string,
  name: string,
  round: Round,
  inputResponses: Params,
  args: Params = {},
  changes: Changes = {},
): Promise<Outcome> {
  const params = { name, arguments: args, inputResponses, requestState: round.requestState }
  return ask(url, 'tools/call', params, changes)
}

export function textOf({ result, error }: Message): string {
  if (result === undefined) throw new Error(JSON.stringify(error))
  return (result['content'] as { text: string }[]).map((block) => block.text).join('')
}

export const accept = (content: Params): Params => ({ action: 'accept', content })
