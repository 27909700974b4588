/** A process that is killed and comes back: what survives it with a secret, and what is said of the rest. */
import { describe, expect, test } from 'vitest'
import { open } from '../requirements/session.ts'
import { startProcess } from './processes/start.ts'

const SECRET = 'a secret of a test, which is long enough'

test('with the same secret sessions go on, with everything that their ids carry', async () => {
  const first = await startProcess({ SECRET })
  const session = await open(first.url, { revision: '2025-06-18', clientInfo: { name: 'ada', version: '7' } })
  await session.request('logging/setLevel', { level: 'error' })
  first.signal('SIGKILL')
  expect(await first.exit).toBe('SIGKILL')
  const second = await startProcess({ SECRET, PORT: String(first.port) })
  expect((await session.request('ping')).result).toEqual({})
  expect(await session.text('work', { ms: 20 })).toBe('worked')
  expect((await session.post([])).status).toBe(400)
  const listening = await session.listen()
  expect((await session.delete()).status).toBe(204)
  await listening.end()
  expect((await session.post({ jsonrpc: '2.0', id: 1, method: 'ping' })).status).toBe(404)
  second.signal('SIGTERM')
  expect(await second.exit).toBe(0)
})

describe('streams of the process that is gone', () => {
  test.each(['2025-03-26', '2025-06-18', '2025-11-25'] as const)(
    '%s: resumed with the explicit error, once',
    async (revision) => {
      const first = await startProcess({ SECRET })
      const session = await open(first.url, { revision })
      const { stream, id } = await session.startCall('endless', {}, { progressToken: 1 })
      await stream.method('notifications/progress')
      const listening = await session.listen()
      await listening.until('its first line', () => listening.items[0])
      first.signal('SIGKILL')
      await Promise.all([first.exit, stream.end(), listening.end()])
      await startProcess({ SECRET, PORT: String(first.port) })
      const resumed = await session.listen(stream.ids.at(-1))
      await resumed.end()
      expect(resumed.messages).toEqual([
        { jsonrpc: '2.0', id, error: expect.objectContaining({ code: -32603, data: { reason: 'replica_lost' } }) },
      ])
      // A client that comes back after this end must hear that there is no more.
      expect((await session.get(resumed.ids.at(-1))).status).toBe(405)
      // And one that missed the error hears it again.
      const again = await session.listen(stream.ids.at(-1))
      await again.end()
      expect(again.messages).toEqual(resumed.messages)
      // The id of the request is free: its call is gone.
      const reply = await session.post({ jsonrpc: '2.0', id, method: 'ping' })
      expect(reply.status).toBe(200)
    },
  )

  test('the session stream goes on, and says what may have changed meanwhile', async () => {
    const first = await startProcess({ SECRET })
    const session = await open(first.url)
    const listening = await session.listen()
    await listening.until('the priming event', () => listening.ids[0])
    first.signal('SIGKILL')
    await Promise.all([first.exit, listening.end()])
    await startProcess({ SECRET, PORT: String(first.port) })
    const resumed = await session.listen(listening.ids.at(-1))
    await resumed.method('notifications/tools/list_changed')
    await resumed.method('notifications/resources/list_changed')
    resumed.cut()
  })
})

test('without a secret sessions end with the process: 404, at once', async () => {
  const first = await startProcess()
  const session = await open(first.url)
  first.signal('SIGKILL')
  await first.exit
  await startProcess({ PORT: String(first.port) })
  const started = Date.now()
  expect((await session.post({ jsonrpc: '2.0', id: 1, method: 'ping' })).status).toBe(404)
  expect(Date.now() - started).toBeLessThan(1_000)
})
