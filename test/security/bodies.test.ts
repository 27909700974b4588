/**
 * Bodies that are too large, never end, or break off.
 *
 * CVE-2026-39313 (GHSA-353c-v8x9-v7c3): a limit that is configured but not enforced. CVE-2025-53366, CVE-2025-53365 and
 * python-sdk #2328: a malformed request, a client that disconnects, or invalid UTF-8 ends the server.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, describe, expect, test } from 'vitest'
import { onOneProcess } from '../deployment.ts'
import { JSON_BOTH, open, type RawSession } from '../requirements/session.ts'
import { createServer, type Served, served } from './support/serving.ts'
import { ask, requestText, Wire } from './support/wire.ts'

const server = createServer({ name: 'bodies', version: '1.0.0' })
server.tool('echo', { inputSchema: { type: 'object' } }, (args) => JSON.stringify(args))
server.tool('slow', {}, async (_, ctx) => {
  ctx.progress(1)
  await sleep(5)
  return 'slow'
})

let running: Served
let session: RawSession
beforeAll(async () => {
  running = await served(server)
  session = await open(running.url)
})

const head = (more: object = {}) => ({ host: 'localhost', ...JSON_BOTH, 'mcp-session-id': session.id, ...more })
const PING = '{"jsonrpc":"2.0","id":1,"method":"ping"}'

async function alive(): Promise<void> {
  expect((await session.request('ping')).result).toEqual({})
}

describe('case 57: CVE-2026-39313: the limit of the body', () => {
  test('a chunked body without end: 413, at the limit and not after it, with flat memory', async () => {
    const wire = await Wire.open(running.port)
    wire.send(requestText('POST', '/mcp', head({ 'transfer-encoding': 'chunked' })))
    const chunk = `${(65_536).toString(16)}\r\n${'x'.repeat(65_536)}\r\n`
    const before = process.memoryUsage()
    let sent = 0
    let peak = 0
    // A gigabyte, unless the server hangs up.
    while (sent < 1e9 && !wire.closed && !wire.ended) {
      const room = wire.socket.write(chunk)
      sent += 65_536
      peak = Math.max(peak, process.memoryUsage().rss)
      if (!room) await Promise.race([new Promise((resolve) => wire.socket.once('drain', resolve)), sleep(50)])
      else if (sent % (1 << 20) === 0) await sleep(0)
    }
    const { status, body, headers } = await wire.response()
    expect([status, headers['connection']]).toEqual([413, 'close'])
    expect(JSON.parse(body)).toMatchObject({ error: { message: expect.stringContaining('limits.bodyBytes') } })
    // What lies in the buffers of both sockets comes on top of the 4 MiB.
    expect(sent).toBeLessThan(64e6)
    expect(peak - before.rss).toBeLessThan(64e6)
    await wire.end()
    await alive()
  })

  test('a length over the limit: 413 before a byte of the body, and the connection ends', async () => {
    const wire = await Wire.open(running.port)
    wire.send(requestText('POST', '/mcp', head({ 'content-length': 4 * 1024 * 1024 + 1 })))
    const { status, headers } = await wire.response()
    expect([status, headers['connection']]).toEqual([413, 'close'])
    await wire.end()
  })

  test('every client gets to read the 413, whatever it is still sending', async () => {
    for (let run = 0; run < 20; run++) {
      const body = 'x'.repeat(5_000_000 + run * 1_000_000)
      const reply = await fetch(running.url, { method: 'POST', headers: JSON_BOTH, body })
      expect([reply.status, (await reply.json()).error.code]).toEqual([413, -32600])
    }
  })

  test('a body of exactly the limit is taken', async () => {
    const frame = '{"jsonrpc":"2.0","id":1,"method":"ping","params":{"pad":""}}'
    const body = frame.replace('""', `"${'x'.repeat(4 * 1024 * 1024 - frame.length)}"`)
    expect((await session.post(body)).status).toBe(200)
    expect((await session.post(`${body} `)).status).toBe(413)
  })

  test('the bytes count, not the characters', async () => {
    const small = await served(server, { limits: { bodyBytes: 1_000 } })
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping', params: { a: '😀'.repeat(240) } })
    expect(body.length).toBeLessThan(1_000)
    expect((await ask(small.port, requestText('POST', '/mcp', head(), body))).status).toBe(413)
  })

  test('a body that is refused for another reason is not kept either', async () => {
    const before = process.memoryUsage().rss
    for (const more of [{ 'content-type': 'text/plain' }, { origin: 'http://evil.com' }, { accept: 'a/b' }]) {
      const wire = await Wire.open(running.port)
      wire.send(requestText('POST', '/mcp', head({ 'transfer-encoding': 'chunked', ...more })))
      const { status } = await wire.response()
      expect([403, 406, 415]).toContain(status)
      const chunk = `${(65_536).toString(16)}\r\n${'x'.repeat(65_536)}\r\n`
      for (let sent = 0; sent < 500 && !wire.closed; sent++) {
        if (!wire.socket.write(chunk))
          await Promise.race([new Promise((resolve) => wire.socket.once('drain', resolve)), sleep(50)])
      }
      wire.cut()
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(64e6)
    await alive()
  })
})

describe('case 59: CVE-2025-53366 and CVE-2025-53365: a client that breaks off', () => {
  const body = JSON.stringify({
    jsonrpc: '2.0',
    id: 7,
    method: 'tools/call',
    params: { name: 'slow', _meta: { progressToken: 1 } },
  })

  test.each(['ends its side', 'resets the connection'])(
    'at each byte of a request, when it %s',
    { timeout: 60_000 },
    async (how) => {
      const text = requestText('POST', '/mcp', head(), body)
      const before = running.counters().callsStarted
      for (let length = 1; length < text.length; length++) {
        const wire = await Wire.open(running.port)
        wire.send(text.slice(0, length))
        if (how === 'ends its side') {
          wire.finish()
          await wire.end()
          expect([length, wire.received === '' || wire.received.startsWith('HTTP/1.1 400')]).toEqual([length, true])
          wire.socket.destroy()
        } else {
          // Half of the resets overtake the bytes, half of them come after.
          if (length % 2 === 0) await sleep(0)
          wire.cut()
        }
      }
      await alive()
      // A part of a request is no request.
      expect(running.counters().callsStarted - before).toBe(1)
    },
  )

  test('at each byte of the response', { timeout: 60_000 }, async () => {
    const whole = await ask(running.port, requestText('POST', '/mcp', head(), body))
    expect(whole.body).toContain('"slow"')
    for (let length = 0; length < 700; length += 3) {
      const wire = await Wire.open(running.port)
      wire.send(requestText('POST', '/mcp', head(), body.replace('7', String(1_000 + length))))
      await wire.until('some bytes', () => (wire.received.length >= Math.min(length, 300) ? true : undefined))
      wire.cut()
      // The call itself goes on: to break off is not to cancel.
      await expect.poll(() => running.counters(), { interval: 2 }).toMatchObject({ openCalls: 0, openStreams: 0 })
    }
    await alive()
  })

  test('a request that arrives byte by byte is one request', async () => {
    const wire = await Wire.open(running.port)
    for (const byte of requestText('POST', '/mcp', head(), PING)) {
      wire.send(byte)
      await sleep(0)
    }
    expect((await wire.response()).status).toBe(200)
    wire.cut()
  })

  test('python-sdk #2328: raw bytes that are no UTF-8, in body, headers and path', async () => {
    const bytes = Buffer.from([0xff, 0xfe, 0x80, 0xc3, 0x28])
    const start = requestText('POST', '/mcp', head({ 'content-length': bytes.length }))
    expect((await ask(running.port, Buffer.concat([Buffer.from(start), bytes]))).status).toBe(400)
    const header = Buffer.from(requestText('POST', '/mcp', head({ 'last-event-id': '|', 'x-bytes': '|' }), PING))
    const odd = Buffer.from(header.toString('latin1').replaceAll('|', '\u00ff\u0080'), 'latin1')
    expect((await ask(running.port, odd)).status).toBe(200)
    const path = Buffer.from(requestText('POST', '/mc\u00ff', head(), PING), 'latin1')
    expect([400, 404]).toContain((await ask(running.port, path)).status)
    await alive()
  })
})

describe('what is not HTTP', () => {
  /** Our sides stay open, as those of a hostile client would. */
  const wires: Wire[] = []
  let idle: number
  beforeAll(() => {
    idle = sockets(running.port)
  })
  const hostile = async () => {
    const wire = await Wire.open(running.port)
    wires.push(wire)
    return wire
  }
  const chunked = (chunks: string) =>
    `${requestText('POST', '/mcp', head({ 'transfer-encoding': 'chunked' }))}${chunks}`
  const length = (value: string | string[]) => requestText('POST', '/mcp', head({ 'content-length': value })) + PING

  test.each([
    ['words', 'GARBAGE\r\n\r\n', 400],
    ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
    ['a version from the future', 'GET /mcp HTTP/9.9\r\nhost: localhost\r\n\r\n', 400],
    ['bare line feeds', 'POST /mcp HTTP/1.1\nhost: localhost\n\n', 400],
    ['a header with a space in its name', 'GET /mcp HTTP/1.1\r\nhost : localhost\r\n\r\n', 400],
    ['a header without a name', 'GET /mcp HTTP/1.1\r\n: x\r\nhost: localhost\r\n\r\n', 400],
    ['a folded header', 'GET /mcp HTTP/1.1\r\nhost: localhost\r\nx: a\r\n b\r\n\r\n', 400],
    ['a zero byte in a header', 'GET /mcp HTTP/1.1\r\nhost: localhost\r\nx: \0\r\n\r\n', 400],
    ['headers without end', `GET /mcp HTTP/1.1\r\nhost: localhost\r\nx: ${'y'.repeat(20_000)}`, 431],
    ['headers without number', `GET /mcp HTTP/1.1\r\nhost: localhost\r\n${'a: b\r\n'.repeat(10_000)}`, 431],
  ])('%s: refused', async (_, text, status) => {
    const wire = await hostile()
    wire.send(Buffer.from(text, 'latin1'))
    expect((await wire.response()).status).toBe(status)
    await wire.end()
  })

  test('a client that goes on sending what was refused is not cut off before it has read that', async () => {
    const wire = await hostile()
    wire.send(requestText('GET', '/mcp', { host: 'localhost', x: 'y'.repeat(20_000) }))
    expect((await wire.response()).status).toBe(431)
    // A connection that is gone answers the first of these with a reset, which the next one meets.
    for (let more = 0; more < 3; more++) {
      wire.send('x'.repeat(100_000))
      await sleep(50)
    }
    expect([wire.error, wire.closed]).toEqual([undefined, false])
    await wire.end()
  })

  // Smuggling: what two readers of the same bytes could take for different requests.
  test.each([
    [
      'a length and chunks',
      () => `${requestText('POST', '/mcp', head({ 'content-length': 5, 'transfer-encoding': 'chunked' }))}0\r\n\r\n`,
    ],
    ['two lengths', () => length(['5', '40'])],
    ['two equal lengths', () => length(['40', '40'])],
    ['a list of lengths', () => length('40, 40')],
    ['a negative length', () => length('-1')],
    ['a signed length', () => length('+40')],
    ['a hexadecimal length', () => length('0x28')],
    ['a length beyond numbers', () => length('99999999999999999999999')],
    ['an unknown encoding', () => requestText('POST', '/mcp', head({ 'transfer-encoding': 'cow' })) + PING],
    [
      'chunks that are not last',
      () => requestText('POST', '/mcp', head({ 'transfer-encoding': 'chunked, gzip' })) + PING,
    ],
    ['a chunk of no size', () => chunked('\r\n\r\n')],
    ['a chunk of a size beyond numbers', () => chunked('fffffffffffffffff\r\nx')],
    ['a chunk of a negative size', () => chunked('-1\r\nx\r\n')],
    ['a chunk without its end', () => chunked(`28\r\n${PING}0\r\n\r\n`)],
  ])('%s: refused, and runs nothing', async (_, text) => {
    const before = running.counters().callsStarted
    const wire = await hostile()
    wire.send(text())
    const { status } = await wire.response()
    expect([status, running.counters().callsStarted]).toEqual([400, before])
    await wire.end()
  })

  test('chunk extensions are bounded', async () => {
    const wire = await hostile()
    wire.send(chunked(`1;${'x'.repeat(20_000)}\r\n`))
    expect((await wire.response()).status).toBe(413)
  })

  test('garbage behind a request whose answer has begun ends the connection, and adds nothing to the answer', async () => {
    const wire = await hostile()
    const call = {
      jsonrpc: '2.0',
      id: 'g',
      method: 'tools/call',
      params: { name: 'slow', _meta: { progressToken: 1 } },
    }
    wire.send(requestText('POST', '/mcp', head(), JSON.stringify(call)))
    await wire.until('progress', () => wire.received.includes('notifications/progress') || undefined)
    wire.send('GARBAGE\r\n\r\n')
    await wire.end()
    expect(wire.received.match(/HTTP\/1\.1/g)).toHaveLength(1)
    await alive()
  })

  test('requests sent without waiting are each answered, in their order', async () => {
    const wire = await hostile()
    const texts = [1, 2, 3, 4].map((id) => requestText('POST', '/mcp', head(), PING.replace('1', String(id))))
    wire.send(texts.join(''))
    for (const id of [1, 2, 3, 4]) expect((await wire.response()).body).toContain(`"id":${id},"result":{}`)
    wire.cut()
  })

  onOneProcess('the sockets of a balancer in this process would be counted too', () => {
    test('the server has let go of all these connections, although no client hung up', async () => {
      expect(wires.length).toBeGreaterThan(20)
      await expect.poll(() => sockets(running.port), { timeout: 3_000 }).toBeLessThanOrEqual(idle)
      for (const wire of wires) wire.cut()
    })
  })
})

/** Server sides of connections in this process that were not closed. */
function sockets(port: number): number {
  const handles = (
    process as unknown as { _getActiveHandles(): { localPort?: number; destroyed?: boolean }[] }
  )._getActiveHandles()
  return handles.filter((handle) => handle.localPort === port && handle.destroyed === false).length
}
