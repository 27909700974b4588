import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startEverything } from '../everything/start.mjs'
import { install } from '../install.mjs'
import { willing } from './support.ts'

await install(new URL('./', import.meta.url))
const { RELEASES } = await import('./releases.ts')

/** Enough that many calls of many clients are under way at the same moment. */
const CLIENTS = 500
const CALLS_EACH = 2

let server: Awaited<ReturnType<typeof startEverything>>
beforeAll(async () => {
  server = await startEverything('node')
})
afterAll(async () => {
  await server.close()
})

// Clients of one server share its ids 0, 1, 2, …: a server that keeps what is under way by id alone mixes them up.
test('CVE-2026-25536: of 500 clients with the same request ids, none gets a byte of another', {
  timeout: 120_000,
}, async () => {
  const release = RELEASES.find(({ name }) => name === '1.32.2')!
  const secrets = Array.from({ length: CLIENTS }, () => randomUUID())
  const foreign: string[] = []
  let bytes = 0

  const members = await Promise.all(
    secrets.map(async (secret) => {
      const inspect = (text: string) => {
        bytes += text.length
        for (const [found] of text.matchAll(UUID_IN_PAYLOAD)) if (found !== `payload-${secret}`) foreign.push(found)
      }
      const connection = await release.connect(server.url, willing(), { name: secret, fetch: inspected(inspect) })
      return { connection, secret }
    }),
  )
  const outcomes = await Promise.all(
    members.flatMap(({ connection, secret }) =>
      Array.from({ length: CALLS_EACH }, async () => {
        const payload = `payload-${secret}`
        const progress: string[] = []
        const options = { onprogress: ({ message }: { message?: string }) => progress.push(message!) }
        const reply = JSON.parse(await connection.text('test_echo_everywhere', { payload }, options))
        return { secret, reply, progress }
      }),
    ),
  )
  for (const { secret, reply, progress } of outcomes) {
    const payload = `payload-${secret}`
    expect(reply).toEqual({ payload, sampled: `echo of ${payload}`, client: secret })
    expect(progress).toEqual([payload, payload])
  }
  expect(outcomes).toHaveLength(CLIENTS * CALLS_EACH)
  expect(foreign).toEqual([])
  // Every client saw its payload in two progress notifications, one question and one result per call.
  expect(bytes).toBeGreaterThan(CLIENTS * CALLS_EACH * 4 * 44)
  await Promise.all(members.map(({ connection }) => connection.client.close()))
})

const UUID_IN_PAYLOAD = /payload-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g

/** A `fetch` that shows every byte of every response to `inspect` on its way, however it is cut into chunks. */
function inspected(inspect: (text: string) => void): typeof fetch {
  return async (input, init) => {
    const response = await fetch(input, init)
    if (response.body === null) return response
    const decoder = new TextDecoder()
    let pending = ''
    const look = new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        pending += decoder.decode(chunk, { stream: true })
        const end = pending.lastIndexOf('\n')
        inspect(pending.slice(0, end + 1))
        pending = pending.slice(end + 1)
        controller.enqueue(chunk)
      },
      flush: () => inspect(pending),
    })
    return new Response(response.body.pipeThrough(look), response)
  }
}
