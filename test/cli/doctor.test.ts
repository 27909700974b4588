/** `fairlead doctor` before set-ups as people have them, whole and defective: real replicas, balancers and Redis. */
import {
  createServer as createHttpServer,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createClient } from '../../src/testing/client/index.ts'
import { freePort } from '../engines/redis-server.ts'
import { haproxy, nginx, redis, replica, replicas, SECRET } from './balancer.ts'
import { type Finished, fairlead, fixture, inRepository, serving } from './support.ts'

interface Finding {
  readonly check: string
  readonly verdict: 'good' | 'note' | 'problem'
  readonly seen: string
  readonly breaks?: string
  readonly remedies?: readonly { readonly where: string; readonly change: string }[]
}

interface Examined {
  readonly code: number | null
  readonly findings: readonly Finding[]
  /** The checks that have found a problem. */
  readonly problems: readonly string[]
  of(check: string, verdict?: Finding['verdict']): Finding[]
  /** What is to be changed in one place for one check. */
  change(check: string, where: string): string
}

async function examine(url: string, ...args: string[]): Promise<Examined> {
  const { code, out, err } = await fairlead(['doctor', url, '--json', ...args])
  expect(err).toBe('')
  const lines = out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string; problems: number } & Finding)
  const findings = lines.filter(({ type }) => type === 'finding')
  const problems = findings.filter(({ verdict }) => verdict === 'problem')
  expect(lines.map(({ type }) => type)).toEqual(['start', ...findings.map(() => 'finding'), 'done'])
  expect(lines.at(-1)).toMatchObject({ ok: code === 0, problems: problems.length })
  // Every problem says whom it hurts or what to do.
  for (const { remedies, breaks } of problems) expect(remedies?.length ?? breaks?.length).toBeGreaterThan(0)
  const of: Examined['of'] = (check, verdict) =>
    findings.filter((finding) => finding.check === check && (verdict === undefined || finding.verdict === verdict))
  return {
    code,
    findings,
    problems: [...new Set(problems.map(({ check }) => check))],
    of,
    change: (check, where) =>
      of(check)
        .flatMap(({ remedies = [] }) => remedies.filter((remedy) => remedy.where === where))
        .map(({ change }) => change)
        .join('\n'),
  }
}

/** What the nginx of a test needs to be whole. */
const WHOLE = ['client_max_body_size 4m;']

let shared: readonly number[] = []
let lasting: Promise<Finished>
beforeAll(async () => {
  const { url } = await redis()
  shared = (await replicas(3, { engine: url, secret: SECRET })).map(({ port }) => port)
  // It takes its 75 s while the other tests run.
  lasting = fairlead(['doctor', await nginx(shared, WHOLE)])
})

