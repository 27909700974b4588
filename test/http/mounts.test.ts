/** Several servers, paths and endpoints in one process keep to themselves. */
import { describe, expect, test } from 'vitest'
import { exchange } from '../requirements/http.ts'
import { initializeMessage, open, post } from '../requirements/session.ts'
import { createServer, served } from '../security/support/serving.ts'
import { ask, requestText } from '../security/support/wire.ts'

function named(name: string) {
  const server = createServer({ name, version: '1.0.0' })
  server.tool('name', {}, () => name)
  server.resource('one', 'test://one', {}, () => name)
  return server
}

describe('paths', () => {
  test.each([
    [
      '/mcp',
      ['/mcp', '/mcp/', '/mcp?a=b', '/mcp/?a=b'],
      ['/', '/mcp/x', '/mcpx', '/MCP', '//mcp', '/mcp//', '/m%63p', '/./mcp', '/x/../mcp', '/mcp%2f', '/mcp;a'],
    ],
    ['/a/b', ['/a/b', '/a/b/'], ['/a', '/a/', '/b', '/mcp', '/a/b/c']],
    ['/a/b/', ['/a/b', '/a/b/'], ['/a']],
    ['/', ['/', '/?x'], ['/mcp', '//']],
  ])('%s', async (path, good, bad) => {
    const running = await served(named('paths'), { path })
    const send = async (target: string) => {
      const body = JSON.stringify(initializeMessage())
      const headers = { host: 'localhost', 'content-type': 'application/json', accept: '*/*' }
      return (await ask(running.port, requestText('POST', target, headers, body))).status
    }
    for (const target of good) expect([target, await send(target)]).toEqual([target, 200])
    for (const target of bad) expect([target, await send(target)]).toEqual([target, 404])
  })

  test('the 404 beside it says where the endpoint is', async () => {
    const { url } = await served(named('paths'), { path: '/here' })
    const reply = await exchange(new URL('/there', url).href, { method: 'POST' })
    expect([reply.status, (await reply.json()).error?.message]).toEqual([404, expect.stringContaining('/here')])
  })

  test('a path that is none is refused', async () => {
    for (const path of ['mcp', '', 'http://x/mcp', '/m cp', '/\n']) {
      await expect(served(named('paths'), { path })).rejects.toThrow(TypeError)
    }
  })
})

test('two servers know nothing of each other', async () => {
  const [one, two] = [await served(named('one')), await served(named('two'), { path: '/other' })]
  const [first, second] = [await open(one.url), await open(two.url)]
  expect([await first.text('name'), await second.text('name')]).toEqual(['one', 'two'])
  const ping = { jsonrpc: '2.0', id: 1, method: 'ping' }
  expect((await post(two.url, ping, first.headers)).status).toBe(404)
  expect((await post(one.url, ping, second.headers)).status).toBe(404)
  expect([one.counters().sessionsOpened, two.counters().sessionsOpened]).toEqual([1, 1])
  await one.close({ deadline: 0 })
  expect(await second.text('name')).toBe('two')
  await expect(exchange(one.url, { method: 'GET' })).rejects.toThrow('ECONNREFUSED')
})

test('one server on two endpoints: what it announces reaches the sessions of both', async () => {
  const server = named('both')
  const endpoints = [await served(server), await served(server)]
  const sessions = await Promise.all(endpoints.map(({ url }) => open(url)))
  const streams: Awaited<ReturnType<(typeof sessions)[number]['listen']>>[] = []
  for (const session of sessions) {
    await session.request('resources/subscribe', { uri: 'test://one' })
    const stream = await session.listen()
    await stream.until('the priming event', () => stream.ids[0])
    streams.push(stream)
  }
  server.resourceUpdated('test://one')
  server.tool('late', {}, () => 'late')
  for (const stream of streams) {
    await stream.method('notifications/resources/updated')
    await stream.method('notifications/tools/list_changed')
  }
  // The session of one is still none of the other.
  expect((await post(endpoints[1]!.url, { jsonrpc: '2.0', id: 1, method: 'ping' }, sessions[0]!.headers)).status).toBe(
    404,
  )
  await endpoints[0]!.close({ deadline: 0 })
  await streams[0]!.end()
  server.resourceUpdated('test://one')
  await streams[1]!.until(
    'a second update',
    () => streams[1]!.messages.filter(({ method }) => method?.endsWith('updated'))[1],
  )
  expect(await sessions[1]!.text('late')).toBe('late')
  streams[1]!.cut()
})

test('a port in use is said in a sentence, and leaves nothing running', async () => {
  const { port } = await served(named('first'))
  await expect(served(named('second'), { port })).rejects.toThrow(`Port ${port} on 127.0.0.1 is in use`)
})

test('closing twice, or with calls that never end, resolves', async () => {
  const server = named('closing')
  server.tool('endless', {}, () => new Promise(() => {}))
  const running = await served(server)
  const session = await open(running.url)
  const { stream, id } = await session.startCall('endless')
  const [first, second] = [running.close({ deadline: 100 }), running.close({ deadline: 60_000 })]
  expect((await stream.response(id)).error?.code).toBe(-32603)
  await Promise.all([first, second])
  await running.close()
  expect(running.counters()).toMatchObject({ openCalls: 0, openStreams: 0 })
})
