/**
 * What leaves the server: no requests of its own, no secrets in errors, nothing that could be taken for a line of a log
 * or an event of a stream. TRAPS B6 66 and 67.
 */
import { readdirSync, readFileSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import { join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { logLine } from '../../src/http/logger.ts'
import { McpError, ToolError } from '../../src/index.ts'
import { open, post } from '../requirements/session.ts'
import { createServer, served } from './support/serving.ts'

afterEach(() => vi.restoreAllMocks())

describe('case 66: no request of the server leaves it', () => {
  const METADATA = 'http://169.254.169.254/latest/meta-data/'

  test('whatever URI a client or an author names', async () => {
    const server = createServer({
      name: 'outward',
      version: '1.0.0',
      icons: [{ src: 'https://127.0.0.1:1/icon.png' }],
      websiteUrl: METADATA,
    })
    server.tool('link', {}, async (_, ctx) => {
      const roots = await ctx.listRoots()
      return { type: 'resource_link', uri: roots[0]!.uri, name: 'link' }
    })
    server.resource('icon', 'https://127.0.0.1:1/', { icons: [{ src: 'https://127.0.0.1:1/x' }] }, () => 'text')
    server.resourceTemplate('any', 'http://{host}/{+path}', {}, () => 'text')
    const schema = { $schema: METADATA, type: 'object', properties: { a: { $ref: `${METADATA}#/x` } } } as const
    const { url } = await served(server)
    const fetched = vi.spyOn(globalThis, 'fetch')
    const requested = [vi.spyOn(http, 'get'), vi.spyOn(https, 'get'), vi.spyOn(https, 'request')]
    const session = await open(url, {
      clientInfo: { name: 'x', version: '1', websiteUrl: METADATA, icons: [{ src: METADATA }] },
    })
    for (const method of ['tools/list', 'resources/list', 'resources/templates/list']) await session.request(method)
    await session.call('link', {}, { 'roots/list': () => ({ roots: [{ uri: METADATA }] }) })
    await session.request('resources/read', { uri: 'https://127.0.0.1:1/' })
    await session.request('resources/read', { uri: METADATA })
    await session.request('resources/subscribe', { uri: METADATA })
    try {
      server.tool('remote', { inputSchema: schema }, () => 'ran')
      await session.call('remote', { a: 1 })
    } catch (thrown) {
      expect(thrown).toBeInstanceOf(TypeError)
    }
    expect(fetched).not.toHaveBeenCalled()
    for (const spy of requested) expect(spy).not.toHaveBeenCalled()
  })

  test('no source of the server can make one', () => {
    const root = new URL('../../src', import.meta.url).pathname
    const sources = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
      // The documents of an authorization server that the author names are fetched in one place: see test/auth.
      (file) => file.endsWith('.ts') && !/^(testing|cli)\/|^auth\/fetch-json\.ts$/.test(file),
    )
    expect(sources.length).toBeGreaterThan(60)
    const outgoing =
      /\bfetch\(|(?<!type )\bhttps?\.(get|request)\(|from 'node:(https|http2|net|tls|dgram|child_process)'|new WebSocket/
    const withoutTypes = (file: string) => readFileSync(join(root, file), 'utf8').replace(/^import type .*$/gm, '')
    for (const file of sources) expect([file, outgoing.exec(withoutTypes(file))?.[0]]).toEqual([file, undefined])
  })
})

describe('case 67: what strangers send stays data', () => {
  const HOSTILE =
    'x\r\n\r\nevent: message\ndata: {"forged":true}\n\nid: 1\n\u2028\u2029\u0085\u001b[31m{"level":"error"}\0'

  test('text with line breaks is one line of one event', async () => {
    const server = createServer({ name: 'events', version: '1.0.0' })
    server.tool('say', {}, (_, ctx) => {
      ctx.progress(1, 2, HOSTILE)
      ctx.log.info(HOSTILE, HOSTILE)
      return HOSTILE
    })
    const session = await open((await served(server)).url)
    const { stream } = await session.startCall('say', {}, { progressToken: HOSTILE })
    await stream.end()
    expect(stream.messages.map((message) => message.method ?? 'result')).toEqual([
      'notifications/progress',
      'notifications/message',
      'result',
    ])
    expect(stream.messages[0]!.params).toMatchObject({ progressToken: HOSTILE, message: HOSTILE })
    const echoed = await session.post({ jsonrpc: '2.0', id: HOSTILE.slice(0, 60), method: 'ping' })
    const answer = echoed.stream()
    await answer.end()
    expect(answer.messages.map((message) => message.id)).toEqual([HOSTILE.slice(0, 60)])
  })

  test('a line of the log is one line, and bounded', () => {
    const line = logLine(
      { level: 'error', message: HOSTILE, where: HOSTILE, text: 'x'.repeat(1e6), nested: { a: HOSTILE } },
      0,
    )
    expect(line).not.toMatch(/[\r\n\0\u001b]/)
    expect(JSON.parse(line)).toMatchObject({ message: HOSTILE, where: HOSTILE })
    expect(line.length).toBeLessThan(10_000)
    const loop: { self?: unknown } = {}
    loop.self = loop
    expect(JSON.parse(logLine({ level: 'error', message: 'm', loop, big: 1n }, 0))).toMatchObject({ message: 'm' })
  })

  test('errors quote a bounded part of what they refuse', async () => {
    const server = createServer({ name: 'errors', version: '1.0.0' })
    server.tool('typed', { inputSchema: { type: 'object', additionalProperties: { type: 'string' } } }, () => '')
    server.tool('strict', { inputSchema: z.strictObject({ a: z.number() }) }, () => '')
    server.prompt('named', {}, () => '')
    const { url } = await served(server)
    const session = await open(url)
    const long = 'x'.repeat(1_000_000)
    for (const [method, params] of [
      [long, {}],
      ['tools/call', { name: long }],
      ['prompts/get', { name: long }],
      ['prompts/get', { name: 'named', arguments: { [long]: 1 } }],
      ['logging/setLevel', { level: long }],
      ['resources/read', { uri: `x:${long}` }],
      ['tools/list', { cursor: long }],
      ['tools/call', { name: 'typed', arguments: { [long]: 1 } }],
      ['tools/call', { name: 'strict', arguments: { [long]: 1 } }],
    ] as const) {
      const { error, result } = await session.request(method, params)
      expect([method.slice(0, 20), JSON.stringify(error ?? result).length < 2_000]).toEqual([method.slice(0, 20), true])
    }
    const reply = await post(url, { jsonrpc: '2.0', id: 1, method: 'ping', [`${long}`]: 1 })
    expect((await reply.text()).length).toBeLessThan(2_000)
    const twice = await session.post(`{"jsonrpc":"2.0","id":1,"${long}":1,"${long}":2,"method":"ping"}`)
    expect((await twice.text()).length).toBeLessThan(2_000)
  })
})

describe('what a handler throws', () => {
  const server = createServer({ name: 'throws', version: '1.0.0' })
  const loop: { self?: unknown } = {}
  loop.self = loop
  let deep: unknown[] = []
  for (let depth = 0; depth < 20_000; depth++) deep = [deep]
  const THROWN: Record<string, () => unknown> = {
    'an error': () => new Error('secret inside'),
    'a text': () => 'secret inside',
    nothing: () => undefined,
    null: () => null,
    'an object that can not be read': () => ({
      get message() {
        throw new Error('secret inside')
      },
    }),
    'an error with a cause': () => new Error('secret', { cause: new Error('secret inside') }),
    'a frozen error': () => Object.freeze(new Error('secret inside')),
    'a revoked proxy': () => {
      const { proxy, revoke } = Proxy.revocable({}, {})
      revoke()
      return proxy
    },
    'an McpError with data that loops': () => new McpError('invalid_params', 'bad', { data: loop }),
    'an McpError with deep data': () => new McpError('invalid_params', 'bad', { data: deep }),
    'an McpError with a BigInt': () => new McpError('invalid_params', 'bad', { data: 1n }),
    'an McpError with a cause': () => new McpError('invalid_params', 'bad', { cause: new Error('secret inside') }),
    'a ToolError': () => new ToolError('shown'),
  }
  const RETURNED: Record<string, () => unknown> = {
    'a loop': () => ({ content: [], structuredContent: loop }),
    'something deep': () => ({ content: [], structuredContent: { deep } }),
    'a BigInt': () => ({ content: [], structuredContent: { a: 1n } }),
    'a symbol': () => Symbol('secret inside'),
    'a function': () => () => 'secret inside',
    nothing: () => undefined,
    null: () => null,
    'a number': () => 5,
    'an object that throws when written': () => ({
      content: [],
      structuredContent: {
        toJSON() {
          throw new Error('secret inside')
        },
      },
    }),
    'content that is no list': () => ({ content: 'secret' }),
  }
  for (const [name, value] of Object.entries(THROWN)) {
    const thrower = () => {
      throw value()
    }
    server.tool(tool(`throw ${name}`), {}, thrower)
    server.tool(tool(`reject ${name}`), {}, async () => thrower())
    server.resource(name, `throw://${tool(name)}`, {}, thrower)
    server.prompt(name, {}, thrower)
  }
  for (const [name, value] of Object.entries(RETURNED)) server.tool(tool(`return ${name}`), {}, value as () => string)

  test.each([
    ...Object.keys(THROWN).flatMap((name) => [`throw ${name}`, `reject ${name}`]),
    ...Object.keys(RETURNED).map((name) => `return ${name}`),
  ])('%s: an answer that shows nothing of the inside, and a server that goes on', async (name) => {
    const errors: unknown[] = []
    const { url, log } = await served(server, { onError: (error) => errors.push(error) })
    const session = await open(url)
    const { result, error } = await session.call(tool(name))
    expect(error ?? result).toBeDefined()
    expect(JSON.stringify([result, error])).not.toContain('secret')
    expect((await session.request('ping')).result).toEqual({})
    for (const entry of log) expect(() => JSON.parse(logLine(entry, 0))).not.toThrow()
  })

  test.each(Object.keys(THROWN))('a resource and a prompt that throw %s', async (name) => {
    const session = await open((await served(server, { onError: () => {} })).url)
    for (const [method, params] of [
      ['resources/read', { uri: `throw://${tool(name)}` }],
      ['prompts/get', { name }],
    ] as const) {
      const { error } = await session.request(method, params)
      expect(error?.code).toBeLessThan(-32_000)
      expect(JSON.stringify(error)).not.toContain('secret')
    }
  })

  test('an onError or a logger that throws is not the client’s problem', async () => {
    const thrower = () => {
      throw new Error('of the hook')
    }
    for (const options of [{ onError: thrower }, { logger: thrower }, { onError: thrower, logger: thrower }]) {
      const session = await open((await served(server, options)).url)
      expect((await session.call(tool('throw an error'))).result).toMatchObject({ isError: true })
      expect((await session.request('prompts/get', { name: 'an error' })).error?.code).toBe(-32603)
      expect((await session.request('ping')).result).toEqual({})
    }
  })
})

function tool(name: string): string {
  return name.replaceAll(' ', '_')
}