describe('whole', () => {
  test('three replicas on Redis behind HAProxy: no problem, and each of them seen', async () => {
    const url = await haproxy(shared, ['option http-no-delay'])
    const { code, findings, of } = await examine(url, '--quick')
    expect(findings.filter(({ verdict }) => verdict !== 'good')).toEqual([])
    expect(code).toBe(0)
    expect(of('reach')[0]?.seen).toMatch(/^harbour 2\.0\.0.* It speaks 2026-07-28, 2025-11-25, .*2024-11-05\.$/)
    expect(of('replicas')[0]?.seen).toBe('3 replicas have answered (12, 12 and 12 of 36 requests).')
    expect(of('replicas')[1]?.seen).toBe('Every request of a session was served, 36 of 36.')
    expect(of('engine').map(({ seen }) => seen)).toEqual([
      expect.stringMatching(/^A newer session stream ends the older one/),
      expect.stringMatching(/^An answer of replica \S+ was read again 6 times/),
      'After DELETE (204) a session is gone on every connection.',
    ])
  })

  test('one process without a balancer: no problem, and it says that there is one', async () => {
    const { code, of } = await examine(`http://127.0.0.1:${(await replica({})).port}/mcp/`, '--quick', '--tries', '4')
    expect(code).toBe(0)
    expect(of('replicas', 'note')[0]?.seen).toMatch(/^One replica has answered all of 4 connections\./)
    expect(of('slash')[0]?.seen).toBe('/mcp/ and /mcp are both served.')
  })

  test('a stateless server: what needs sessions is left out', async () => {
    const { url } = await serving([fixture('stateless.mjs')])
    const { code, of, findings } = await examine(url, '--quick')
    expect(code).toBe(0)
    expect(of('reach')[1]?.seen).toMatch(/^The server is stateless/)
    expect(findings.map(({ check }) => check)).toEqual(['reach', 'reach', 'slash', 'streaming', 'bodies', 'cors'])
    expect(of('streaming')[0]?.seen).toMatch(/^The first event of a subscription came after/)
  })

  test('the same behind nginx that collects events and waits for 4 s', async () => {
    const { url } = await serving([fixture('stateless.mjs')])
    const location = [...WHOLE, 'proxy_ignore_headers X-Accel-Buffering;', 'proxy_read_timeout 4s;']
    const collecting = await nginx([Number(new URL(url).port)], location)
    expect((await examine(collecting, '--quick')).problems).toEqual(['streaming'])
    const hasty = await nginx([Number(new URL(url).port)], [...WHOLE, 'proxy_read_timeout 4s;'])
    const { problems, of } = await examine(hasty)
    expect(problems).toEqual(['idle'])
    expect(of('idle')[0]?.seen).toMatch(/was cut 4\.\d s after it began/)
  })

  test('web pages: what --origin asks for is refused, or let in', async () => {
    const url = `http://127.0.0.1:${shared[0]}/mcp`
    const { problems, change } = await examine(url, '--quick', '--tries', '1', '--origin', 'https://app.example')
    expect(problems).toEqual(['cors'])
    expect(change('cors', 'the server')).toContain("cors: { origins: ['https://app.example'] }")
  })
})

