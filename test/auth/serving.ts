/** A protected server over a real socket, and requests to it. */
import type { OutgoingHttpHeaders } from 'node:http'
import { afterAll } from 'vitest'
import { type ServeOptions, type ServerHandle, serve } from '../../src/adapters/node.ts'
import type { AuthScheme } from '../../src/auth/index.ts'
import type { LogEntry } from '../../src/http/logger.ts'
import { createServer, type Server } from '../../src/index.ts'
import { deploy } from '../deployment.ts'
import { type Exchange, exchange } from '../requirements/http.ts'
import { initializeMessage, JSON_BOTH, post } from '../requirements/session.ts'

const running: { close(options?: object): PromiseLike<unknown> }[] = []
afterAll(async () => {
  await Promise.all(running.splice(0).map((closable) => closable.close({ deadline: 0 })))
})

/** Closes something when the test file is done. */
export function closing<Closable extends { close(): PromiseLike<unknown> }>(closable: Closable): Closable {
  running.push(closable)
  return closable
}

export interface Served extends ServerHandle {
  readonly log: LogEntry[]
  /** Its origin, for paths beside the endpoint. */
  readonly origin: string
}

/** A server with a tool that says who calls. */
export function whoServer(): Server {
  const server = createServer({ name: 'who', version: '1.0.0' })
  server.tool('who', {}, (_, ctx) => JSON.stringify(ctx.auth ?? null))
  return server
}

export async function serving(
  auth: ServeOptions['auth'] | AuthScheme,
  server: Server = whoServer(),
  options: ServeOptions = {},
): Promise<Served> {
  const log: LogEntry[] = []
  const handle = await deploy(serve, server, {
    port: 0,
    signals: false,
    logger: (entry: LogEntry) => log.push(entry),
    auth,
    ...options,
  })
  return closing({ ...handle, log, origin: new URL(handle.url).origin })
}

export const bearer = (token: string): OutgoingHttpHeaders => ({ authorization: `Bearer ${token}` })

/** `initialize` with these headers: the smallest request that shows whether somebody gets in. */
export function knock(url: string, headers: OutgoingHttpHeaders = {}): Promise<Exchange> {
  return post(url, initializeMessage(), { ...JSON_BOTH, ...headers })
}

/** The parameters of a `WWW-Authenticate` header with one challenge. */
export function challengeIn(reply: Exchange): Record<string, string> {
  const header = String(reply.headers['www-authenticate'])
  const [, scheme = '', rest = ''] = /^(\S+) ?(.*)$/.exec(header) ?? []
  const found: Record<string, string> = { scheme }
  for (const [, name, value] of rest.matchAll(/([a-z_]+)="([^"]*)"/g)) found[name!] = value!
  return found
}

/** A JSON document by GET. */
export async function read(url: string, headers: OutgoingHttpHeaders = {}): Promise<Record<string, unknown>> {
  const reply = await exchange(url, { method: 'GET', headers: { accept: 'application/json', ...headers } })
  if (reply.status !== 200) throw new Error(`GET ${url}: ${reply.status} ${await reply.text()}`)
  return (await reply.json()) as Record<string, unknown>
}
