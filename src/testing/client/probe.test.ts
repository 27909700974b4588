import { describe, expect, test } from 'vitest'
import { type Client, createClient } from './index.ts'

const INITIALIZED = { protocolVersion: '2025-06-18', capabilities: {}, serverInfo: { name: 'old', version: '1' } }

function error(code: number, data?: unknown): object {
  return { jsonrpc: '2.0', id: 1, error: { code, message: 'No.', ...(data === undefined ? {} : { data }) } }
}
const discovered = (...supportedVersions: string[]): object => ({
  jsonrpc: '2.0',
  id: 1,
  result: { resultType: 'complete', supportedVersions, capabilities: { tools: {} } },
})

/** A client of a server that answers `server/discover` like this, and `initialize` as a legacy server does. */
function clientOf(answer: () => Response | Promise<Response>, revision: 'auto' | '2026-07-28' = 'auto') {
  const methods: string[] = []
  const versions: unknown[] = []
  const client = createClient('http://in-process.test/mcp', {
    revision,
    timeoutMs: 100,
    fetch: async (_, init) => {
      const text = String(init.body ?? '{}')
      const { id, method, params } = JSON.parse(text) as { id?: number; method: string; params?: object }
      methods.push(method)
      if (method === 'server/discover') return await answer()
      if (method !== 'initialize') return new Response(null, { status: 202 })
      versions.push((params as { protocolVersion: string }).protocolVersion)
      return Response.json({ jsonrpc: '2.0', id, result: INITIALIZED })
    },
  })
  return { client, methods, versions }
}

const outcome = async (client: Client): Promise<unknown> =>
  await client.connect().then(
    ({ revision }) => ({ era: client.era, revision: revision.name }),
    (thrown: unknown) => thrown,
  )

describe('the probe finds the modern era', () => {
  test('where server/discover is answered, and does not ask twice', async () => {
    const { client, methods } = clientOf(() => Response.json(discovered('2031-01-01', '2026-07-28', '2025-11-25')))
    expect(client.era).toBeUndefined()
    expect(await outcome(client)).toEqual({ era: 'modern', revision: '2026-07-28' })
    await client.connect()
    expect(await client.probe()).toBe(client.finding)
    expect(methods).toEqual(['server/discover'])
    expect(client.finding?.why).toContain('2031-01-01, 2026-07-28')
    expect(client.session).toMatchObject({ server: { name: '', version: '' }, capabilities: { tools: {} } })
  })

  test.each([
    ['a missing capability', -32021],
    ['headers that do not match', -32020],
  ])('where it is refused for %s: no other era would mend that', async (_, code) => {
    const { client, methods } = clientOf(() => Response.json(error(code), { status: 400 }))
    expect(await outcome(client)).toMatchObject({ code: 'rpc_error', rpc: { code } })
    expect(methods).toEqual(['server/discover'])
  })
})

describe('the probe falls back to initialize', () => {
  test.each([
    ['an empty 400', () => new Response(null, { status: 400 }), 'HTTP 400'],
    ['a 400 of a server that wants a session', () => Response.json(error(-32000), { status: 400 }), '-32000'],
    ['a 404 for a missing session', () => Response.json(error(-32001), { status: 404 }), '-32001'],
    ['405', () => new Response('no', { status: 405 }), 'HTTP 405'],
    ['an unknown method', () => Response.json(error(-32601)), '-32601'],
    ['invalid params', () => Response.json(error(-32602)), '-32602'],
    ['a web page', () => new Response('<html>'), 'something else'],
    ['a result of its own', () => Response.json({ jsonrpc: '2.0', id: 1, result: {} }), 'something else'],
  ])('for %s', async (_, answer, why) => {
    const { client, methods } = clientOf(answer)
    expect(await outcome(client)).toEqual({ era: 'legacy', revision: '2025-06-18' })
    expect(methods).toEqual(['server/discover', 'initialize', 'notifications/initialized'])
    expect(client.finding?.why).toContain(why)
    expect(client.finding?.revision.name).toBe('2025-11-25')
  })

  test.each([
    ['a discovery', () => Response.json(discovered('2025-06-18', '2025-03-26'))],
    ['a refusal', () => Response.json(error(-32022, { supported: ['2025-03-26', '2025-06-18'] }), { status: 400 })],
  ])('with the newest revision that both speak, where %s names only legacy ones', async (_, answer) => {
    const { client, versions } = clientOf(answer)
    expect(await outcome(client)).toEqual({ era: 'legacy', revision: '2025-06-18' })
    expect(versions).toEqual(['2025-06-18'])
  })
})

describe('the probe gives up', () => {
  test.each([
    ['no common revision', () => Response.json(discovered('2031-01-01')), 'unsupported_revision'],
    [
      'a refusal that names what was asked for: asking again would go in a circle',
      () => Response.json(error(-32022, { supported: ['2026-07-28'] }), { status: 400 }),
      'unsupported_revision',
    ],
    ['a refusal without a list', () => Response.json(error(-32022), { status: 400 }), 'unsupported_revision'],
    ['a server that wants credentials', () => new Response(null, { status: 401 }), 'http_error'],
    ['one that refuses them', () => Response.json(error(-32600), { status: 403 }), 'rpc_error'],
    ['a failure of the server', () => new Response(null, { status: 502 }), 'http_error'],
    ['no answer', () => Promise.reject(new TypeError('refused')), 'unreachable'],
    ['silence', () => new Promise<Response>(() => {}), 'timeout'],
  ])('for %s', async (_, answer, code) => {
    const { client, methods } = clientOf(answer)
    expect(await outcome(client)).toMatchObject({ code })
    expect(methods).toEqual(['server/discover'])
    expect(client.era).toBeUndefined()
  })
})

describe('a client that was told to speak the modern era', () => {
  test.each([
    ['a legacy server', () => Response.json(error(-32000), { status: 400 }), /does not speak 2026-07-28/],
    ['one of another revision', () => Response.json(discovered('2031-01-01')), /speaks 2031-01-01/],
    ['one that refuses it', () => Response.json(error(-32022, { supported: ['2031-01-01'] }), { status: 400 }), /2031/],
  ])('does not fall back: %s', async (_, answer, message) => {
    const { client, methods } = clientOf(answer, '2026-07-28')
    const thrown = await outcome(client)
    expect(thrown).toMatchObject({ message: expect.stringMatching(message) })
    expect(thrown).toMatchObject({ code: 'unsupported_revision' })
    expect(methods).toEqual(['server/discover'])
  })

  test('keeps an error that says nothing about eras', async () => {
    const { client } = clientOf(() => new Response(null, { status: 401 }), '2026-07-28')
    expect(await outcome(client)).toMatchObject({ code: 'http_error', status: 401 })
  })
})