describe('case 33: between client and server', () => {
  test('nginx that collects event streams', async () => {
    const url = await nginx(shared, [...WHOLE, 'proxy_ignore_headers X-Accel-Buffering;'])
    const { code, problems, of, change } = await examine(url, '--quick')
    expect([code, problems]).toEqual([1, ['streaming']])
    expect(of('streaming', 'problem')[0]?.seen).toMatch(/had arrived after 6\.0 s\. .*something between collects/)
    expect(change('streaming', 'nginx')).toMatch(/^proxy_buffering off;/)
    expect(change('streaming', 'HAProxy')).toBe('')
  })

  test('nginx that compresses event streams', async () => {
    const gzip = ['gzip on;', 'gzip_proxied any;', 'gzip_min_length 1;', 'gzip_types text/event-stream;']
    const { problems, of, change } = await examine(await nginx(shared, [...WHOLE, ...gzip]), '--quick')
    expect(problems).toEqual(['streaming'])
    expect(of('streaming')[0]?.seen).toContain('Content-Encoding: gzip')
    expect(change('streaming', 'nginx')).toContain('gzip_types')
  })

  test('HAProxy that waits for more before it sends an event', async () => {
    const { code, of, change } = await examine(await haproxy(shared), '--quick')
    expect(code).toBe(0)
    expect(of('streaming', 'note')[0]?.seen).toMatch(/came after 2\d\d ms, .* something waits for more/)
    expect(change('streaming', 'HAProxy')).toBe('option http-no-delay')
  })

  test.each([
    ['nginx', () => nginx(shared, [...WHOLE, 'proxy_read_timeout 4s;']), 'proxy_read_timeout 1h'],
    ['HAProxy', () => haproxy(shared, ['option http-no-delay', 'timeout server 4s']), 'timeout server 1h'],
  ])('%s with a short time-out for reading', async (where, start, line) => {
    const { code, problems, of, change } = await examine(await start())
    expect([code, problems]).toEqual([1, ['idle']])
    expect(of('idle')[0]?.seen).toMatch(/was cut 4\.\d s after it began: something between broke its connection\./)
    expect(change('idle', where)).toContain(line)
  })

  test('a time-out longer than the keep-alives, for the whole of a stream, is told from an idle one', async () => {
    // Like nginx's 60 s and the 15 s of Envoy, only that nobody waits for it here.
    const url = await forwarding((_, response) => {
      const cut = setTimeout(() => response.destroy(), 17_000)
      response.on('close', () => clearTimeout(cut))
    })
    const { problems, of } = await examine(url)
    expect(problems).toEqual(['idle'])
    expect(of('idle')[0]?.seen).toMatch(
      /was cut (1|2)\.\d s after the last byte, 1[67]\.\d s after it began: something/,
    )
  })

  test('a proxy that drops headers', async () => {
    const location = [...WHOLE, 'proxy_set_header Last-Event-ID "";', 'proxy_set_header Origin "";']
    const { problems, of, change } = await examine(await nginx(shared, location), '--quick')
    expect(problems).toEqual(['headers'])
    expect(of('headers', 'problem').map(({ seen }) => seen)).toEqual([
      'Last-Event-ID does not arrive at the server.',
      'Origin does not arrive at the server.',
    ])
    expect(change('headers', 'nginx')).toContain('remove proxy_set_header Last-Event-ID')
    const more = ['proxy_set_header MCP-Protocol-Version "";', 'proxy_set_header Accept "*/*";']
    const rest = await examine(await nginx(shared, [...WHOLE, ...more]), '--quick')
    expect(rest.of('headers', 'problem').map(({ seen }) => seen)).toEqual([
      'MCP-Protocol-Version does not arrive at the server.',
      'Accept does not arrive at the server.',
    ])
  })

  test('a proxy that drops the session id, on the way in or on the way out', async () => {
    const inward = await examine(await nginx(shared, [...WHOLE, 'proxy_set_header Mcp-Session-Id "";']), '--quick')
    expect(inward.problems).toEqual(['reach'])
    expect(inward.of('reach', 'problem')[0]?.seen).toBe('Mcp-Session-Id does not arrive at the server.')
    const outward = await examine(await nginx(shared, [...WHOLE, 'proxy_hide_header Mcp-Session-Id;']), '--quick')
    expect(outward.problems).toEqual(['reach'])
    expect(outward.of('reach', 'problem')[0]?.seen).toMatch(/^The answer to initialize has no Mcp-Session-Id/)
    expect(outward.change('reach', 'nginx')).toBe('remove proxy_hide_header Mcp-Session-Id;')
  })

  test('a proxy that lets only the usual methods pass', async () => {
    const { problems, of } = await examine(
      await nginx(shared, [...WHOLE, 'limit_except GET POST { deny all; }']),
      '--quick',
    )
    expect(problems).toEqual(['methods'])
    expect(of('methods')[0]?.seen).toBe('DELETE is answered with HTTP 403, and not by the server.')
  })

  test('a proxy that wants to know the length of a body, and one that says no length of an answer', async () => {
    const measured = await forwarding((incoming, response) => {
      if (incoming.headers['transfer-encoding'] !== undefined) response.writeHead(411).end()
    })
    const chunked = await examine(measured, '--quick')
    expect([chunked.code, chunked.of('bodies', 'note')[0]?.seen]).toEqual([
      0,
      'A request with Transfer-Encoding: chunked is refused (HTTP 411).',
    ])
    const bare = await forwarding((_, response) => {
      response.useChunkedEncodingByDefault = false
    })
    const { code, of } = await examine(bare, '--quick')
    expect([code, of('streaming', 'note')[0]?.seen]).toEqual([
      0,
      'A stream ends only with its connection (no Transfer-Encoding), as HTTP/1.0 has it.',
    ])
  })

  test('a balancer that sets a cookie for affinity', async () => {
    const { code, of } = await examine(
      await haproxy(shared, ['option http-no-delay', 'cookie SERVER insert']),
      '--quick',
    )
    expect([code, of('replicas', 'note')[0]?.seen]).toEqual([0, expect.stringContaining('the cookie SERVER')])
  })

  test('a proxy with its own limit on bodies', async () => {
    const { problems, change } = await examine(await nginx(shared), '--quick')
    expect(problems).toEqual(['bodies'])
    expect(change('bodies', 'nginx')).toBe('client_max_body_size 4m;')
  })

  test('a proxy that sends another Host, and one whose upstream is gone', async () => {
    const host = await examine(await nginx(shared, ['proxy_set_header Host mcp.example;']), '--quick')
    expect([host.code, host.findings.length]).toEqual([1, 1])
    expect(host.change('reach', 'nginx')).toBe('proxy_set_header Host $host;')
    const gone = await examine(await nginx([await freePort()]), '--quick')
    expect(gone.of('reach')[0]?.seen).toMatch(/HTTP 502\. The proxy reaches no server\.$/)
  })

  test('a second Access-Control-Allow-Origin', async () => {
    const { url } = await serving([inRepository('test/cli/fixtures/pages.mjs')])
    const twice = await nginx(
      [Number(new URL(url).port)],
      [...WHOLE, 'add_header Access-Control-Allow-Origin * always;'],
    )
    const { problems, of } = await examine(twice, '--quick', '--origin', 'https://app.example')
    expect(problems).toEqual(['cors'])
    expect(of('cors')[0]?.seen).toMatch(/^Access-Control-Allow-Origin comes twice/)
    const once = await examine(url, '--quick', '--origin', 'https://app.example')
    expect(once.of('cors').map(({ seen }) => seen)).toEqual(['Pages of https://app.example may call.'])
  })
})

