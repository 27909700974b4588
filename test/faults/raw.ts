/**
 * One request over a connection of its own, and what comes back as it comes.
 *
 * @module
 */
import { type IncomingMessage, request } from 'node:http'
import { createParser } from 'eventsource-parser'
import type { Message } from '../unit/fake-sink.ts'

export interface Reply {
  /** 0: the connection broke before there was a head. */
  readonly status: number
  /** The session id that the server gave. */
  readonly session: string | undefined
  /** The end of the body; `false`: it broke. */
  readonly whole: Promise<boolean>
}

export interface Ask {
  readonly url: string
  readonly method?: string
  readonly session?: string | undefined
  readonly lastEventId?: string | undefined
  readonly body?: object
  /** Every event, or the one message of a JSON body. */
  readonly onEvent?: (id: string | undefined, message: Message | undefined) => void
  readonly signal?: AbortSignal
}

export function send({ url, method = 'POST', session, lastEventId, body, onEvent, signal }: Ask): Promise<Reply> {
  const headers: Record<string, string> = {
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': '2025-11-25',
    ...(body !== undefined && { 'content-type': 'application/json' }),
    ...(session !== undefined && { 'mcp-session-id': session }),
    ...(lastEventId !== undefined && { 'last-event-id': lastEventId }),
  }
  return new Promise((resolve) => {
    const broken = (): void => resolve({ status: 0, session: undefined, whole: Promise.resolve(false) })
    const asked = request(url, { method, headers, agent: false, ...(signal && { signal }) })
    asked.on('error', broken)
    asked.once('response', (response) => {
      const id = response.headers['mcp-session-id']
      const given = typeof id === 'string' ? id : undefined
      resolve({ status: response.statusCode ?? 0, session: given, whole: read(response, onEvent) })
    })
    asked.end(body && JSON.stringify({ jsonrpc: '2.0', ...body }))
  })
}

function read(response: IncomingMessage, onEvent: Ask['onEvent']): Promise<boolean> {
  const events = response.headers['content-type']?.startsWith('text/event-stream') ?? false
  const parser = createParser({
    onEvent: ({ id, data }) => onEvent?.(id, data === '' ? undefined : (JSON.parse(data) as Message)),
  })
  let text = ''
  response.setEncoding('utf8')
  response.on('data', (chunk: string) => {
    if (events) parser.feed(chunk)
    else text += chunk
  })
  response.on('error', () => {})
  return new Promise((resolve) => {
    response.once('close', () => {
      const whole = response.complete
      if (!events && whole && text !== '') onEvent?.(undefined, JSON.parse(text) as Message)
      resolve(whole)
    })
  })
}
