import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { everything, fairlead, fixture, harbour, serving, weather } from './support.ts'

const ANSI = /\u001b\[/

let url = ''
beforeAll(async () => {
  url = (await weather()).url
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

/** The parsed lines of `--json`. */
async function walkJson(args: readonly string[]): Promise<{ code: number | null; lines: Record<string, unknown>[] }> {
  const { code, out } = await fairlead(['walk', ...args, '--json'])
  return {
    code,
    lines: out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>),
  }
}

describe('walk against the weather server', () => {
  test('shows the three phases, every exchange, what was agreed on, and that the session is gone', async () => {
    const { code, out, err } = await fairlead(['walk', url, '--call', 'get_forecast', 'city=Paris'])
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).not.toMatch(ANSI)
    expectInOrder(out, [
      /^1 {2}Initialization ─+$/m,
      /^→ {2}POST \/mcp {2}initialize +#1$/m,
      /^ {3}Accept +application\/json, text\/event-stream$/m,
      /"protocolVersion": "2025-11-25"/,
      /^← {2}200 OK +\d+ ms {2}#1$/m,
      /^ {3}Content-Type +text\/event-stream$/m,
      /^ {3}Mcp-Session-Id +\S{8}…\S{4}$/m,
      /^ {3}┊ response/m,
      /^✓ {2}revision +2025-11-25$/m,
      /^✓ {2}server +weather 1\.0\.0/m,
      /^✓ {2}capabilities +.*tools \(listChanged\)/m,
      /^✓ {2}session +\S{8}…\S{4}, in every request from now on$/m,
      /^→ {2}POST \/mcp {2}notifications\/initialized/m,
      /^← {2}202 Accepted/m,
      /^2 {2}Operation ─+$/m,
      /^→ {2}GET \/mcp {2}session stream/m,
      /^→ {2}POST \/mcp {2}ping/m,
      /^→ {2}POST \/mcp {2}tools\/list/m,
      /^✓ {2}2 tools: get_forecast, server_status$/m,
      /^→ {2}POST \/mcp {2}tools\/call get_forecast/m,
      /^ {3}┊ an id to resume after; no message yet +id \S+…\S{4}$/m,
      /Paris: sunny, 17 °C/,
      /^ {3}┊ end of the stream after \d+ ms$/m,
      /^✓ {2}The tool answered\.$/m,
      /^3 {2}Shutdown ─+$/m,
      /^→ {2}DELETE \/mcp {2}end of the session/m,
      /^ {3}Mcp-Session-Id +\S{8}…\S{4}$/m,
      /^← {2}204 No Content/m,
      /^→ {2}POST \/mcp {2}ping/m,
      /^← {2}404 Not Found/m,
      /^✓ {2}The session is gone \(404\)\.$/m,
      /^✓ {2}The whole lifecycle was walked: 9 exchanges in /m,
    ])
  })

  test('lays lines out within the width, exchange numbers under one another', async () => {
    const { out } = await fairlead(['walk', url])
    const headlines = out.split('\n').filter((line) => /^[→←] {2}.*#\d+$/.test(line))
    expect(headlines.length).toBeGreaterThan(10)
    expect(new Set(headlines.map((line) => line.length))).toEqual(new Set([110]))
  })

  test('never shows a whole session id, nor a credential', async () => {
    for (const extra of [[], ['--full'], ['--json']]) {
      const args = ['walk', url, '--header', 'Authorization: Bearer very-secret', '-H', 'X-Api-Key: also-secret']
      const { code, out } = await fairlead([...args, ...extra])
      expect(code).toBe(0)
      expect(out).toMatch(/Mcp-Session-Id/i)
      expect(out).not.toMatch(/f1\.[\w-]{20,}/)
      expect(out).not.toContain('very-secret')
      expect(out).not.toContain('also-secret')
    }
  })

  test('is coloured only where it is wanted: FORCE_COLOR before NO_COLOR before the terminal', async () => {
    const coloured = async (env: NodeJS.ProcessEnv): Promise<boolean> => {
      return ANSI.test((await fairlead(['walk', url], { env })).out)
    }
    expect(await coloured({ FORCE_COLOR: '1' })).toBe(true)
    expect(await coloured({ FORCE_COLOR: '0' })).toBe(false)
    expect(await coloured({ NO_COLOR: '1' })).toBe(false)
    expect(await coloured({ FORCE_COLOR: '1', NO_COLOR: '1' })).toBe(true)
  })

  test('--json writes one object per line, each exchange from its request to its end', async () => {
    const { code, lines } = await walkJson([url, '--call', 'get_forecast', 'city=Paris'])
    expect(code).toBe(0)
    expect(lines[0]).toEqual({ type: 'start', url })
    expect(lines.at(-1)).toMatchObject({ type: 'done', ok: true, exchanges: 9 })
    expect(lines.filter(({ type }) => type === 'phase').map(({ phase }) => phase)).toEqual([
      'initialization',
      'operation',
      'shutdown',
    ])
    const facts = Object.fromEntries(
      lines.filter(({ type }) => type === 'fact').map(({ name, value }) => [name, value]),
    )
    expect(facts).toMatchObject({ revision: '2025-11-25', server: { name: 'weather', version: '1.0.0' } })
    for (let exchange = 1; exchange <= 9; exchange++) {
      const types = lines.filter((line) => line['exchange'] === exchange).map(({ type }) => type)
      expect(types.slice(0, 2)).toEqual(['request', 'response'])
      expect(types.at(-1)).toBe('end')
    }
  })

  test.each([
    ['2025-06-18', true],
    ['2025-03-26', false],
  ])('--revision %s is asked for and agreed on', async (revision, versionHeader) => {
    const { code, lines } = await walkJson([url, '--revision', revision])
    expect(code).toBe(0)
    expect(lines).toContainEqual({ type: 'fact', name: 'revision', value: revision })
    const [, initialized] = lines.filter(({ type }) => type === 'request')
    const headers = initialized?.['headers'] as Record<string, string>
    expect(headers['mcp-protocol-version']).toBe(versionHeader ? revision : undefined)
  })

  test('says what is wrong with a call, before calling', async () => {
    const unknown = await fairlead(['walk', url, '--call', 'get_forcast'])
    expect(unknown.code).toBe(2)
    expect(unknown.err).toContain('The server has no tool get_forcast. Did you mean get_forecast?')
  })

  test('a path without an endpoint is a problem with a hint, and the exit code says so', async () => {
    const { code, lines } = await walkJson([url.replace('/mcp', '/elsewhere')])
    expect(code).toBe(1)
    expect(lines.at(-1)).toMatchObject({ type: 'done', ok: false })
    expect(lines.at(-2)?.['text']).toMatch(/no MCP endpoint at .* Most servers have it at the path \/mcp/)
  })
})

describe('walk against other servers', () => {
  test('uses one of each thing: a read-only tool with made-up arguments, a resource, a prompt', async () => {
    const { code, out } = await fairlead(['walk', (await harbour()).url])
    expect(code).toBe(0)
    expectInOrder(out, [
      /^✓ {2}server +harbour 2\.0\.0, “Harbour”$/m,
      /^✓ {2}instructions +Mind the tide\.$/m,
      /^tools\/call load\nA tool that says it changes nothing \(readOnlyHint\), with made-up arguments\.$/m,
      /"arguments": \{ "ship": "Aurora" \}/,
      /^→ {2}POST \/mcp {2}resources\/read harbour:\/\/tide/m,
      /^→ {2}POST \/mcp {2}prompts\/get greet/m,
      /"arguments": \{ "name": "Ada" \}/,
      /Greet Ada\./,
    ])
    expect(out).not.toContain('"sink",\n       "arguments"')
  })

  test('comes back for the rest of a stream that the server closed', async () => {
    const { code, out } = await fairlead(['walk', (await harbour()).url, '--call', 'pause'])
    expect(code).toBe(0)
    const lastId = /no message yet +id (\S+)\n(?: {3}┊ retry \d+ ms\n)? {3}┊ end of the stream/.exec(out)?.[1]
    expect(lastId).toBeDefined()
    expectInOrder(out, [
      /^→ {2}GET \/mcp {2}resume the stream of #7 +#8$/m,
      new RegExp(`^ {3}Last-Event-ID +${lastId}$`, 'm'),
      /The client came back\./,
    ])
  })

  test('says that there is neither a session nor a session stream, and goes on', async () => {
    const { code, out } = await fairlead(['walk', (await serving([fixture('stateless.mjs')])).url])
    expect(code).toBe(0)
    expectInOrder(out, [
      /^✓ {2}session +none: the server keeps no session$/m,
      /^← {2}405 Method Not Allowed/m,
      /^! {2}The server offers no such stream \(405\)/m,
      /^✓ {2}The tool answered\.$/m,
      /^! {2}There is no session to end/m,
      /^✓ {2}The whole lifecycle was walked/m,
    ])
  })

  test('answers questions and shows the answers as exchanges', async () => {
    const { url: asking } = await everything()
    const answers = ['--answer', 'username=ada', '--answer', 'email=ada@example.com']
    const { code, out } = await fairlead(['walk', asking, ...answers, '--call', 'test_elicitation', 'message=Who?'])
    expect(code).toBe(0)
    expectInOrder(out, [
      /^ {3}┊ elicitation\/create/m,
      /^\? {2}The server asks: Who\?$/m,
      /^\? {2}Answered by --answer and the defaults of the form, without asking you/m,
      /^→ {2}POST \/mcp {2}answer to elicitation\/create/m,
      /"action": "accept"/,
      /^← {2}goes on {2}tools\/call test_elicitation/m,
      /action=accept/,
    ])
  })
})

describe('walk against a server that breaks the rules', () => {
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () => {
      const json = { 'content-type': 'application/json', 'mcp-session-id': 'immortal' }
      if (request.method !== 'POST') return response.writeHead(request.method === 'GET' ? 405 : 200).end()
      const { id, method } = JSON.parse(body) as { id?: number; method: string }
      if (id === undefined) return response.writeHead(202).end()
      const serverInfo = { name: 'evil\u001b]0;pwned\u0007', version: '1' }
      const result = method === 'initialize' ? { protocolVersion: '2025-06-18', capabilities: {}, serverInfo } : {}
      return response.writeHead(200, json).end(JSON.stringify({ jsonrpc: '2.0', id, result }))
    })
  })
  let broken = ''
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    broken = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`
  })
  afterAll(() => server.close())

  test('a session that outlives its DELETE is a problem, and the exit code says so', async () => {
    const { code, out } = await fairlead(['walk', broken])
    expect(code).toBe(1)
    expect(out).toMatch(/^✗ {2}The server still answers in a session that was ended; the specification demands 404\.$/m)
    expect(out).toMatch(/^✓ {2}revision +2025-06-18 \(the client asked for 2025-11-25\)$/m)
  })

  test('what the server says can not steer the terminal', async () => {
    const { out } = await fairlead(['walk', broken])
    expect(out).toContain('evil\\u001b]0;pwned\\u0007')
    expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
  })
})