describe('replicas', () => {
  test('each with a secret of its own making', async () => {
    const ports = (await replicas(2, {})).map(({ port }) => port)
    const { code, problems, of } = await examine(await haproxy(ports, ['option http-no-delay']), '--quick')
    expect([code, problems]).toEqual([1, ['replicas']])
    expect(of('replicas', 'good')[0]?.seen).toMatch(/^2 replicas have answered/)
    expect(of('replicas', 'problem')[0]?.seen).toMatch(
      /^\d\d of 36 requests of a session were refused with 404: each replica has made a secret of its own\. .* 2 different keys\.$/,
    )
  })

  test('with different secrets', async () => {
    const ports = [await replica({ secret: SECRET }), await replica({ secret: `another: ${SECRET}` })]
    const url = await haproxy(
      ports.map(({ port }) => port),
      ['option http-no-delay'],
    )
    const { problems, of, change } = await examine(url, '--quick')
    expect(problems).toEqual(['replicas'])
    expect(of('replicas', 'problem')[0]?.seen).toMatch(
      /^\d\d of 36 requests of a session were refused with 503, after up to 5\.\d s: by replicas with another secret\./,
    )
    expect(change('replicas', 'the server')).toContain('FAIRLEAD_SECRET')
  })

  test('with one secret and no engine in common', async () => {
    const ports = (await replicas(2, { secret: SECRET })).map(({ port }) => port)
    const { problems, of, change } = await examine(await haproxy(ports, ['option http-no-delay']), '--quick')
    expect(problems).toEqual(['engine'])
    expect(of('engine', 'problem').map(({ seen }) => seen)).toEqual([
      expect.stringMatching(/^3 of 3 session streams went on although a newer one was opened elsewhere\.$/),
      expect.stringMatching(/^An answer could not be read again on 3 of 6 connections\.$/),
      expect.stringMatching(/^After DELETE \(204\) 6 of 12 requests of the session were still served\.$/),
    ])
    expect(change('engine', 'fairlead run')).toContain('FAIRLEAD_ENGINE=redis://')
  })

  test('one that is shutting down is still sent requests', async () => {
    const leaving = await replica({ secret: SECRET })
    const url = await haproxy([leaving.port])
    // It stays for as long as a call is in flight.
    let events = 0
    const client = createClient(`http://127.0.0.1:${leaving.port}/mcp`, {
      onExchange: ({ type }) => {
        if (type === 'event') events++
      },
    })
    await client.connect()
    const before = events
    const calling = new AbortController()
    const call = expect(client.request('tools/call', { name: 'wait' }, { signal: calling.signal })).rejects.toThrow()
    await expect.poll(() => events).toBeGreaterThan(before)
    leaving.child.kill('SIGTERM')
    await expect.poll(async () => (await fetch(new URL('/readyz', url))).text()).toBe('draining\n')
    const { of, change } = await examine(url, '--quick', '--tries', '1')
    expect(of('health', 'problem')[0]?.seen).toMatch(/\/readyz 503: requests reach a replica that is shutting down\.$/)
    expect(change('health', 'HAProxy')).toContain('/readyz')
    calling.abort()
    await call
    expect((await leaving.finished).code).toBe(0)
  })
})

