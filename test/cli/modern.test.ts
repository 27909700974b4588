/** `walk`, `call` and `list` with the official server of 2026-07-28, and with servers that know nothing of it. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { install } from '../install.mjs'
import { everything, fairlead, inRepository, type Running, serving } from './support.ts'

await install(new URL('../clients/', import.meta.url))

let url = ''
let official: Running
beforeAll(async () => {
  const server = await serving([inRepository('test/clients/official-server.mjs')], { env: { LEGACY: 'reject' } })
  official = server
  url = server.url
})

/** The positions of these lines, which must all be there, in this order. */
function expectInOrder(text: string, patterns: readonly RegExp[]): void {
  let rest = text
  for (const pattern of patterns) {
    const match = pattern.exec(rest)
    expect(match, `${pattern} in what is left:\n${rest}`).not.toBeNull()
    rest = rest.slice((match?.index ?? 0) + (match?.[0].length ?? 0))
  }
}

describe('walk', () => {
  test('auto: probes, says what it found and why, and shows all of the modern era', async () => {
    const args = ['walk', url, '--revision', 'auto', '--call', 'greet', 'who=Ada']
    const { code, out, err } = await fairlead(args)
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expectInOrder(out, [
      /^1 {2}Probe ─+$/m,
      /^→ {2}POST \/mcp {2}server\/discover +#1$/m,
      /^ {3}MCP-Protocol-Version +2026-07-28$/m,
      /^ {3}Mcp-Method +server\/discover$/m,
      /"io\.modelcontextprotocol\/protocolVersion": "2026-07-28"/,
      /"io\.modelcontextprotocol\/clientInfo": \{/,
      /"io\.modelcontextprotocol\/clientCapabilities": \{/,
      /"resultType": "complete"/,
      /^✓ {2}era {2}modern, 2026-07-28$/m,
      /^✓ {2}It answers server\/discover, and names the revisions 2026-07-28\.$/m,
      /^2 {2}Discovery ─+$/m,
      /^✓ {2}server +official 2\.4\.0$/m,
      /^✓ {2}session +none: this era has no sessions$/m,
      /^✓ {2}Stale at once \(ttlMs 0\), for this user alone \(private\)\.$/m,
      /^3 {2}Operation ─+$/m,
      /^→ {2}POST \/mcp {2}tools\/list/m,
      /"io\.modelcontextprotocol\/logLevel": "debug"/,
      /"ttlMs": 0/,
      /"cacheScope": "private"/,
      /^→ {2}POST \/mcp {2}tools\/call greet/m,
      /^ {3}Mcp-Name +greet$/m,
      /"_meta": \{ "…": "the same as in #2", "progressToken": \d+ \}/,
      /Hello, Ada!/,
      /^→ {2}POST \/mcp {2}resources\/read peer:\/\/one/m,
      /^→ {2}POST \/mcp {2}prompts\/get hello/m,
      /^4 {2}Subscription ─+$/m,
      /^→ {2}POST \/mcp {2}subscriptions\/listen/m,
      /"resourceSubscriptions": \["peer:\/\/one"\]/,
      /^ {3}┊ notifications\/subscriptions\/acknowledged/m,
      /"io\.modelcontextprotocol\/subscriptionId": \d+/,
      /^✓ {2}The server has acknowledged it, and tells of the list of tools/m,
      /^ {3}┊ closed by the client after \d+ ms$/m,
      /^✓ {2}The whole lifecycle was walked: 9 exchanges in /m,
    ])
    expect(out).not.toMatch(/Mcp-Session-Id|initialize/)
  })

  test('answers rounds as it answers questions of the legacy era, and shortens their state', async () => {
    const answers = ['--answer', 'name=Ada', '--reply', 'a line']
    const args = ['walk', url, '--revision', '2026-07-28', '--call', 'interview', ...answers]
    const { code, out } = await fairlead(args)
    expect(code).toBe(0)
    expectInOrder(out, [
      /^1 {2}Discovery ─+$/m,
      /^→ {2}POST \/mcp {2}tools\/call interview +#3$/m,
      /"resultType": "input_required"/,
      /"method": "elicitation\/create"/,
      /"requestState": "\S{8,20}…\S{2,8}"/,
      /^\? {2}The server asks: What is your name\?$/m,
      /^→ {2}POST \/mcp {2}tools\/call interview, round 2 after #3 +#4$/m,
      /"inputResponses": \{/,
      /"content": \{ "name": "Ada" \}/,
      /"requestState": "\S{8,20}…/,
      /^\? {2}Answered by --reply\.$/m,
      /^→ {2}POST \/mcp {2}tools\/call interview, round 3 after #4 +#5$/m,
      /\\"line\\":\\"a line\\"/,
      /^✓ {2}The tool answered\.$/m,
    ])
  })

  test('never shows a whole requestState', async () => {
    for (const extra of [[], ['--full'], ['--json']]) {
      const args = ['walk', url, '--revision', 'auto', '--call', 'interview', '--answer', 'name=Ada', ...extra]
      const { code, out } = await fairlead(args)
      expect(code).toBe(0)
      expect(out).toContain('requestState')
      expect(out).not.toContain('xxxxxxxx')
    }
  })

  test('shows the headers that repeat arguments', async () => {
    const { out } = await fairlead(['walk', url, '--revision', 'auto', '--call', 'run', 'region=eu-1'])
    expect(out).toMatch(/^ {3}Mcp-Param-region +eu-1$/m)
  })

  test('--json names the era and why', async () => {
    const { out } = await fairlead(['walk', url, '--revision', 'auto', '--json'])
    const lines = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    const value = { era: 'modern', revision: '2026-07-28', why: expect.stringContaining('server/discover') }
    expect(lines).toContainEqual({ type: 'fact', name: 'era', value })
    expect(lines.filter(({ type }) => type === 'phase').map(({ phase }) => phase)).toEqual([
      'probe',
      'discovery',
      'operation',
      'listening',
    ])
  })

  test('the newest legacy revision is the default, and the way out is named', async () => {
    const { code, out } = await fairlead(['walk', url])
    expect(code).toBe(1)
    expect(out.replaceAll(/\n {3}/g, ' ')).toContain('The server speaks 2026-07-28')
    expect(out.replaceAll(/\n {3}/g, ' ')).toContain('--revision auto finds one that both speak.')
  })
})

describe('call and list', () => {
  test('say on stderr which era was found and why', async () => {
    const found = 'modern era, 2026-07-28. It answers server/discover, and names the revisions 2026-07-28.\n'
    const called = await fairlead(['call', url, 'greet', 'who=Ada', '--revision', 'auto'])
    expect(called).toEqual({ code: 0, out: 'Hello, Ada!\n', err: found })
    const listed = await fairlead(['list', url, '--revision', 'auto'])
    expect(listed.err).toBe(found)
    expect(listed.out).toMatch(/^official 2\.4\.0 {2}2026-07-28\n\nTools\n {2}greet\(who\?\) {2}read-only$/m)
  })

  test('progress, log messages, mirrored arguments and answers', async () => {
    const modern = ['--revision', '2026-07-28']
    const steps = await fairlead(['call', url, 'steps', ...modern, '--log-level', 'info'])
    expect(steps).toEqual({
      code: 0,
      out: 'stepped\n',
      err: 'info  stepping\nprogress 1/3\nprogress 2/3\nprogress 3/3\n',
    })
    expect((await fairlead(['call', url, 'run', 'region=eu-1', ...modern])).out).toBe('eu-1 by header eu-1\n')
    const asked = ['--answer', 'name=Ada', '--reply', 'a line', '--root', '/harbour']
    expect((await fairlead(['call', url, 'interview', ...asked, ...modern])).out).toBe(
      '{"name":"Ada","roots":1,"line":"a line"}\n',
    )
  })

  test('gives up after --timeout by closing the exchange', async () => {
    const cancelled = official.saw(/wait was cancelled/)
    const { code, err } = await fairlead(['call', url, 'wait', '--revision', '2026-07-28', '--timeout', '0.5'])
    expect({ code, err }).toEqual({
      code: 1,
      err: 'fairlead: tools/call: nothing heard for 0.5 s, so it was given up.\n',
    })
    await cancelled
  })
})

describe('our own server', () => {
  test('a tool that asks in sequence and at once answers the same in every revision, parked and durable', async () => {
    const own = await everything()
    const answers = ['--answer', 'name=Ada', '--answer', 'city=Paris', '--answer', 'ok=true', '--root', '/harbour']
    for (const revision of ['2025-06-18', '2025-11-25', '2026-07-28', 'auto']) {
      for (const tool of ['test_interview', 'test_interview_durable']) {
        const { code, out } = await fairlead(['call', own.url, tool, '--revision', revision, ...answers])
        expect({ code, out }).toEqual({
          code: 0,
          out: '{"name":"Ada","city":"Paris","sure":true,"roots":1,"same":true}\n',
        })
      }
    }
    const walked = await fairlead(['walk', own.url, '--revision', 'auto', '--call', 'test_interview', ...answers])
    expect(walked.code).toBe(0)
    expectInOrder(walked.out, [
      /^✓ {2}era {2}modern, 2026-07-28$/m,
      /^ {3}┊ response: input required/m,
      /^ {3}┊ end of the stream after/m,
      /^\? {2}The server asks: What is your name\?$/m,
      /^→ {2}POST \/mcp {2}tools\/call test_interview, round 2 after #3 +#4$/m,
      /^→ {2}POST \/mcp {2}tools\/call test_interview, round 3 after #4 +#5$/m,
      /^→ {2}POST \/mcp {2}tools\/call test_interview, round 4 after #5 +#6$/m,
      /^✓ {2}The tool answered\.$/m,
      /^✓ {2}The stream is closed\.$/m,
    ])
    expect(walked.out).not.toContain('goes on')
  })
})

describe('a server of the legacy era', () => {
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () => {
      if (request.method !== 'POST') return response.writeHead(405).end()
      const { id, method } = JSON.parse(body) as { id?: number; method: string }
      if (id === undefined) return response.writeHead(202).end()
      const json = { 'content-type': 'application/json' }
      const known = method === 'initialize' || method === 'ping'
      const error = { code: -32000, message: 'Bad Request: Server not initialized' }
      const serverInfo = { name: 'old', version: '1' }
      const result = method === 'ping' ? {} : { protocolVersion: '2025-06-18', capabilities: {}, serverInfo }
      const answer = { jsonrpc: '2.0', id, ...(known ? { result } : { error }) }
      return response.writeHead(known ? 200 : 400, json).end(JSON.stringify(answer))
    })
  })
  let old = ''
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    old = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`
  })
  afterAll(() => server.close())

  test('auto falls back to initialize, and says why', async () => {
    const { code, out } = await fairlead(['walk', old, '--revision', 'auto'])
    expect(code).toBe(0)
    expectInOrder(out, [
      /^1 {2}Probe ─+$/m,
      /^← {2}400 Bad Request/m,
      /^✓ {2}era {2}legacy, 2025-11-25$/m,
      /^✓ {2}It refuses server\/discover with "Bad Request: Server not initialized" \(-32000\)/m,
      /^2 {2}Initialization ─+$/m,
      /^→ {2}POST \/mcp {2}initialize +#2$/m,
      /^✓ {2}revision +2025-06-18 \(the client asked for 2025-11-25\)$/m,
      /^4 {2}Shutdown ─+$/m,
    ])
  })

  test('2026-07-28 does not fall back, and says what would', async () => {
    const { code, err } = await fairlead(['list', old, '--revision', '2026-07-28'])
    expect(code).toBe(1)
    expect(err).toMatch(/^fairlead: The server does not speak 2026-07-28, but perhaps 2025-11-25\. .* --revision auto /)
  })
})