test('a server that lets go of a stream by itself is told from a proxy that cuts it', async () => {
  const leaving = await replica({ secret: SECRET })
  const url = `http://127.0.0.1:${leaving.port}/mcp`
  const examining = examine(url)
  // By then only the idle stream is left, and nothing else is asked of it.
  setTimeout(() => leaving.child.kill('SIGTERM'), 6_000)
  const { code, of } = await examining
  expect([code, of('idle')[0]]).toEqual([
    0,
    {
      type: 'finding',
      check: 'idle',
      verdict: 'note',
      seen: expect.stringMatching(/^The server itself ended a stream/),
    },
  ])
})

describe('wrong use', () => {
  test('nobody there, and what is no MCP server', async () => {
    const nobody = await examine(`127.0.0.1:${await freePort()}/mcp`)
    expect([nobody.code, nobody.findings.length]).toEqual([1, 1])
    expect(nobody.of('reach')[0]?.seen).toMatch(/^No answer from http:\/\/127\.0\.0\.1:\d+\/mcp: .*ECONNREFUSED/)
    const url = await listening(createHttpServer((_, response) => response.end('<html>hello</html>')))
    const page = await examine(url)
    expect(page.of('reach')[0]?.seen).toContain('which is no answer of an MCP server')
  })

  test('--tries takes a number', async () => {
    const { code, err } = await fairlead(['doctor', '127.0.0.1:1/mcp', '--tries', 'many'])
    expect([code, err]).toEqual([2, 'fairlead: --tries takes a number from 1 to 100.\n'])
  })

  test('credentials go with every request, and into no report', async () => {
    const { url } = await serving([inRepository('test/cli/fixtures/guarded.mjs')])
    const refused = await examine(url, '--quick')
    expect(refused.change('reach', 'this command')).toBe("--header 'Authorization: Bearer …'")
    const { code, out } = await fairlead(['doctor', url, '--quick', '-H', 'Authorization: Bearer open-sesame'])
    expect([code, out]).toEqual([0, expect.not.stringContaining('sesame')])
  })
})

test('three replicas on Redis behind nginx for 75 s, as people read it', { timeout: 120_000 }, async () => {
  const { code, out } = await lasting
  expect(out).toMatch(/✓ {2}Idle streams {9}A stream without messages lived for 75 s; [45] comments came on it\.\n/)
  expect(out).toMatch(/\n✓ {2}No problem was found; in 1 min 1[5-9] s\.\n$/)
  expect(code).toBe(0)
})

const servers: Server[] = []
afterAll(() => {
  for (const server of servers) server.close().closeAllConnections()
})

/** A proxy before the first replica. `change` does something to its exchanges; what it answers is not forwarded. */
function forwarding(change: (incoming: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const proxy = createHttpServer((incoming, response) => {
    change(incoming, response)
    if (response.headersSent) return
    const { method = '', url: path, headers } = incoming
    const upstream = request({ port: shared[0], method, path, headers }, (answer) => {
      const { 'transfer-encoding': _, connection: __, ...passed } = answer.headers
      response.writeHead(answer.statusCode ?? 502, passed)
      response.flushHeaders()
      answer.pipe(response)
    })
    incoming.pipe(upstream)
    response.on('close', () => upstream.destroy())
    upstream.on('error', () => response.destroy())
  })
  return listening(proxy)
}

async function listening(server: Server): Promise<string> {
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`
}
